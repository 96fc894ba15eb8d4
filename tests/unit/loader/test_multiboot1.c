/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot 1 kernels, ELF and flat, with everything they are told; then headers that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "make_elf.h"
#include "world.h"

#define MIB (1ull << 20)
#define HEADER 0x200u /* where the tests put the header */

static const struct make_segment segment = { MIB, MIB, 1024, 8192 };

static void put_header(uint8_t *file, uint32_t at, uint32_t flags)
{
	bytes_put32(file + at, 0x1BADB002);
	bytes_put32(file + at + 4, flags);
	bytes_put32(file + at + 8, 0u - 0x1BADB002 - flags);
}

static void make_kernel(uint8_t file[MAKE_ELF_BYTES], uint32_t flags)
{
	make_elf(file, &elf32, MIB);
	make_elf_segment(file, &elf32, &segment);
	put_header(file, HEADER, flags);
}

static enum load_error load(struct world *world, const uint8_t *file, uint64_t bytes)
{
	world_open(world, 64 * MIB);
	world_add(world, PART_KERNEL_MULTIBOOT1, file, bytes);
	return world_load(world);
}

static void kernel_and_start_are_right(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, 3);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_OK);
	assert_int_equal(world.boot.mode, BOOT_FLAT32);
	assert_int_equal(world.boot.rip, MIB);
	assert_int_equal(world.boot.rax, 0x2BADB002);
	assert_memory_equal(world_at(&world, MIB, 1024), file + MAKE_ELF_CONTENTS, 1024);
	assert_true(bytes_are_zero(world_at(&world, MIB + 1024, 7168), 7168));
	assert_false(world_has_overlaps(&world));
	world_close(&world);
}

static void information_is_complete(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, 3);
	world_open(&world, 64 * MIB);
	world_add(&world, PART_KERNEL_MULTIBOOT1, file, sizeof(file));
	world_add(&world, PART_MODULE, "first", 5);
	world_add(&world, PART_MODULE, "second", 6);
	world_add(&world, PART_COMMAND_LINE, "a=b c", 5);
	assert_int_equal(world_load(&world), LOAD_OK);
	const uint8_t *info = world_at(&world, world.boot.rbx, 120);
	const uint8_t *mods = world_at(&world, bytes_get32(info + 24), 32);

	assert_int_equal(bytes_get32(info), 0x24D);
	assert_int_equal(bytes_get32(info + 4), 640);
	assert_int_equal(bytes_get32(info + 8), 63 * 1024);
	assert_string_equal((char *)world_at(&world, bytes_get32(info + 16), 8), "a=b c");
	assert_string_equal((char *)world_at(&world, bytes_get32(info + 64), 8), "Nestbox");
	assert_int_equal(bytes_get32(info + 20), 2);
	assert_int_equal(bytes_get32(mods) % 4096, 0);
	assert_int_equal(bytes_get32(mods + 4) - bytes_get32(mods), 5);
	assert_memory_equal(world_at(&world, bytes_get32(mods), 5), "first", 5);
	assert_memory_equal(world_at(&world, bytes_get32(mods + 16), 6), "second", 6);
	assert_string_equal((char *)world_at(&world, bytes_get32(mods + 24), 8), "a part");
	world_close(&world);
}

static void memory_map_is_the_partitions(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, 2);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_OK);
	const uint8_t *info = world_at(&world, world.boot.rbx, 120);
	const uint8_t *row = world_at(&world, bytes_get32(info + 48), bytes_get32(info + 44));

	assert_int_equal(bytes_get32(info + 44), 24 * world.loader.map.count);
	for (uint32_t i = 0; i < world.loader.map.count; i++, row += 24) {
		assert_int_equal(bytes_get32(row), 20);
		assert_int_equal(bytes_get64(row + 4), world.loader.map.entries[i].base);
		assert_int_equal(bytes_get64(row + 12), world.loader.map.entries[i].bytes);
		assert_int_equal(bytes_get32(row + 20), world.loader.map.entries[i].type);
	}
	world_close(&world);
}

struct flags_case {
	uint32_t flags;
	enum load_error error;
};

static const struct flags_case flag_cases[] = {
	{ 0, LOAD_OK },
	{ 0x20000, LOAD_OK },      /* an optional feature nobody has defined */
	{ 4, LOAD_ERROR_MULTIBOOT1_REQUIRED },
	{ 8, LOAD_ERROR_MULTIBOOT1_REQUIRED },
	{ 0x8000, LOAD_ERROR_MULTIBOOT1_REQUIRED },
};

static void required_flags_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flag_cases) / sizeof(flag_cases[0]); i++) {
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		make_kernel(file, flag_cases[i].flags);
		assert_int_equal(load(&world, file, sizeof(file)), flag_cases[i].error);
		world_close(&world);
	}
}

static void header_is_searched_where_it_may_be(void **state)
{
	static uint8_t file[16384];
	struct world world;

	(void)state;
	make_kernel(file, 0);
	memset(file + HEADER, 0, 12);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_MULTIBOOT1_HEADER);
	world_close(&world);
	put_header(file, 8192 - 12, 0);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_OK);
	world_close(&world);
	memset(file + 8192 - 12, 0, 12);
	put_header(file, 8192 - 8, 0);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_MULTIBOOT1_HEADER);
	world_close(&world);
	put_header(file, HEADER, 0);
	file[HEADER + 8]++;
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_MULTIBOOT1_HEADER);
	world_close(&world);
}

