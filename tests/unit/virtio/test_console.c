/* SPDX-License-Identifier: Apache-2.0 */
/* The console device: how ports are told, streams both ways with flow control, drivers that break rules. */
#include "driver.h"
#include "virtio/console.h"

#define MULTIPORT 2u
#define CONTROL_IN 2u
#define CONTROL_OUT 3u
#define IN(port) ((port) ? 2 * (port) + 2 : 0)
#define OUT(port) (IN(port) + 1)

static struct virtio_console console;

static struct {
	char text[4096];
	uint32_t used, room;
	uint32_t opened, closed, writable, work;
	struct console_port *port;
} side;

static uint32_t receive(void *context, struct console_port *port, const uint8_t *bytes, uint32_t count)
{
	uint32_t part = count < side.room ? count : side.room;

	assert_ptr_equal(context, &side);
	side.port = port;
	memcpy(side.text + side.used, bytes, part);
	side.used += part;
	side.room -= part;
	return part;
}

static void opened(void *context, struct console_port *port, bool is_open)
{
	side.port = port;
	side.opened += is_open;
	side.closed += !is_open;
}

static void writable(void *context, struct console_port *port)
{
	side.writable++;
}

static bool work(void *context, struct console_port *port)
{
	return ++side.work < 3;
}

static const struct port_backend terminal = { .name = "tty", .is_console = true };
static const struct port_backend stream = {
	.name = "org.nestbox.test", .receive = receive, .opened = opened, .writable = writable,
	.work = work, .context = &side,
};

static int setup(void **state)
{
	const struct port_backend *const backends[CONSOLE_PORTS] = { &terminal, NULL, &stream };
	struct virtio_host host = driver_start();

	memset(&side, 0, sizeof(side));
	side.room = sizeof(side.text);
	virtio_console_init(&console, &host, backends);
	driver_bring_up(&console.function.virtio, 0);
	return 0;
}

/* Gives the device a buffer of 64 bytes at a place of its own. */
static void give_buffer(uint32_t queue, uint16_t index)
{
	driver_descriptor(driver_ring(queue), index, DATA_GPA + 0x1000 * queue + 64 * index,
			  DESCRIPTOR(64, WRITE, 0));
	driver_offer(queue, index);
}

static const uint8_t *answer(uint32_t queue, uint32_t *count)
{
	uint32_t head;

	if (!driver_used(queue, &head, count))
		return NULL;
	return driver.ram + DATA_GPA + 0x1000 * queue + 64 * head;
}

static void write_text(uint32_t queue, const char *text, uint32_t count)
{
	uint64_t gpa = DATA_GPA + 0x1000 * queue;

	memcpy(driver.ram + gpa, text, count);
	driver_descriptor(driver_ring(queue), 0, gpa, DESCRIPTOR(count, READ, 0));
	driver_offer(queue, 0);
	driver_kick(queue);
}

static void control(uint32_t id, uint16_t event, uint16_t value)
{
	uint8_t message[8];

	bytes_put32(message, id);
	bytes_put16(message + 4, event);
	bytes_put16(message + 6, value);
	write_text(CONTROL_OUT, (const char *)message, sizeof(message));
}

static void expect(uint32_t id, uint16_t event)
{
	uint32_t count;
	const uint8_t *message = answer(CONTROL_IN, &count);

	assert_non_null(message);
	assert_true(count >= 8);
	assert_int_equal(bytes_get32(message), id);
	assert_int_equal(bytes_get16(message + 4), event);
	assert_int_equal(bytes_get16(message + 6), 1);
	if (event != 7) {
		assert_int_equal(count, 8);
		return;
	}
	assert_int_equal(count, 8 + strlen(console.ports[id].backend->name));
	assert_memory_equal(message + 8, console.ports[id].backend->name, count - 8);
}

static void open_stream(void)
{
	control(2, 6, 1);
	assert_int_equal(side.opened, 1);
	assert_ptr_equal(side.port, &console.ports[2]);
}

