/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bzImages made of nothing but a header: one that loads, then every field wrong, every truncation,
 * every limit of the initrd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "world.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define SETUP_BYTES 1024u
#define FILE_BYTES 8192u
#define PREFERRED (16 * MIB)
#define INIT_SIZE (4 * MIB)

static void make_kernel(uint8_t file[FILE_BYTES])
{
	for (uint32_t i = 0; i < FILE_BYTES; i++)
		file[i] = i < SETUP_BYTES ? 0 : (uint8_t)(i * 7);
	file[0x1F1] = 1;
	bytes_put16(file + 0x1FE, 0xAA55);
	file[0x201] = 0x264 - 0x202;
	memcpy(file + 0x202, "HdrS", 4);
	bytes_put16(file + 0x206, 0x20F);
	file[0x211] = 1;
	bytes_put32(file + 0x22C, 0x7FFFFFFF);
	bytes_put32(file + 0x230, 2 * MIB);
	file[0x234] = 1;
	bytes_put16(file + 0x236, 3);
	bytes_put32(file + 0x238, 2047);
	bytes_put64(file + 0x258, PREFERRED);
	bytes_put32(file + 0x260, INIT_SIZE);
}

static const char line[] = "console=ttyS0 quiet";

static void loads_in_the_preferred_place(void **state)
{
	uint8_t file[FILE_BYTES];
	struct world world;

	(void)state;
	make_kernel(file);
	world_open(&world, 256 * MIB);
	world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
	world_add(&world, PART_INITRD, "initrd", 6);
	world_add(&world, PART_COMMAND_LINE, line, strlen(line));
	assert_int_equal(world_load(&world), LOAD_OK);
	assert_int_equal(world.boot.mode, BOOT_LONG64);
	assert_int_equal(world.boot.rip, PREFERRED + 0x200);
	assert_memory_equal(world_at(&world, PREFERRED, FILE_BYTES - SETUP_BYTES),
			    file + SETUP_BYTES, FILE_BYTES - SETUP_BYTES);
	assert_false(world_has_overlaps(&world));
	world_close(&world);
}

static void zero_page_tells_everything(void **state)
{
	uint8_t file[FILE_BYTES];
	struct world world;

	(void)state;
	make_kernel(file);
	world_open(&world, 4 * GIB);
	world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
	world_add(&world, PART_INITRD, "initrd", 6);
	world_add(&world, PART_COMMAND_LINE, line, strlen(line));
	assert_int_equal(world_load(&world), LOAD_OK);
	const uint8_t *page = world_at(&world, world.boot.rsi, 4096);

	assert_memory_equal(page + 0x212, file + 0x212, 6);
	assert_int_equal(page[0x210], 0xFF);
	assert_int_equal(bytes_get32(page + 0x21C), 6);
	assert_memory_equal(world_at(&world, bytes_get32(page + 0x218), 6), "initrd", 6);
	assert_string_equal((char *)world_at(&world, bytes_get32(page + 0x228), 4096), line);
	assert_int_equal(page[0x1E8], world.loader.map.count);
	for (uint32_t i = 0; i < world.loader.map.count; i++) {
		assert_int_equal(bytes_get64(page + 0x2D0 + 20 * i),
				 world.loader.map.entries[i].base);
		assert_int_equal(bytes_get64(page + 0x2D8 + 20 * i),
				 world.loader.map.entries[i].bytes);
		assert_int_equal(bytes_get32(page + 0x2E0 + 20 * i),
				 world.loader.map.entries[i].type);
	}
	/* No stale byte where the kernel looks for what older loaders left. */
	assert_int_equal(page[0x1EF], 0);
	assert_true(bytes_are_zero(page, 2));
	assert_int_equal(bytes_get64(page + 0x70), world.loader.rsdp);
	world_close(&world);
}

static void page_tables_are_the_identity(void **state)
{
	uint8_t file[FILE_BYTES];
	struct world world;

	(void)state;
	make_kernel(file);
	world_open(&world, 64 * MIB);
	world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
	assert_int_equal(world_load(&world), LOAD_OK);
	for (uint64_t address = 0; address < 4 * GIB; address += 2 * MIB) {
		uint64_t e4 = bytes_get64(world_at(&world, world.boot.cr3, 4096));
		uint64_t e3 =
		    bytes_get64(world_at(&world, (e4 & ~0xFFFull) + 8 * (address >> 30), 8));
		uint64_t e2 =
		    bytes_get64(world_at(&world, (e3 & ~0xFFFull) + 8 * (address >> 21 & 511), 8));

		assert_int_equal(e4 & 0xFFF, 3);
		assert_int_equal(e3 & 0xFFF, 3);
		assert_int_equal(e2, address | 0x83);
	}
	assert_int_equal(bytes_get64(world_at(&world, world.boot.gdt_base + world.boot.cs, 8)),
			 0x00AF9B000000FFFFull);
	assert_int_equal(bytes_get64(world_at(&world, world.boot.gdt_base + world.boot.ds, 8)),
			 0x00CF93000000FFFFull);
	assert_true(world.boot.ds + 7u <= world.boot.gdt_limit);
	assert_true(bytes_are_zero(world_at(&world, world.boot.cr3 + 8, 4088), 4088));
	world_close(&world);
}

