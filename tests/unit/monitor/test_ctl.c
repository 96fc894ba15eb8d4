/* SPDX-License-Identifier: Apache-2.0 */
/* Commands from the guest: answers, lines in pieces, a guest that does not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "manage/ctl.h"
#include "virtio/console.h"

static struct ctl ctl;
static struct port_backend backend;

/* `say WORDS` is a command, `flood` one with a long answer. */
static bool run(void *context, const struct sink *out, char *text)
{
	assert_ptr_equal(context, &ctl);
	for (uint32_t i = 0; !strcmp(text, "flood") && i < CTL_ANSWER_BYTES / 10; i++)
		sink_print(out, "%010u!", (unsigned)i);
	if (!strncmp(text, "say ", 4))
		sink_print(out, "%s\n", text + 4);
	return !strncmp(text, "say ", 4) || !strcmp(text, "flood");
}

/*
 * A real port of a real console, whose guest has as much room as make_room() gave it: with none, it is a
 * guest that does not read.
 */
static struct virtio_console console;
static struct console_port *port;

#define RING 64u

static struct {
	uint8_t descriptors[16 * RING];
	uint8_t available[6 + 2 * RING];
	uint8_t used[6 + 8 * RING] __attribute__((aligned(4)));
	char text[16384];
} guest __attribute__((aligned(16)));

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	return gpa <= sizeof(guest) && count <= sizeof(guest) - gpa ? (uint8_t *)&guest + gpa : NULL;
}

static void msi(void *context, uint64_t address, uint32_t data)
{
}

static void set(uint32_t offset, uint32_t size, uint64_t value)
{
	virtio_common_write(&console.function.virtio, offset, size, value);
}

static int setup(void **state)
{
	const struct virtio_host host = { .memory = { at, NULL }, .msi = msi };
	const struct port_backend *const backends[CONSOLE_PORTS] = { &backend };

	ctl = (struct ctl){ .run = run, .context = &ctl };
	backend = ctl_backend(&ctl);
	memset(&guest, 0, sizeof(guest));
	virtio_console_init(&console, &host, backends);
	port = &console.ports[0];
	set(20, 1, 3);
	set(8, 4, 1);
	set(12, 4, 1); /* no ports: the one there is is open */
	set(20, 1, 11);
	set(24, 2, RING);
	set(40, 8, offsetof(typeof(guest), available));
	set(48, 8, offsetof(typeof(guest), used));
	set(28, 2, 1);
	set(20, 1, 15);
	return 0;
}

/* Room for one more answer of `bytes`, behind those before. */
static void make_room(uint32_t bytes)
{
	static uint32_t place;
	uint16_t index;

	memcpy(&index, guest.available + 2, 2);
	place = index ? place : 0;
	uint64_t gpa = offsetof(typeof(guest), text) + place;
	uint32_t rest[2] = { bytes, 2 };
	memcpy(guest.descriptors + 16 * index, &gpa, 8);
	memcpy(guest.descriptors + 16 * index + 8, rest, 8);
	memcpy(guest.available + 4 + 2 * index, &index, 2);
	index++;
	memcpy(guest.available + 2, &index, 2);
	place += bytes;
}

static uint32_t type(const char *text)
{
	return backend.receive(backend.context, port, (const uint8_t *)text, (uint32_t)strlen(text));
}

static void says(const char *typed, const char *answer)
{
	setup(NULL);
	make_room(2048);
	assert_int_equal(type(typed), strlen(typed));
	assert_string_equal(guest.text, answer);
}

static void commands_are_answered(void **state)
{
	says("say hello box\n", "hello box\nok\n");
	says("say a\r\n", "a\nok\n");
	says("do a\n", "error\n");
	says("\n", "error\n");
}

static void a_long_answer_still_has_its_end(void **state)
{
	make_room(10000);
	assert_int_equal(type("flood\n"), 6);
	assert_int_equal(strlen(guest.text), CTL_ANSWER_BYTES);
	assert_string_equal(guest.text + CTL_ANSWER_BYTES - 3, "ok\n");
}

static void a_line_may_come_in_pieces(void **state)
{
	make_room(2048);
	assert_int_equal(type("sa"), 2);
	assert_int_equal(type("y a"), 3);
	assert_string_equal(guest.text, "");
	type("b\n");
	assert_string_equal(guest.text, "ab\nok\n");
}

static void a_long_line_is_refused_whole(void **state)
{
	char line[LINE_MAX_BYTES + 2] = "say ";

	memset(line + 4, 'x', LINE_MAX_BYTES - 4);
	line[LINE_MAX_BYTES] = '\n';
	says(line, "the line is too long\nerror\n");
	line[LINE_MAX_BYTES - 1] = '\n';
	line[LINE_MAX_BYTES] = 0;
	setup(NULL);
	make_room(2048);
	type(line);
	assert_int_equal(strlen(guest.text), LINE_MAX_BYTES - 1 - 4 + 4);
}

static void an_answer_that_is_not_read_holds_up_the_next(void **state)
{
	assert_int_equal(type("say one\nsay two\n"), 8);
	assert_int_equal(type("say two\n"), 0);
	make_room(3);
	backend.writable(backend.context, port);
	assert_string_equal(guest.text, "one");
	assert_int_equal(type("say two\n"), 0);
	make_room(4);
	make_room(100);
	assert_int_equal(type("say two\n"), 8);
	assert_memory_equal(guest.text + 3, "\nok\n", 4);
	assert_string_equal(guest.text + 7, "two\nok\n");
}

static void opening_starts_afresh(void **state)
{
	type("say one\n");
	type("say t");
	backend.opened(backend.context, port, true);
	make_room(100);
	assert_int_equal(type("say two\n"), 8);
	assert_string_equal(guest.text, "two\nok\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(commands_are_answered, setup),
		cmocka_unit_test_setup(a_long_answer_still_has_its_end, setup),
		cmocka_unit_test_setup(a_line_may_come_in_pieces, setup),
		cmocka_unit_test_setup(a_long_line_is_refused_whole, setup),
		cmocka_unit_test_setup(an_answer_that_is_not_read_holds_up_the_next, setup),
		cmocka_unit_test_setup(opening_starts_afresh, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