static void ports_are_told(void **state)
{
	uint32_t count;

	assert_int_equal(virtio_config_read(&console.function.virtio, 4, 4), CONSOLE_PORTS);
	for (uint16_t i = 0; i < 8; i++)
		give_buffer(CONTROL_IN, i);
	driver_kick(CONTROL_IN);
	assert_null(answer(CONTROL_IN, &count));
	control(0xFFFFFFFF, 0, 1);
	expect(0, 1);
	expect(2, 1);
	control(0, 3, 1);
	expect(0, 4);
	expect(0, 7);
	control(2, 3, 1);
	expect(2, 7);
	expect(2, 6);
	assert_null(answer(CONTROL_IN, &count));
}

static void what_is_owed_waits_for_buffers(void **state)
{
	uint32_t count;

	control(0, 0, 1);
	control(2, 3, 1);
	give_buffer(CONTROL_IN, 0);
	driver_kick(CONTROL_IN);
	expect(0, 1);
	assert_null(answer(CONTROL_IN, &count));
	for (uint16_t i = 1; i < 5; i++)
		give_buffer(CONTROL_IN, i);
	driver_kick(CONTROL_IN);
	expect(2, 1);
	expect(2, 7);
	expect(2, 6);
	assert_null(answer(CONTROL_IN, &count));
}

static void the_guest_writes(void **state)
{
	uint32_t count;

	open_stream();
	write_text(OUT(2), "hello ", 6);
	write_text(OUT(2), "box", 3);
	assert_memory_equal(side.text, "hello box", 10);
	assert_non_null(answer(OUT(2), &count));
	assert_int_equal(count, 0);
	write_text(OUT(0), "lost on a terminal without a backend", 20);
	assert_non_null(answer(OUT(0), &count));
	write_text(OUT(1), "no such port", 12);
	assert_null(answer(OUT(1), &count));
}

static void a_backend_may_stop_the_stream(void **state)
{
	uint32_t count;

	open_stream();
	side.room = 2;
	write_text(OUT(2), "abcdef", 6);
	assert_null(answer(OUT(2), &count));
	assert_true(virtio_console_wants_time(&console));
	virtio_console_run(&console);
	assert_int_equal(side.used, 2);
	side.room = 3;
	virtio_console_run(&console);
	assert_memory_equal(side.text, "abcde", 6);
	side.room = 100;
	virtio_console_run(&console);
	assert_memory_equal(side.text, "abcdef", 7);
	assert_non_null(answer(OUT(2), &count));
	assert_false(virtio_console_wants_time(&console));
}

static void a_terminal_gets_a_little_at_a_time(void **state)
{
	static const struct port_backend slow = {
		.name = "slow", .burst = 5, .receive = receive, .context = &side,
	};
	uint32_t count;

	console.ports[0].backend = &slow;
	write_text(OUT(0), "abcdefghijkl", 12);
	assert_int_equal(side.used, 5);
	virtio_console_run(&console);
	assert_int_equal(side.used, 10);
	assert_null(answer(OUT(0), &count));
	virtio_console_run(&console);
	assert_memory_equal(side.text, "abcdefghijkl", 13);
	assert_non_null(answer(OUT(0), &count));
	assert_false(virtio_console_wants_time(&console));
}

static void a_request_that_shrinks_meanwhile_ends(void **state)
{
	uint32_t count;

	open_stream();
	side.room = 4;
	write_text(OUT(2), "abcdef", 6);
	driver_descriptor(driver_ring(OUT(2)), 0, DATA_GPA, DESCRIPTOR(3, READ, 0));
	side.room = 100;
	virtio_console_run(&console);
	assert_int_equal(side.used, 4);
	assert_non_null(answer(OUT(2), &count));
	write_text(OUT(2), "xy", 2); /* from its start */
	assert_memory_equal(side.text, "abcdxy", 7);
}

