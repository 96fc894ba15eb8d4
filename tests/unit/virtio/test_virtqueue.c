/* SPDX-License-Identifier: Apache-2.0 */
/* Split rings: what a chain may be, and every way in which a hostile driver makes one that is none. */
#include "driver.h"

static struct virtqueue queue;
static struct virtqueue_chain chain;

#define RING 0x1000u /* descriptors; available at + 400h, used at + 800h */
#define TABLE 0x3000u

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	return gpa <= RAM_BYTES && count <= RAM_BYTES - gpa ? driver.ram + gpa : NULL;
}

static int setup(void **state)
{
	driver_start();
	queue = (struct virtqueue){ .memory = { at, NULL }, .max_size = VIRTQUEUE_MAX_SIZE };
	virtqueue_reset(&queue);
	queue.size = RING_SIZE;
	queue.may_be_indirect = true;
	queue.descriptor_gpa = RING;
	queue.driver_gpa = RING + 0x400;
	queue.device_gpa = RING + 0x800;
	virtqueue_enable(&queue);
	assert_false(queue.is_broken);
	return 0;
}

static void put(uint32_t index, uint64_t gpa, uint64_t rest)
{
	driver_descriptor(RING, index, gpa, rest);
}

/* Makes `head` the next available chain and takes it. */
static enum virtqueue_result take(uint16_t head)
{
	uint8_t *ring = driver.ram + RING + 0x400;
	uint16_t index = bytes_get16(ring + 2);

	bytes_put16(ring + 4 + 2 * (index % RING_SIZE), head);
	bytes_put16(ring + 2, (uint16_t)(index + 1));
	return virtqueue_take(&queue, &chain);
}

static void breaks(uint16_t head)
{
	assert_int_equal(take(head), VIRTQUEUE_BROKEN);
	assert_true(queue.is_broken);
	assert_int_equal(virtqueue_waiting(&queue), 0);
	assert_int_equal(take(head), VIRTQUEUE_BROKEN);
	assert_false(virtqueue_give(&queue, 0, 0));
	setup(NULL);
}

static void readable_then_writable(void **state)
{
	uint8_t bytes[64];

	memcpy(driver.ram + DATA_GPA, "abcdefgh", 8);
	put(3, DATA_GPA, DESCRIPTOR(5, NEXT, 9));
	put(9, DATA_GPA + 5, DESCRIPTOR(3, NEXT, 0));
	put(0, DATA_GPA + 0x100, DESCRIPTOR(2, NEXT | WRITE, 1));
	put(1, DATA_GPA + 0x200, DESCRIPTOR(4, WRITE, 1));
	assert_int_equal(virtqueue_take(&queue, &chain), VIRTQUEUE_EMPTY);
	assert_int_equal(take(3), VIRTQUEUE_CHAIN);
	assert_int_equal(chain.head, 3);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 2);
	assert_int_equal(chain.read_bytes, 8);
	assert_int_equal(chain.write_bytes, 6);
	assert_int_equal(virtqueue_copy_from(&chain, 1, bytes, sizeof(bytes)), 7);
	assert_memory_equal(bytes, "bcdefgh", 7);
	assert_int_equal(virtqueue_copy_from(&chain, 8, bytes, 1), 0);
	assert_int_equal(virtqueue_copy_to(&chain, 1, "123456", 6), 5);
	assert_memory_equal(driver.ram + DATA_GPA + 0x100, "\0001\0", 3);
	assert_memory_equal(driver.ram + DATA_GPA + 0x200, "2345", 5);
	assert_true(virtqueue_give(&queue, 3, 6));
	assert_int_equal(bytes_get16(driver.ram + RING + 0x802), 1);
	assert_int_equal(bytes_get32(driver.ram + RING + 0x804), 3);
	assert_int_equal(bytes_get32(driver.ram + RING + 0x808), 6);
	driver.ram[RING + 0x400] = 1;
	assert_false(virtqueue_give(&queue, 3, 6));
	assert_int_equal(virtqueue_take(&queue, &chain), VIRTQUEUE_EMPTY);
}

