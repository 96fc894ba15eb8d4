/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An update over the guest's port, from rings in the guest's RAM to the slot: the real console device, the real
 * protocol, a model disk.
 */
#include <stdlib.h>
#include <string.h>

#include "model_disk.h"
#include "manage/update_port.h"
#include "virtio/console.h"
#include "world.h"

#define RING 64u
#define IN 0u  /* the console without ports has one that is always open, on queues 0 and 1 */
#define OUT 1u
#define ROOM 64u

static struct {
	struct {
		uint8_t descriptors[16 * RING];
		uint8_t available[6 + 2 * RING];
		uint8_t used[6 + 8 * RING] __attribute__((aligned(4)));
	} __attribute__((aligned(16))) rings[2];
	char in[RING][ROOM];
	uint8_t out[65536];
} guest;

static struct model_disk disk;
static struct world world;
static struct test_image v1, v2;
static struct protocol protocol;
static struct update_port up;
static struct port_backend backend;
static struct virtio_console console;
static char said[65536];
static uint16_t seen;

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	return gpa <= sizeof(guest) && count <= sizeof(guest) - gpa ? (uint8_t *)&guest + gpa : NULL;
}

static uint64_t gpa_of(const void *place)
{
	return (uint64_t)((const uint8_t *)place - (const uint8_t *)&guest);
}

static void msi(void *context, uint64_t address, uint32_t data)
{
}

static void set(uint32_t offset, uint32_t size, uint64_t value)
{
	virtio_common_write(&console.function.virtio, offset, size, value);
}

static void offer(uint32_t queue, uint32_t index, const void *bytes, uint32_t count)
{
	uint8_t *available = guest.rings[queue].available;
	uint8_t *descriptor = guest.rings[queue].descriptors + 16 * index;
	uint16_t next = bytes_get16(available + 2);

	bytes_put64(descriptor, gpa_of(bytes));
	bytes_put32(descriptor + 8, count);
	bytes_put32(descriptor + 12, queue == IN ? 2 : 0);
	bytes_put16(available + 4 + 2 * (next % RING), (uint16_t)index);
	bytes_put16(available + 2, (uint16_t)(next + 1));
}

static void bring_up(void)
{
	const struct virtio_host host = { .memory = { at, NULL }, .msi = msi };
	const struct port_backend *const backends[CONSOLE_PORTS] = { &backend };

	memset(&guest, 0, sizeof(guest));
	virtio_console_init(&console, &host, backends);
	set(20, 1, 3);
	set(8, 4, 1);
	set(12, 4, 1);
	set(20, 1, 11);
	for (uint32_t queue = IN; queue <= OUT; queue++) {
		set(22, 2, queue);
		set(24, 2, RING);
		set(32, 8, gpa_of(guest.rings[queue].descriptors));
		set(40, 8, gpa_of(guest.rings[queue].available));
		set(48, 8, gpa_of(guest.rings[queue].used));
		set(28, 2, 1);
	}
	set(20, 1, 15);
	seen = 0;
	said[0] = 0;
}

/* Reads what the box has said, and makes room for as much again. */
static void listen(void)
{
	const uint8_t *used = guest.rings[IN].used;

	for (; seen != bytes_get16(used + 2); seen++) {
		const uint8_t *entry = used + 4 + 8 * (seen % RING);
		uint32_t index = bytes_get32(entry), count = bytes_get32(entry + 4);

		assert_true(strlen(said) + count < sizeof(said));
		strncat(said, guest.in[index], count);
		offer(IN, index, guest.in[index], ROOM);
	}
	virtio_notify(&console.function.virtio, IN);
}

static void make_room(void)
{
	for (uint32_t i = 0; i < RING; i++)
		offer(IN, i, guest.in[i], ROOM);
}

static void write_port(const void *bytes, size_t count, bool listens)
{
	const uint8_t *from = bytes;

	while (count) {
		uint32_t part = count < sizeof(guest.out) ? (uint32_t)count : (uint32_t)sizeof(guest.out);

		memcpy(guest.out, from, part);
		offer(OUT, 0, guest.out, part);
		virtio_notify(&console.function.virtio, OUT);
		for (uint32_t ticks = 0; virtio_console_wants_time(&console); ticks++) {
			assert_true(ticks < 10000);
			if (listens)
				listen();
			virtio_console_run(&console);
		}
		from += part;
		count -= part;
	}
	if (listens)
		listen();
}

static void put(struct frame frame, const void *body, bool listens)
{
	uint8_t head[FRAME_HEAD_BYTES];

	frame_write(&frame, head);
	write_port(head, sizeof(head), listens);
	write_port(body, frame.body_bytes, listens);
}