struct bad_field {
	uint32_t offset, bytes;
	uint64_t value;
	enum load_error error;
};

static const struct bad_field bad_fields[] = {
	{ 0x202, 4, 0, LOAD_ERROR_LINUX_MAGIC },
	{ 0x1FE, 2, 0, LOAD_ERROR_LINUX_MAGIC },
	{ 0x206, 2, 0x20B, LOAD_ERROR_LINUX_VERSION },
	{ 0x211, 1, 0, LOAD_ERROR_LINUX_NOT_BIG },
	{ 0x236, 2, 2, LOAD_ERROR_LINUX_NOT_64 },
	{ 0x1F1, 1, 65, LOAD_ERROR_LINUX_SETUP_SECTS },
	{ 0x1F1, 1, 255, LOAD_ERROR_LINUX_SETUP_SECTS },
	{ 0x1F1, 1, 64, LOAD_ERROR_LINUX_TRUNCATED },
	{ 0x1F1, 1, 14, LOAD_ERROR_LINUX_TRUNCATED },
	{ 0x201, 1, 0x10, LOAD_ERROR_LINUX_SETUP_SECTS },
	{ 0x201, 1, 0xFF, LOAD_ERROR_LINUX_SETUP_SECTS },
	{ 0x230, 4, 0, LOAD_ERROR_LINUX_ALIGNMENT },
	{ 0x230, 4, 0x800, LOAD_ERROR_LINUX_ALIGNMENT },
	{ 0x230, 4, 0x300000, LOAD_ERROR_LINUX_ALIGNMENT },
	{ 0x230, 4, 0x80000000, LOAD_ERROR_LINUX_ALIGNMENT },
	{ 0x260, 4, 0, LOAD_ERROR_LINUX_INIT_SIZE },
	{ 0x260, 4, FILE_BYTES - SETUP_BYTES - 1, LOAD_ERROR_LINUX_INIT_SIZE },
	{ 0x260, 4, 0xFFFFFFFF, LOAD_ERROR_NO_ROOM },
	{ 0x238, 4, 18, LOAD_ERROR_LINUX_COMMAND_LINE },
	/* Addresses that cannot be had: the kernel is relocatable, so it moves. */
	{ 0x258, 8, UINT64_MAX, LOAD_OK },
	{ 0x258, 8, UINT64_MAX - INIT_SIZE + 1, LOAD_OK },
	{ 0x258, 8, 0xE0000, LOAD_OK },
	{ 0x258, 8, 0, LOAD_OK },
	{ 0x258, 8, 0xC0000000, LOAD_OK },
	{ 0x258, 8, 1ull << 32, LOAD_OK },
	{ 0x238, 4, 19, LOAD_OK },
};

static void wrong_fields_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_fields) / sizeof(bad_fields[0]); i++) {
		const struct bad_field *bad = &bad_fields[i];
		uint8_t file[FILE_BYTES];
		struct world world;

		make_kernel(file);
		for (uint32_t b = 0; b < bad->bytes; b++)
			file[bad->offset + b] = (uint8_t)(bad->value >> 8 * b);
		world_open(&world, 64 * MIB);
		world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
		world_add(&world, PART_COMMAND_LINE, line, strlen(line));
		assert_int_equal(world_load(&world), bad->error);
		assert_false(world_has_overlaps(&world));
		world_close(&world);
	}
}

static void every_truncation_is_safe(void **state)
{
	(void)state;
	for (uint32_t bytes = 1; bytes <= SETUP_BYTES + 0x201; bytes++) {
		uint8_t file[FILE_BYTES];
		struct world world;

		make_kernel(file);
		world_open(&world, 16 * MIB);
		world_add(&world, PART_KERNEL_LINUX, file, bytes);
		enum load_error error = world_load(&world);
		assert_int_equal(error, bytes > SETUP_BYTES + 0x200 ? LOAD_OK
								    : LOAD_ERROR_LINUX_TRUNCATED);
		world_close(&world);
	}
}

