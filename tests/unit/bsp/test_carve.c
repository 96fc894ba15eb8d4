/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting RAM: alignment, what is left out, what is said when it does not fit.
 * Links bsp/memory/carve.c bsp/boot/multiboot2.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/memory/carve.h"

static const struct memory_range kernel = { MIB(16), MIB(48) };

static void add(struct boot_info *info, u64 base, u64 bytes, u32 type)
{
	assert_true(boot_info_add_region(info, (struct memory_region){ base, bytes, type }));
}

static void add_module(struct boot_info *info, u64 start, u64 end)
{
	info->modules[info->module_count].start = start;
	info->modules[info->module_count++].end = end;
}

/* A PC: 3 GiB below the hole, the rest above 4 GiB. */
static struct boot_info pc(u64 high_bytes)
{
	static struct boot_info info;

	memset(&info, 0, sizeof(info));
	add(&info, 0, 0x9FC00, MEMORY_AVAILABLE);
	add(&info, 0x9FC00, 0x400, MEMORY_RESERVED);
	add(&info, MIB(1), GIB(3) - MIB(2), MEMORY_AVAILABLE);
	add(&info, GIB(3) - MIB(1), MIB(1), MEMORY_ACPI);
	if (high_bytes)
		add(&info, GIB(4), high_bytes, MEMORY_AVAILABLE);
	return info;
}

static void prefers_gib_alignment(void **state)
{
	struct boot_info info = pc(GIB(4));
	struct carve_result result;

	(void)state;
	assert_true(carve_ram(&info, kernel, GIB(4), &result));
	assert_int_equal(result.base.value, GIB(4));
	assert_int_equal(result.alignment, GIB(1));
	assert_true(carve_ram(&info, kernel, GIB(1), &result));
	assert_int_equal(result.base.value, GIB(1));
}

static void falls_back_to_2_mib(void **state)
{
	struct boot_info info = pc(0);
	struct carve_result result;

	(void)state;
	assert_true(carve_ram(&info, kernel, GIB(2) + MIB(512), &result));
	assert_int_equal(result.base.value, MIB(48));
	assert_int_equal(result.alignment, MIB(2));
}

static void names_the_largest(void **state)
{
	struct boot_info info = pc(GIB(2) + MIB(7));
	struct carve_result result;

	(void)state;
	assert_false(carve_ram(&info, kernel, GIB(4), &result));
	assert_int_equal(result.largest_bytes, GIB(3) - MIB(2) - MIB(48));
	info.region_count = 0;
	assert_false(carve_ram(&info, kernel, MIB(2), &result));
	assert_int_equal(result.largest_bytes, 0);
	assert_false(carve_ram(&info, kernel, 0, &result));
	assert_false(carve_ram(&info, kernel, MIB(3), &result));
}

static bool overlaps(u64 start, u64 bytes, u64 from, u64 to)
{
	return start < to && from < start + bytes;
}

static void leaves_out_everything_taken(void **state)
{
	struct boot_info info = pc(GIB(1));
	struct carve_result result;

	(void)state;
	add_module(&info, GIB(1) - 5, GIB(1) + 5);
	add_module(&info, MIB(48), MIB(49) + 1);
	/* A reserved piece the firmware put inside RAM. */
	add(&info, GIB(4) + MIB(100) + 1, 1, MEMORY_BAD);
	for (u64 bytes = MIB(2); bytes <= GIB(2); bytes += MIB(2)) {
		if (!carve_ram(&info, kernel, bytes, &result)) {
			assert_true(bytes > result.largest_bytes);
			continue;
		}
		u64 base = result.base.value;
		assert_int_equal(base % result.alignment, 0);
		assert_true(bytes <= result.largest_bytes);
		assert_false(overlaps(base, bytes, 0, MIB(1)));
		assert_false(overlaps(base, bytes, kernel.start, kernel.end));
		assert_false(overlaps(base, bytes, GIB(1) - 5, GIB(1) + 5));
		assert_false(overlaps(base, bytes, MIB(48), MIB(49) + 1));
		assert_false(overlaps(base, bytes, GIB(3) - MIB(1), GIB(4)));
		assert_false(overlaps(base, bytes, GIB(4) + MIB(100) + 1, GIB(4) + MIB(100) + 2));
		assert_true(base + bytes <= GIB(5));
	}
}

