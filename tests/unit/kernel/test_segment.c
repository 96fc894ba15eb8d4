/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical form, rights and limits, each edge from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/segment.h"

#define DATA 0xC093u
#define DATA_READ_ONLY 0xC091u
#define DATA_DOWN 0xC097u
#define DATA_DOWN_16 0x97u
#define CODE 0xC09Bu
#define CODE_EXECUTE_ONLY 0xC099u
#define UNUSABLE 0x10000u

static bool allows(u32 rights, u32 limit, struct segment_access access)
{
	return segment_allows(&(struct segment_bounds){ .base = 0x1000, .limit = limit, .rights = rights }, &access);
}

static bool long_mode(u64 address, u32 bytes)
{
	/* in 64-bit code neither rights nor limit count */
	return allows(UNUSABLE, 0, (struct segment_access){ .address = address, .bytes = bytes, .is_write = true, .is_long_mode = true });
}

static bool reads(u32 rights, u32 limit, u64 offset)
{
	return allows(rights, limit, (struct segment_access){ .address = offset, .bytes = 4 });
}

static bool writes(u32 rights, u32 limit, u64 offset)
{
	return allows(rights, limit, (struct segment_access){ .address = offset, .bytes = 4, .is_write = true });
}

static void long_mode_wants_canonical_bytes(void **state)
{
	(void)state;
	assert_true(long_mode(0, 8));
	assert_true(long_mode(0x00007FFFFFFFFFFF, 1));
	assert_false(long_mode(0x00007FFFFFFFFFFF, 2));
	assert_false(long_mode(0x0000800000000000, 1));
	assert_false(long_mode(0x1000000000000000, 1));
	assert_false(long_mode(0xFFFF7FFFFFFFFFFF, 1));
	assert_true(long_mode(0xFFFF800000000000, 1));
	assert_true(long_mode(0xFFFFFFFFFFFFFFFF, 1));
}

static void limits_count_the_last_byte(void **state)
{
	(void)state;
	assert_true(reads(DATA, 0xFFF, 0xFFC));
	assert_false(reads(DATA, 0xFFF, 0xFFD));
	assert_true(reads(DATA, 0xFFFFFFFF, 0xFFFFFFFC));
	assert_false(reads(DATA, 0xFFFFFFFF, 0xFFFFFFFD));
	assert_false(reads(DATA_DOWN, 0xFFF, 0xFFF));
	assert_true(reads(DATA_DOWN, 0xFFF, 0x1000));
	assert_true(reads(DATA_DOWN, 0xFFF, 0xFFFFFFFC));
	assert_false(reads(DATA_DOWN, 0xFFF, 0xFFFFFFFD));
	assert_true(reads(DATA_DOWN_16, 0xFFF, 0xFFFC));
	assert_false(reads(DATA_DOWN_16, 0xFFF, 0xFFFD));
}

static void rights_count(void **state)
{
	(void)state;
	assert_true(writes(DATA, 0xFFFFFFFF, 0));
	assert_true(reads(DATA_READ_ONLY, 0xFFFFFFFF, 0));
	assert_false(writes(DATA_READ_ONLY, 0xFFFFFFFF, 0));
	assert_true(reads(CODE, 0xFFFFFFFF, 0));
	assert_false(writes(CODE, 0xFFFFFFFF, 0));
	assert_false(reads(CODE_EXECUTE_ONLY, 0xFFFFFFFF, 0));
	assert_false(reads(DATA | UNUSABLE, 0xFFFFFFFF, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_mode_wants_canonical_bytes),
		cmocka_unit_test(limits_count_the_last_byte),
		cmocka_unit_test(rights_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
