/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims: what is refused and why, and where something that can move ends up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "loader/placement.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct placement fresh(uint64_t ram_bytes)
{
	const struct guest_ram ram = { NULL, ram_bytes };
	struct e820_map map;
	struct placement placement;

	e820_build(&ram, &map);
	placement_init(&placement, &map);
	return placement;
}

struct claim_case {
	uint64_t base, bytes;
	enum load_error error;
};

static const struct claim_case claims[] = {
	{ 0, 1, LOAD_ERROR_OVERLAPS_BIOS_DATA },
	{ 0xFFF, 1, LOAD_ERROR_OVERLAPS_BIOS_DATA },
	{ 0x1000, 0x1000, LOAD_OK },
	{ 0x9FFFF, 1, LOAD_OK },
	{ 0x9FFFF, 2, LOAD_ERROR_NOT_RAM },
	{ 0xA0000, 1, LOAD_ERROR_NOT_RAM },
	{ E820_ACPI_BASE, 1, LOAD_ERROR_NOT_RAM },
	{ 0xFFFFF, 1, LOAD_ERROR_NOT_RAM },
	{ 0xFFFFF, 2, LOAD_ERROR_NOT_RAM },
	{ MIB, 63 * MIB, LOAD_OK },
	{ MIB, 63 * MIB + 1, LOAD_ERROR_NOT_RAM },
	{ 64 * MIB, 1, LOAD_ERROR_NOT_RAM },
	{ 4 * GIB, 1, LOAD_ERROR_NOT_RAM },
	{ UINT64_MAX, 1, LOAD_ERROR_NOT_RAM },
	{ UINT64_MAX, UINT64_MAX, LOAD_ERROR_NOT_RAM },
	{ MIB, UINT64_MAX - MIB, LOAD_ERROR_NOT_RAM },
	{ MIB, UINT64_MAX - MIB + 1, LOAD_ERROR_NOT_RAM },
	{ 0, 0, LOAD_OK },
};

static void claims_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct placement placement = fresh(64 * MIB);

		assert_int_equal(
		    placement_claim(&placement, claims[i].base, claims[i].bytes, OWNER_PLACED),
		    claims[i].error);
	}
}

static void owners_are_told_apart(void **state)
{
	struct placement placement = fresh(64 * MIB);

	(void)state;
	assert_int_equal(placement_claim(&placement, 2 * MIB, MIB, OWNER_STAGED), LOAD_OK);
	assert_int_equal(placement_claim(&placement, 3 * MIB, MIB, OWNER_PLACED), LOAD_OK);
	assert_int_equal(placement_claim(&placement, 3 * MIB - 1, 1, OWNER_PLACED),
			 LOAD_ERROR_OVERLAPS_STAGING);
	assert_int_equal(placement_claim(&placement, 4 * MIB - 1, 2, OWNER_PLACED),
			 LOAD_ERROR_OVERLAPS_PLACED);
	assert_int_equal(placement_claim(&placement, 4 * MIB, 1, OWNER_PLACED), LOAD_OK);
}

static void list_has_an_end(void **state)
{
	struct placement placement = fresh(64 * MIB);
	enum load_error error = LOAD_OK;
	uint64_t at = MIB;

	(void)state;
	for (; at < 2 * MIB && !error; at += 2)
		error = placement_claim(&placement, at, 1, OWNER_PLACED);
	assert_int_equal(error, LOAD_ERROR_TOO_MANY_RANGES);
	assert_int_equal(placement.count, PLACEMENT_MAX);
}

static void lowest_place_is_found(void **state)
{
	struct placement placement = fresh(64 * MIB);
	const struct placement_wish wish = {
		.bytes = MIB, .alignment = 2 * MIB, .minimum = 0x1000, .end = 64 * MIB
	};
	uint64_t base = 0;

	(void)state;
	assert_true(placement_find(&placement, &wish, &base));
	assert_int_equal(base, 2 * MIB);
	assert_true(placement_find(&placement, &wish, &base));
	assert_int_equal(base, 4 * MIB);
}

static void highest_place_is_found(void **state)
{
	struct placement placement = fresh(64 * MIB);
	struct placement_wish wish = {
		.bytes = MIB, .alignment = 4096, .minimum = MIB, .end = 4 * GIB, .is_from_top = true
	};
	uint64_t base = 0;

	(void)state;
	assert_true(placement_find(&placement, &wish, &base));
	assert_int_equal(base, 63 * MIB);
	wish.end = 32 * MIB;
	assert_true(placement_find(&placement, &wish, &base));
	assert_int_equal(base, 31 * MIB);
	wish.minimum = 31 * MIB;
	assert_false(placement_find(&placement, &wish, &base));
}

struct impossible {
	uint64_t bytes, minimum, end;
};

static const struct impossible impossibles[] = {
	{ 64 * MIB, MIB, 64 * MIB },
	{ UINT64_MAX, 0, UINT64_MAX },
	{ MIB, UINT64_MAX, UINT64_MAX },
	{ MIB, 64 * MIB, 4 * GIB },
	{ 0, MIB, 64 * MIB },
	{ 2 * MIB, MIB, 2 * MIB },
};

static void impossible_wishes_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(impossibles) / sizeof(impossibles[0]); i++)
		for (int top = 0; top < 2; top++) {
			struct placement placement = fresh(64 * MIB);
			const struct placement_wish wish = { impossibles[i].bytes, 4096,
							     impossibles[i].minimum,
							     impossibles[i].end, top };
			uint64_t base;

			assert_false(placement_find(&placement, &wish, &base));
		}
}

static void every_reason_has_a_remedy(void **state)
{
	(void)state;
	for (int error = 1; error < LOAD_ERROR_COUNT; error++) {
		assert_non_null(strstr(load_error_text(error), "; "));
		assert_true(strlen(load_error_text(error)) < 160);
		assert_true(strlen(load_error_name(error)) > 0);
	}
	assert_string_equal(load_error_name(LOAD_ERROR_COUNT), "UNKNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_are_checked),
		cmocka_unit_test(owners_are_told_apart),
		cmocka_unit_test(list_has_an_end),
		cmocka_unit_test(lowest_place_is_found),
		cmocka_unit_test(highest_place_is_found),
		cmocka_unit_test(impossible_wishes_are_refused),
		cmocka_unit_test(every_reason_has_a_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