static void what_is_untaken_comes_again(void **state)
{
	put(2, DATA_GPA, DESCRIPTOR(1, READ, 0));
	assert_int_equal(take(2), VIRTQUEUE_CHAIN);
	virtqueue_untake(&queue);
	assert_int_equal(virtqueue_waiting(&queue), 1);
	assert_int_equal(virtqueue_take(&queue, &chain), VIRTQUEUE_CHAIN);
	assert_int_equal(chain.head, 2);
}

static void indices_wrap(void **state)
{
	put(0, DATA_GPA, DESCRIPTOR(1, READ, 0));
	for (uint32_t i = 0; i < 70000; i++) {
		assert_int_equal(take(0), VIRTQUEUE_CHAIN);
		virtqueue_give(&queue, 0, 0);
	}
	assert_int_equal(bytes_get16(driver.ram + RING + 0x802), (uint16_t)70000);
}

static void empty_segments_count_for_nothing(void **state)
{
	put(0, UINT64_MAX, DESCRIPTOR(0, NEXT, 1));
	put(1, DATA_GPA, DESCRIPTOR(1, READ, 1));
	assert_int_equal(take(0), VIRTQUEUE_CHAIN);
	assert_int_equal(chain.readable, 1);
}

static void bad_chains_break_the_queue(void **state)
{
	breaks(RING_SIZE); /* no such head */
	breaks(0xFFFF);
	put(0, DATA_GPA, DESCRIPTOR(1, NEXT, 0)); /* loops */
	breaks(0);
	put(0, DATA_GPA, DESCRIPTOR(1, NEXT, 1));
	put(1, DATA_GPA, DESCRIPTOR(0, NEXT, 0));
	breaks(0);
	put(0, DATA_GPA, DESCRIPTOR(1, NEXT, RING_SIZE)); /* leaves the table */
	breaks(0);
	put(0, DATA_GPA, DESCRIPTOR(1, NEXT | WRITE, 1)); /* readable behind writable */
	put(1, DATA_GPA, DESCRIPTOR(1, READ, 0));
	breaks(0);
	put(0, RAM_BYTES - 1, DESCRIPTOR(2, READ, 0)); /* leaves the RAM */
	breaks(0);
	put(0, UINT64_MAX, DESCRIPTOR(2, READ, 0));
	breaks(0);
	put(0, DATA_GPA, DESCRIPTOR(0xFFFFFFFF, WRITE, 0));
	breaks(0);
}

static void more_available_than_there_can_be(void **state)
{
	put(0, DATA_GPA, DESCRIPTOR(1, READ, 0));
	bytes_put16(driver.ram + RING + 0x402, RING_SIZE + 1);
	assert_int_equal(virtqueue_waiting(&queue), 0);
	assert_true(queue.is_broken);
	setup(state);
	bytes_put16(driver.ram + RING + 0x402, RING_SIZE);
	assert_int_equal(virtqueue_waiting(&queue), RING_SIZE);
	bytes_put16(driver.ram + RING + 0x402, 0xFFFF); /* backwards */
	assert_int_equal(virtqueue_take(&queue, &chain), VIRTQUEUE_BROKEN);
}

static void indirect_tables(void **state)
{
	driver_descriptor(TABLE, 0, DATA_GPA, DESCRIPTOR(1, NEXT, 1));
	driver_descriptor(TABLE, 1, DATA_GPA + 1, DESCRIPTOR(2, WRITE, 0));
	put(4, TABLE, DESCRIPTOR(32, INDIRECT | WRITE, 0));
	assert_int_equal(take(4), VIRTQUEUE_CHAIN);
	assert_int_equal(chain.readable, 1);
	assert_int_equal(chain.writable, 1);
	assert_int_equal(chain.head, 4);
	put(5, DATA_GPA, DESCRIPTOR(7, NEXT, 4)); /* descriptors before the indirect one */
	assert_int_equal(take(5), VIRTQUEUE_CHAIN);
	assert_int_equal(chain.read_bytes, 8);
	memmove(driver.ram + TABLE + 1, driver.ram + TABLE, 32); /* at an odd address */
	put(4, TABLE + 1, DESCRIPTOR(32, INDIRECT, 0));
	assert_int_equal(take(4), VIRTQUEUE_CHAIN);
}