/* header, load, load end, bss end, entry; the header lies at HEADER of a file of 4096 bytes. */
struct flat_case {
	uint32_t fields[5];
	enum load_error error;
};

static const struct flat_case flats[] = {
	{ { 0x100200, 0x100000, 0, 0, 0x100000 }, LOAD_OK },
	{ { 0x100200, 0x100000, 0x101000, 0x103000, 0x100000 }, LOAD_OK },
	{ { 0x100200, 0x100200, 0x100300, 0, 0x1002FF }, LOAD_OK },
	{ { 0x100200, 0xFFFFFFFF, 0, 0, 0x100000 }, LOAD_OK },
	{ { 0x100200, 0x100000, 0x101000, 0x103000, 0x103000 }, LOAD_ERROR_MULTIBOOT1_ENTRY },
	{ { 0x100200, 0x100000, 0, 0, 0xFFFFF }, LOAD_ERROR_MULTIBOOT1_ENTRY },
	{ { 0x100200, 0x100000, 0x101001, 0, 0x100000 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0x100200, 0x100201, 0, 0, 0x100201 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0x100200, 0xFFFFF, 0, 0, 0x100000 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0x100200, 0x100000, 0x100000, 0, 0x100000 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0x100200, 0x100000, 0x101000, 0x100FFF, 0x100000 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0x100200, 0x100000, 0, 0x1000, 0x100000 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0xFFFFF200, 0xFFFFF001, 0, 0, 0xFFFFF001 }, LOAD_ERROR_NOT_RAM },
	{ { 0x100, 0xFFFFFFFF, 0, 0, 0x100 }, LOAD_ERROR_MULTIBOOT1_ADDRESSES },
	{ { 0x200, 0, 0, 0, 0x100 }, LOAD_ERROR_OVERLAPS_BIOS_DATA },
	{ { 0xA0000, 0x9FE00, 0, 0, 0x9FE00 }, LOAD_ERROR_NOT_RAM },
	{ { 0xE0200, 0xE0000, 0, 0, 0xE0000 }, LOAD_ERROR_NOT_RAM },
	{ { 0x3E00200, 0x3E00000, 0, 0, 0x3E00000 }, LOAD_ERROR_OVERLAPS_STAGING },
	{ { 0x100200, 0x100000, 0, 0x3E00001, 0x100000 }, LOAD_ERROR_OVERLAPS_STAGING },
	{ { 0x100200, 0x100000, 0, 0x4000001, 0x100000 }, LOAD_ERROR_NOT_RAM },
};

static void flat_kernels_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flats) / sizeof(flats[0]); i++) {
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		memset(file, 0x90, sizeof(file));
		put_header(file, HEADER, 0x10000);
		for (uint32_t f = 0; f < 5; f++)
			bytes_put32(file + HEADER + 12 + 4 * f, flats[i].fields[f]);
		assert_int_equal(load(&world, file, sizeof(file)), flats[i].error);
		if (!flats[i].error)
			assert_int_equal(world.boot.rip, flats[i].fields[4]);
		assert_false(world_has_overlaps(&world));
		world_close(&world);
	}
}

static void segments_that_overlap_are_refused(void **state)
{
	const struct make_segment other = { MIB + 8191, MIB + 8191, 1, 1 };
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, 0);
	make_elf_segment(file, &elf32, &other);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_OVERLAPS_PLACED);
	world_close(&world);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (uint32_t bytes = 1; bytes < MAKE_ELF_CONTENTS + 1024; bytes += 7) {
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		make_kernel(file, 0);
		assert_int_not_equal(load(&world, file, bytes), LOAD_OK);
		world_close(&world);
	}
}

static void largest_information_fits(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;
	char line[PAYLOAD_MAX_COMMAND_LINE];

	(void)state;
	make_kernel(file, 3);
	memset(line, 'x', sizeof(line));
	world_open(&world, 64 * MIB);
	world_add(&world, PART_KERNEL_MULTIBOOT1, file, sizeof(file));
	world_add(&world, PART_COMMAND_LINE, line, sizeof(line));
	while (world.payload.count < PAYLOAD_MAX_PARTS) {
		world_add(&world, PART_MODULE, "m", 1);
		memset(world.payload.parts[world.payload.count - 1].text, 't',
		       PAYLOAD_TEXT_BYTES - 1);
	}
	assert_int_equal(world_load(&world), LOAD_OK);
	const uint8_t *info = world_at(&world, world.boot.rbx, 120);

	assert_int_equal(bytes_get32(info + 20), PAYLOAD_MAX_PARTS - 2);
	assert_int_equal(strlen((char *)world_at(&world, bytes_get32(info + 16), 4096)),
			 sizeof(line));
	assert_false(world_has_overlaps(&world));
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_and_start_are_right),
		cmocka_unit_test(information_is_complete),
		cmocka_unit_test(memory_map_is_the_partitions),
		cmocka_unit_test(required_flags_are_refused),
		cmocka_unit_test(header_is_searched_where_it_may_be),
		cmocka_unit_test(flat_kernels_are_checked),
		cmocka_unit_test(segments_that_overlap_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(largest_information_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