static void finds_a_low_page(void **state)
{
	struct boot_info info = pc(0);
	hpa_t page;

	(void)state;
	assert_true(carve_low_page(&info, &page));
	assert_int_equal(page.value, KIB(64));
	add_module(&info, KIB(64) + 1, KIB(64) + 2);
	assert_true(carve_low_page(&info, &page));
	assert_int_equal(page.value, KIB(68));
	add(&info, KIB(64), KIB(600), MEMORY_RESERVED);
	assert_true(carve_low_page(&info, &page));
	assert_int_equal(page.value, KIB(4));
	add(&info, 0, KIB(64), MEMORY_ACPI_NVS);
	assert_false(carve_low_page(&info, &page));
}

static void checks_the_loader(void **state)
{
	struct boot_info info = pc(0);

	(void)state;
	add_module(&info, MIB(48), MIB(50));
	assert_int_equal(carve_check_loaded(&info, kernel), CARVE_OK);
	info.modules[0].start = MIB(48) - 1;
	assert_int_equal(carve_check_loaded(&info, kernel), CARVE_MODULE_IN_KERNEL);
	info.modules[0] = (struct boot_module){ .start = GIB(3) - MIB(2), .end = GIB(3) };
	assert_int_equal(carve_check_loaded(&info, kernel), CARVE_MODULE_NOT_RAM);
	info.module_count = 0;
	add(&info, MIB(20), 1, MEMORY_RESERVED);
	assert_int_equal(carve_check_loaded(&info, kernel), CARVE_KERNEL_NOT_RAM);
}

static void tells_registers_from_memory(void **state)
{
	static const struct { struct memory_range range; bool is_device; } cases[] = {
		{ { 0xE0000000, 0xE0001000 }, true },
		{ { 0xFEBF0000, 0xFEC00000 }, true },
		{ { 0xFEBFF000, 0xFEC01000 }, false }, /* reaches into an IOAPIC */
		{ { 0xFEE00000, 0xFEE01000 }, false },
		{ { 0xFEFFF000, 0xFF001000 }, false },
		{ { 0xFFFFF000, GIB(4) }, false },
		{ { 0x8000000000, 0x8000004000 }, true },
		{ { 0xA0000, 0xA1000 }, false },       /* below 1 MiB */
		{ { MIB(16), MIB(16) + 0x1000 }, false },
		{ { GIB(3) - MIB(1) - 0x1000, GIB(3) - MIB(1) }, false },
		{ { GIB(3) - 0x1000, GIB(3) }, false }, /* tables of the firmware */
		{ { GIB(3) - 0x1000, GIB(3) + 0x1000 }, false },
		{ { GIB(4) - 0x1000, GIB(4) + 0x1000 }, false },
		{ { GIB(8) - 0x1000, GIB(8) + 0x1000 }, false },
		{ { GIB(8), GIB(8) + 0x1000 }, true },
		{ { GIB(8), GIB(8) }, false },
		{ { ~0ull - 0xFFF, 0 }, false },
	};
	struct boot_info info = pc(GIB(4));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(carve_is_device(&info, cases[i].range), cases[i].is_device);
	/* what was carved stays memory, whatever it is called since */
	add(&info, MIB(512), MIB(64), MEMORY_RESERVED);
	assert_false(carve_is_device(&info, (struct memory_range){ MIB(512), MIB(512) + 0x1000 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefers_gib_alignment),
		cmocka_unit_test(falls_back_to_2_mib),
		cmocka_unit_test(names_the_largest),
		cmocka_unit_test(leaves_out_everything_taken),
		cmocka_unit_test(finds_a_low_page),
		cmocka_unit_test(checks_the_loader),
		cmocka_unit_test(tells_registers_from_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