static void refusal_changes_nothing(void **state)
{
	uint8_t file[FILE_BYTES];
	struct world world;

	(void)state;
	make_kernel(file);
	bytes_put32(file + 0x22C, 0x1000); /* the last check of all: no room for the initrd */
	world_open(&world, 64 * MIB);
	world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
	world_add(&world, PART_INITRD, "initrd", 6);
	assert_int_equal(world_load(&world), LOAD_ERROR_LINUX_INITRD);
	assert_true(bytes_are_zero(world_at(&world, PREFERRED, INIT_SIZE), INIT_SIZE));
	for (uint32_t i = 0; i < MIB; i++)
		assert_int_equal(world.ram.base[i], 0xA5);
	world_close(&world);
}

struct initrd_case {
	uint64_t ram_bytes, initrd_bytes, initrd_max;
	bool is_moved;
	enum load_error error;
};

static const struct initrd_case initrds[] = {
	{ 64 * MIB, 8 * MIB, 0x7FFFFFFF, false, LOAD_OK },
	{ 4 * GIB, 8 * MIB, 0x7FFFFFFF, false, LOAD_OK },
	{ 4 * GIB, 8 * MIB, 0xFFFFFFFF, false, LOAD_OK },
	{ 64 * MIB, 8 * MIB, 32 * MIB - 1, true, LOAD_OK },
	{ 64 * MIB, 8 * MIB, 28 * MIB - 1, true, LOAD_OK }, /* exactly above the kernel */
	{ 64 * MIB, 13 * MIB, 28 * MIB - 1, true, LOAD_OK }, /* only below the kernel */
	{ 64 * MIB, 16 * MIB, 28 * MIB - 1, false, LOAD_ERROR_LINUX_INITRD },
	{ 64 * MIB, 8 * MIB, 0, false, LOAD_ERROR_LINUX_INITRD },
	{ 64 * MIB, 80 * MIB, 0x7FFFFFFF, false, LOAD_ERROR_NO_ROOM },
	{ 64 * MIB, 0, 0x7FFFFFFF, false, LOAD_OK },
	{ 24 * MIB, 6 * MIB, 0x7FFFFFFF, false, LOAD_OK }, /* the kernel gives way downwards */
	{ 16 * MIB, 10 * MIB, 0x7FFFFFFF, false, LOAD_ERROR_NO_ROOM },
};

static void initrd_obeys_the_kernels_limit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(initrds) / sizeof(initrds[0]); i++) {
		const struct initrd_case *c = &initrds[i];
		uint8_t file[FILE_BYTES];
		struct world world;

		make_kernel(file);
		bytes_put32(file + 0x22C, (uint32_t)c->initrd_max);
		world_open(&world, c->ram_bytes);
		world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
		world_add(&world, PART_INITRD, NULL, c->initrd_bytes);
		assert_int_equal(world_load(&world), c->error);
		if (!c->error && c->initrd_bytes) {
			uint32_t at = bytes_get32(world_at(&world, world.boot.rsi, 4096) + 0x218);

			assert_true(at + c->initrd_bytes - 1 <= c->initrd_max);
			assert_int_equal(at != world.loader.modules[0].gpa, c->is_moved);
		}
		assert_false(world_has_overlaps(&world));
		world_close(&world);
	}
}

static void fixed_kernel_needs_its_place(void **state)
{
	uint8_t file[FILE_BYTES];
	struct world world;

	(void)state;
	make_kernel(file);
	file[0x234] = 0;
	world_open(&world, 18 * MIB);
	world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
	assert_int_equal(world_load(&world), LOAD_ERROR_LINUX_NOT_RELOCATABLE);
	world_close(&world);
}

static void tiny_partition_is_refused(void **state)
{
	uint8_t file[FILE_BYTES];
	struct world world;

	(void)state;
	make_kernel(file);
	world_open(&world, E820_MIN_RAM_BYTES - 4096);
	world_add(&world, PART_KERNEL_LINUX, file, sizeof(file));
	assert_int_equal(world_load(&world), LOAD_ERROR_RAM_TOO_SMALL);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_in_the_preferred_place),
		cmocka_unit_test(zero_page_tells_everything),
		cmocka_unit_test(page_tables_are_the_identity),
		cmocka_unit_test(wrong_fields_are_named),
		cmocka_unit_test(every_truncation_is_safe),
		cmocka_unit_test(refusal_changes_nothing),
		cmocka_unit_test(initrd_obeys_the_kernels_limit),
		cmocka_unit_test(fixed_kernel_needs_its_place),
		cmocka_unit_test(tiny_partition_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