static void the_box_writes(void **state)
{
	struct console_port *port = &console.ports[2];
	uint32_t count;
	char text[100];

	memset(text, 'x', sizeof(text));
	give_buffer(IN(2), 0);
	assert_int_equal(port_send(port, text, 3), 0); /* not open */
	open_stream();
	give_buffer(IN(2), 1);
	driver_kick(IN(2));
	assert_int_equal(side.writable, 1);
	assert_int_equal(port_send(port, text, 100), 100);
	assert_non_null(answer(IN(2), &count));
	assert_int_equal(count, 64);
	assert_non_null(answer(IN(2), &count));
	assert_int_equal(count, 36);
	assert_int_equal(port_send(port, text, 100), 0);
	give_buffer(IN(2), 0);
	assert_int_equal(port_send(port, text, 100), 64);
	control(2, 6, 0);
	assert_int_equal(side.closed, 1);
	give_buffer(IN(2), 0);
	assert_int_equal(port_send(port, text, 1), 0);
}

static void work_is_done_until_there_is_none(void **state)
{
	port_start_work(&console.ports[0]); /* has none to do */
	assert_false(virtio_console_wants_time(&console));
	port_start_work(&console.ports[2]);
	for (uint32_t i = 0; i < 5; i++)
		virtio_console_run(&console);
	assert_int_equal(side.work, 3);
}

static void without_ports_there_is_one(void **state)
{
	uint32_t count;

	driver_bring_up(&console.function.virtio, MULTIPORT);
	assert_true(port_is_open(&console.ports[0]));
	assert_false(port_is_open(&console.ports[2]));
	give_buffer(0, 0);
	assert_int_equal(port_send(&console.ports[0], "a", 1), 1);
	assert_non_null(answer(0, &count));
	assert_int_equal(count, 1);
}

static void odd_control_messages_do_nothing(void **state)
{
	control(1, 3, 1);
	control(CONSOLE_PORTS, 3, 1);
	control(0xFFFFFFFF, 6, 1);
	control(2, 3, 0);
	control(0, 0, 0);
	control(2, 99, 1);
	write_text(CONTROL_OUT, "1234567", 7);
	for (uint32_t i = 0; i < CONSOLE_PORTS; i++)
		assert_int_equal(console.ports[i].owed, 0);
	assert_int_equal(side.opened, 0);
	assert_true(virtio_is_running(&console.function.virtio));
}

static void a_request_of_gigabytes_breaks_the_rules(void **state)
{
	for (uint32_t i = 0; i < 4; i++)
		driver_descriptor(driver_ring(OUT(2)), i, 0, DESCRIPTOR(RAM_BYTES, i < 3 ? NEXT : 0, i + 1));
	driver_offer(OUT(2), 0);
	driver_kick(OUT(2));
	assert_int_equal(side.used, 0);
	assert_false(virtio_is_running(&console.function.virtio));
}

static void a_reset_closes(void **state)
{
	open_stream();
	side.room = 1;
	write_text(OUT(2), "abc", 3);
	virtio_common_write(&console.function.virtio, 20, 1, 0);
	assert_int_equal(side.closed, 1);
	assert_false(virtio_console_wants_time(&console));
	virtio_console_run(&console);
	assert_int_equal(side.used, 1);
	side.room = 100;
	driver_bring_up(&console.function.virtio, 0);
	write_text(OUT(2), "def", 3);
	assert_memory_equal(side.text, "adef", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ports_are_told, setup),
		cmocka_unit_test_setup(what_is_owed_waits_for_buffers, setup),
		cmocka_unit_test_setup(the_guest_writes, setup),
		cmocka_unit_test_setup(a_backend_may_stop_the_stream, setup),
		cmocka_unit_test_setup(a_terminal_gets_a_little_at_a_time, setup),
		cmocka_unit_test_setup(a_request_that_shrinks_meanwhile_ends, setup),
		cmocka_unit_test_setup(the_box_writes, setup),
		cmocka_unit_test_setup(work_is_done_until_there_is_none, setup),
		cmocka_unit_test_setup(without_ports_there_is_one, setup),
		cmocka_unit_test_setup(odd_control_messages_do_nothing, setup),
		cmocka_unit_test_setup(a_request_of_gigabytes_breaks_the_rules, setup),
		cmocka_unit_test_setup(a_reset_closes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
