/* SPDX-License-Identifier: Apache-2.0 */
/* Linear addresses through page tables of each kind, as far as they go, and tables that lead nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gdb/walk.h"

#define RAM_BYTES 0x100000u
#define CR0_PG (1ull << 31)
#define PAE (1ull << 5)
#define PSE (1ull << 4)
#define LMA (1ull << 10)

static uint8_t ram[RAM_BYTES];

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	(void)context;
	return count <= RAM_BYTES && gpa <= RAM_BYTES - count ? ram + gpa : NULL;
}

static void put(uint64_t table, uint64_t index, uint64_t entry, size_t bytes)
{
	memcpy(ram + table + index * bytes, &entry, bytes);
}

/* Where it is in RAM, for one byte; RAM_BYTES: nowhere. */
static uint64_t find(const struct walk *walk, uint64_t linear)
{
	size_t one = 1;
	const uint8_t *byte = walk_at(walk, linear, &one);

	return byte ? (uint64_t)(byte - ram) : RAM_BYTES;
}

static int setup(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	return 0;
}

static void without_paging(void **state)
{
	const struct walk walk = { .ram = at };
	size_t count = 10000;

	(void)state;
	assert_int_equal(find(&walk, 0x1234), 0x1234);
	assert_int_equal(find(&walk, 0x100001234ull), 0x1234); /* 32 bits of it */
	assert_int_equal(find(&walk, RAM_BYTES), RAM_BYTES);
	assert_non_null(walk_at(&walk, 0x1FF0, &count));
	assert_int_equal(count, 16);
}

static void four_levels(void **state)
{
	const struct walk walk = { .cr0 = CR0_PG, .cr3 = 0x1000 | 0x18, .cr4 = PAE, .efer = LMA, .ram = at };
	uint64_t linear = 511ull << 39 | 3ull << 30 | 5ull << 21 | 7ull << 12;

	(void)state;
	put(0x1000, 511, 0x2000 | 0x8000000000000003, 8);
	put(0x2000, 3, 0x3003, 8);
	put(0x2000, 4, 0x40000083, 8); /* 1 GiB without RAM behind it */
	put(0x2000, 6, 0x83, 8);       /* 1 GiB from 0 */
	put(0x3000, 5, 0x4003, 8);
	put(0x3000, 6, 0x83, 8); /* 2 MiB from 0 */
	put(0x4000, 7, 0x9003 | 0x8000000000000000, 8);
	put(0x4000, 8, 0x9002, 8); /* not present */
	assert_int_equal(find(&walk, linear | 0x123), 0x9123);
	assert_int_equal(find(&walk, linear + 0x1000), RAM_BYTES);
	assert_int_equal(find(&walk, linear + (1 << 21)), 0x7000);
	assert_int_equal(find(&walk, linear + (1ull << 30)), RAM_BYTES);
	assert_int_equal(find(&walk, linear + (3ull << 30) - (5ull << 21) + 0x45), 0x7045);
	assert_int_equal(find(&walk, 0), RAM_BYTES);
}

static void five_levels_and_bad_tables(void **state)
{
	struct walk walk = { .cr0 = CR0_PG, .cr3 = 0x1000, .cr4 = PAE | 1 << 12, .efer = LMA, .ram = at };

	(void)state;
	put(0x1000, 1, 0x1003, 8); /* the tables are each other */
	assert_int_equal(find(&walk, 1ull << 48 | 1ull << 39 | 1ull << 30 | 1ull << 21 | 1ull << 12 | 8), 0x1008);
	put(0x1000, 2, 0x000FFFFFFFFFF003, 8); /* outside of all RAM */
	assert_int_equal(find(&walk, 2ull << 48), RAM_BYTES);
	walk.cr3 = 0x000FFFFFFFFFF000;
	assert_int_equal(find(&walk, 0), RAM_BYTES);
}

static void three_and_two_levels(void **state)
{
	struct walk walk = { .cr0 = CR0_PG, .cr3 = 0x1020, .cr4 = PAE, .ram = at };

	(void)state;
	put(0x1020, 3, 0x2001, 8);
	put(0x2000, 1, 0x83, 8);
	put(0x2000, 2, 0x3003, 8);
	put(0x3000, 0, 0x5003, 8);
	assert_int_equal(find(&walk, 0xC0200042), 0x42);
	assert_int_equal(find(&walk, 0xC0400042), 0x5042);
	walk.cr3 = 0x6000;
	walk.cr4 = PSE;
	put(0x6000, 1, 0x7003, 4);
	put(0x7000, 1023, 0x8003, 4);
	put(0x6000, 2, 0x83, 4);
	put(0x6000, 3, 0x83 | 1 << 13, 4); /* 4 MiB at 4 GiB */
	assert_int_equal(find(&walk, (1u << 22) + 0x3FF010), 0x8010);
	assert_int_equal(find(&walk, (2u << 22) + 0x1234), 0x1234);
	assert_int_equal(find(&walk, 3u << 22), RAM_BYTES);
	walk.cr4 = 0; /* then it is a table */
	put(0, 0, 0x9003, 4);
	assert_int_equal(find(&walk, 2u << 22), 0x9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without_paging, setup),
		cmocka_unit_test_setup(four_levels, setup),
		cmocka_unit_test_setup(five_levels_and_bad_tables, setup),
		cmocka_unit_test_setup(three_and_two_levels, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
