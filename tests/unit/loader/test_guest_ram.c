/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical to pointer: every border of RAM and of 64 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/guest_ram.h"

#define GIB (1ull << 30)

static uint8_t *const base = (uint8_t *)0x200000000000ull;

static void small_partition_is_linear(void **state)
{
	const struct guest_ram ram = { base, GIB };

	(void)state;
	assert_ptr_equal(guest_ram_at(&ram, 0, GIB), base);
	assert_ptr_equal(guest_ram_at(&ram, GIB - 1, 1), base + GIB - 1);
	assert_null(guest_ram_at(&ram, GIB - 1, 2));
	assert_null(guest_ram_at(&ram, GIB, 1));
	assert_null(guest_ram_at(&ram, 4 * GIB, 1));
	assert_int_equal(guest_ram_high_bytes(&ram), 0);
}

static void hole_is_not_ram(void **state)
{
	const struct guest_ram ram = { base, 4 * GIB };

	(void)state;
	assert_int_equal(guest_ram_low_bytes(&ram), 3 * GIB);
	assert_int_equal(guest_ram_high_bytes(&ram), GIB);
	assert_ptr_equal(guest_ram_at(&ram, 3 * GIB - 1, 1), base + 3 * GIB - 1);
	assert_null(guest_ram_at(&ram, 3 * GIB - 1, 2));
	assert_null(guest_ram_at(&ram, 3 * GIB, 1));
	assert_null(guest_ram_at(&ram, 4 * GIB - 1, 2));
	assert_ptr_equal(guest_ram_at(&ram, 4 * GIB, GIB), base + 3 * GIB);
	assert_null(guest_ram_at(&ram, 4 * GIB, GIB + 1));
	assert_null(guest_ram_at(&ram, 5 * GIB, 1));
}

static void exactly_to_the_hole(void **state)
{
	const struct guest_ram ram = { base, 3 * GIB };

	(void)state;
	assert_ptr_equal(guest_ram_at(&ram, 0, 3 * GIB), base);
	assert_null(guest_ram_at(&ram, 4 * GIB, 1));
}

static void wrapping_ranges_are_refused(void **state)
{
	const struct guest_ram ram = { base, 5 * GIB };

	(void)state;
	assert_null(guest_ram_at(&ram, 4096, UINT64_MAX - 4095));
	assert_null(guest_ram_at(&ram, 4 * GIB + 1, UINT64_MAX));
	assert_null(guest_ram_at(&ram, UINT64_MAX, 1));
	assert_null(guest_ram_at(&ram, UINT64_MAX, UINT64_MAX));
	assert_null(guest_ram_at(&ram, 0, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_partition_is_linear),
		cmocka_unit_test(hole_is_not_ram),
		cmocka_unit_test(exactly_to_the_hole),
		cmocka_unit_test(wrapping_ranges_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