static void put_word(enum frame_type type, bool listens)
{
	put((struct frame){ .type = type, .number = type == FRAME_START ? FRAME_VERSION : 0 }, NULL, listens);
}

static void put_start(const struct test_image *image, bool listens)
{
	uint32_t tree = (uint32_t)(image->manifest.tree_bytes / FRAME_BLOCK_BYTES);

	put_word(FRAME_START, listens);
	put((struct frame){ .type = FRAME_MANIFEST, .body_bytes = MANIFEST_BYTES_TOTAL }, image->bytes, listens);
	put((struct frame){ .type = FRAME_TREE, .blocks = tree, .body_bytes = tree * FRAME_BLOCK_BYTES },
	    image->bytes + image->manifest.tree_offset, listens);
}

static void put_bundle(const struct test_image *image, bool listens)
{
	put_start(image, listens);
	for (uint64_t i = 0; i < image->manifest.leaf_count; i++) {
		uint8_t block[FRAME_BLOCK_BYTES];

		put((struct frame){ .type = FRAME_LEAVES, .blocks = 1, .number = i, .body_bytes = FRAME_BLOCK_BYTES },
		    test_image_leaf(image, i, block), listens);
	}
	put_word(FRAME_FINISH, listens);
}

static int setup(void **state)
{
	static const struct image_spec specs[] = {
		{ 1, 1, 20, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } },
		{ 2, 2, 40, { 11, 2, 33, 4, 55, 6, 77, 8, 39, 10, 31, 1, 32, 1, 33, 1, 34, 1, 35, 1, 36, 1, 37, 1, 38 } },
	};

	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world_image(&world, &specs[1], &v2);
	world_flash(&world, &v1);
	assert_true(world_boot(&world));
	protocol = (struct protocol){ .install = &world.install, .box = &world.box };
	up.protocol = &protocol;
	backend = update_port_backend(&up);
	bring_up();
	backend.opened(backend.context, &console.ports[0], true);
	return 0;
}

static int teardown(void **state)
{
	world_image_free(&v1);
	world_image_free(&v2);
	disk_close(&disk);
	return 0;
}

static void assert_runs(uint16_t version)
{
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.verdict.version >> 48, version);
}

static void a_client_that_listens_is_told(void **state)
{
	make_room();
	put_bundle(&v2, true);
	assert_ptr_equal(strstr(said, "ready 1\n"), said);
	assert_non_null(strstr(said, "manifest 2."));
	assert_non_null(strstr(said, "progress 100 "));
	assert_non_null(strstr(said, "\ndone b\n"));
	assert_runs(2);
}

/* As `cat bundle > port` does. */
static void a_client_that_only_writes_gets_there(void **state)
{
	put_bundle(&v2, false);
	assert_runs(2);
	assert_true(up.used <= sizeof(up.lines));
}

static uint32_t count_of(const char *word)
{
	uint32_t count = 0;

	for (const char *place = strstr(said, word); place; place = strstr(place + 1, word))
		count++;
	return count;
}

/* However slowly it reads: no line of the answer to its question is lost, nor cut. */
static void who_asks_is_answered_whole(void **state)
{
	uint32_t all;

	make_room();
	put_start(&v2, true);
	put_word(FRAME_QUERY, true);
	assert_non_null(strstr(said, "\nqueried "));
	all = count_of("\nmissing ");
	assert_true(all > 3);
	teardown(NULL);
	setup(NULL);
	put_start(&v2, false);
	up.used = (uint32_t)sizeof(up.lines) - 16; /* older lines, not read */
	memset(up.lines, '\n', up.used);
	offer(OUT, 0, guest.out, FRAME_HEAD_BYTES);
	frame_write(&(struct frame){ .type = FRAME_QUERY }, guest.out);
	virtio_notify(&console.function.virtio, OUT);
	for (uint32_t i = 0; i < 100; i++)
		virtio_console_run(&console);
	assert_true(virtio_console_wants_time(&console));
	make_room();
	for (uint32_t i = 0; i < 1000; i++) {
		listen();
		virtio_console_run(&console);
	}
	listen();
	assert_int_equal(count_of("\nmissing "), all);
	assert_non_null(strstr(said, "\nqueried "));
	assert_false(virtio_console_wants_time(&console));
}

static void closing_forgets_what_was_not_read(void **state)
{
	assert_true(up.used);
	backend.opened(backend.context, &console.ports[0], false);
	assert_int_equal(up.used, 0);
	make_room();
	put_word(FRAME_STATUS, true);
	assert_null(strstr(said, "ready"));
	backend.opened(backend.context, &console.ports[0], true);
	listen();
	assert_non_null(strstr(said, "ready 1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_client_that_listens_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_only_writes_gets_there, setup, teardown),
		cmocka_unit_test_setup_teardown(who_asks_is_answered_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_forgets_what_was_not_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
