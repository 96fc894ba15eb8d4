/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map: ascending, whole, and exactly the partition's RAM less what lies between 640 KiB
 * and 1 MiB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loader/e820.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static const uint64_t sizes[] = {
	E820_MIN_RAM_BYTES, 64 * MIB, 3 * GIB - MIB, 3 * GIB, 3 * GIB + 4096, 4 * GIB, 64 * GIB,
};

static struct e820_map map_of(uint64_t bytes)
{
	const struct guest_ram ram = { NULL, bytes };
	struct e820_map map;

	e820_build(&ram, &map);
	return map;
}

static uint64_t ram_in(const struct e820_map *map)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < map->count; i++)
		total += map->entries[i].type == E820_RAM ? map->entries[i].bytes : 0;
	return total;
}

static void map_ascends_without_overlap(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct e820_map map = map_of(sizes[s]);

		assert_true(map.count <= E820_MAX);
		for (uint32_t i = 0; i < map.count; i++)
			assert_true(map.entries[i].bytes > 0);
		for (uint32_t i = 1; i < map.count; i++)
			assert_true(map.entries[i].base >=
				    map.entries[i - 1].base + map.entries[i - 1].bytes);
	}
}

static void map_tells_all_ram(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct e820_map map = map_of(sizes[s]);

		assert_int_equal(ram_in(&map), sizes[s] - (E820_RAM_AGAIN - E820_LOW_END));
	}
}

static void hole_and_tables_are_not_ram(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct e820_map map = map_of(sizes[s]);

		for (uint32_t i = 0; i < map.count; i++) {
			const struct e820_entry *e = &map.entries[i];
			uint64_t end = e->base + e->bytes;

			if (e->type != E820_RAM)
				continue;
			assert_true(end <= GUEST_HOLE_START || e->base >= GUEST_HIGH_START);
			assert_true(end <= E820_LOW_END || e->base >= E820_RAM_AGAIN);
		}
	}
}

static void tables_have_the_acpi_type(void **state)
{
	struct e820_map map = map_of(64 * MIB);
	uint32_t found = 0;

	(void)state;
	for (uint32_t i = 0; i < map.count; i++)
		found += map.entries[i].type == E820_ACPI &&
			 map.entries[i].base == E820_ACPI_BASE &&
			 map.entries[i].bytes == E820_ACPI_BYTES;
	assert_int_equal(found, 1);
}

static void broken_last_page_is_left_out(void **state)
{
	struct e820_map whole = map_of(4 * GIB);
	struct e820_map broken = map_of(4 * GIB + 4095);

	(void)state;
	assert_int_equal(ram_in(&whole), ram_in(&broken));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_ascends_without_overlap),
		cmocka_unit_test(map_tells_all_ram),
		cmocka_unit_test(hole_and_tables_are_not_ram),
		cmocka_unit_test(tables_have_the_acpi_type),
		cmocka_unit_test(broken_last_page_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