static void breaks_with(uint64_t gpa, uint64_t rest)
{
	driver_descriptor(TABLE, 0, DATA_GPA, DESCRIPTOR(1, NEXT, 1));
	driver_descriptor(TABLE, 1, DATA_GPA, DESCRIPTOR(1, NEXT, 0));
	driver_descriptor(TABLE, 2, TABLE, DESCRIPTOR(16, INDIRECT, 0));
	driver_descriptor(TABLE, 3, DATA_GPA, DESCRIPTOR(1, NEXT, 9));
	put(0, gpa, rest);
	breaks(0);
}

static void bad_indirect_tables(void **state)
{
	breaks_with(TABLE, DESCRIPTOR(0, INDIRECT, 0));
	breaks_with(TABLE, DESCRIPTOR(15, INDIRECT, 0));
	breaks_with(TABLE, DESCRIPTOR(16 * (VIRTQUEUE_MAX_SIZE + 1), INDIRECT, 0));
	breaks_with(TABLE, DESCRIPTOR(0xFFFFFFF0, INDIRECT, 0));
	breaks_with(TABLE, DESCRIPTOR(32, INDIRECT | NEXT, 1));
	breaks_with(TABLE, DESCRIPTOR(16, INDIRECT, 0));      /* next leaves it */
	breaks_with(TABLE, DESCRIPTOR(32, INDIRECT, 0));      /* loops */
	breaks_with(TABLE + 32, DESCRIPTOR(16, INDIRECT, 0)); /* one in another */
	breaks_with(RING, DESCRIPTOR(16 * RING_SIZE, INDIRECT, 0)); /* the ring's own table */
	breaks_with(TABLE + 48, DESCRIPTOR(16, INDIRECT, 0));
	breaks_with(RAM_BYTES - 8, DESCRIPTOR(16, INDIRECT, 0));
	queue.may_be_indirect = false;
	breaks_with(TABLE, DESCRIPTOR(32, INDIRECT, 0));
}

static void too_many_segments(void **state)
{
	for (uint32_t i = 0; i <= VIRTQUEUE_MAX_SEGMENTS; i++)
		driver_descriptor(TABLE, i, DATA_GPA,
				  DESCRIPTOR(1, i < VIRTQUEUE_MAX_SEGMENTS - 1 ? NEXT : 0, i + 1));
	put(0, TABLE, DESCRIPTOR(16 * (VIRTQUEUE_MAX_SEGMENTS + 1), INDIRECT, 0));
	assert_int_equal(take(0), VIRTQUEUE_CHAIN);
	assert_int_equal(chain.readable, VIRTQUEUE_MAX_SEGMENTS);
	driver_descriptor(TABLE, VIRTQUEUE_MAX_SEGMENTS - 1, DATA_GPA,
			  DESCRIPTOR(1, NEXT, VIRTQUEUE_MAX_SEGMENTS));
	breaks(0);
}

static void rings_must_be_aligned_and_in_ram(void **state)
{
	static const struct {
		uint64_t descriptors, available, used;
	} bad[] = {
		{ RING + 8, RING + 0x400, RING + 0x800 },
		{ RING, RING + 0x401, RING + 0x800 },
		{ RING, RING + 0x400, RING + 0x802 },
		{ RAM_BYTES - 16, RING, RING },
		{ RING, RAM_BYTES - 16, RING },
		{ RING, RING, RAM_BYTES - 16 },
		{ UINT64_MAX - 15, RING, RING },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		virtqueue_reset(&queue);
		queue.size = RING_SIZE;
		queue.descriptor_gpa = bad[i].descriptors;
		queue.driver_gpa = bad[i].available;
		queue.device_gpa = bad[i].used;
		virtqueue_enable(&queue);
		assert_true(queue.is_broken);
		assert_int_equal(virtqueue_take(&queue, &chain), VIRTQUEUE_BROKEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(readable_then_writable, setup),
		cmocka_unit_test_setup(what_is_untaken_comes_again, setup),
		cmocka_unit_test_setup(indices_wrap, setup),
		cmocka_unit_test_setup(empty_segments_count_for_nothing, setup),
		cmocka_unit_test_setup(bad_chains_break_the_queue, setup),
		cmocka_unit_test_setup(more_available_than_there_can_be, setup),
		cmocka_unit_test_setup(indirect_tables, setup),
		cmocka_unit_test_setup(bad_indirect_tables, setup),
		cmocka_unit_test_setup(too_many_segments, setup),
		cmocka_unit_test_setup(rings_must_be_aligned_and_in_ram, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
