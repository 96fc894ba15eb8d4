/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiboot2 kernels: header tags by the table, information tags as a kernel walks them.
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
#define HEADER 0x200u

struct tag {
	uint16_t type, flags;
	uint32_t size; /* as told; the room taken is this, rounded up */
	uint32_t words[6];
};

static const struct make_segment segment = { MIB, MIB, 1024, 8192 };
static const struct tag end_tag = { 0, 0, 8, { 0 } };

static uint32_t put_tag(uint8_t *at, const struct tag *tag)
{
	bytes_put16(at, tag->type);
	bytes_put16(at + 2, tag->flags);
	bytes_put32(at + 4, tag->size);
	for (uint32_t i = 0; i < 6 && 8 + 4 * i < tag->size && tag->size < 64; i++)
		bytes_put32(at + 8 + 4 * i, tag->words[i]);
	return tag->size >= 8 && tag->size < 64 ? (tag->size + 7) & ~7u : 8;
}

static void put_header(uint8_t *file, uint32_t architecture, uint32_t length)
{
	bytes_put32(file + HEADER, 0xE85250D6);
	bytes_put32(file + HEADER + 4, architecture);
	bytes_put32(file + HEADER + 8, length);
	bytes_put32(file + HEADER + 12, 0u - 0xE85250D6 - architecture - length);
}

/* A 64-bit ELF with up to two header tags before the end tag. */
static void make_kernel(uint8_t file[MAKE_ELF_BYTES], const struct tag *first,
			const struct tag *second)
{
	uint32_t at = HEADER + 16;

	make_elf(file, &elf64, MIB + 8);
	make_elf_segment(file, &elf64, &segment);
	if (first)
		at += put_tag(file + at, first);
	if (second)
		at += put_tag(file + at, second);
	at += put_tag(file + at, &end_tag);
	put_header(file, 0, at - HEADER);
}

static enum load_error load(struct world *world, const uint8_t *file, uint64_t bytes)
{
	world_open(world, 64 * MIB);
	world_add(world, PART_KERNEL_MULTIBOOT2, file, bytes);
	return world_load(world);
}

/* The n-th information tag of a type, or null. */
static const uint8_t *find_tag(const struct world *world, uint32_t type, uint32_t n)
{
	const uint8_t *root = world_at(world, world->boot.rbx, 8);
	uint32_t total = bytes_get32(root);
	uint32_t at = 8;

	while (at < total) {
		const uint8_t *tag = world_at(world, world->boot.rbx + at, 8);

		if (bytes_get32(tag) == type && !n--)
			return tag;
		assert_true(bytes_get32(tag + 4) >= 8);
		at += (bytes_get32(tag + 4) + 7) & ~7u;
	}
	assert_int_equal(at, total);
	return NULL;
}

static void kernel_and_start_are_right(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, NULL, NULL);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_OK);
	assert_int_equal(world.boot.mode, BOOT_FLAT32);
	assert_int_equal(world.boot.rip, MIB + 8);
	assert_int_equal(world.boot.rax, 0x36D76289);
	assert_int_equal(world.boot.rbx % 8, 0);
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
	make_kernel(file, NULL, NULL);
	world_open(&world, 64 * MIB);
	world_add(&world, PART_KERNEL_MULTIBOOT2, file, sizeof(file));
	world_add(&world, PART_MODULE, "first", 5);
	world_add(&world, PART_MODULE, "second", 6);
	world_add(&world, PART_COMMAND_LINE, "a=b c", 5);
	assert_int_equal(world_load(&world), LOAD_OK);
	assert_string_equal((char *)find_tag(&world, 1, 0) + 8, "a=b c");
	assert_string_equal((char *)find_tag(&world, 2, 0) + 8, "Nestbox");
	const uint8_t *module = find_tag(&world, 3, 1);

	assert_int_equal(bytes_get32(module + 12) - bytes_get32(module + 8), 6);
	assert_memory_equal(world_at(&world, bytes_get32(module + 8), 6), "second", 6);
	assert_string_equal((char *)module + 16, "a part");
	assert_null(find_tag(&world, 3, 2));
	assert_int_equal(bytes_get32(find_tag(&world, 4, 0) + 12), 63 * 1024);
	assert_null(find_tag(&world, 14, 0)); /* no RSDP was told */
	assert_non_null(find_tag(&world, 0, 0));
	world_close(&world);
}

static void memory_map_is_the_partitions(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, NULL, NULL);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_OK);
	const uint8_t *tag = find_tag(&world, 6, 0);

	assert_int_equal(bytes_get32(tag + 4), 16 + 24 * world.loader.map.count);
	assert_int_equal(bytes_get32(tag + 8), 24);
	for (uint32_t i = 0; i < world.loader.map.count; i++) {
		assert_int_equal(bytes_get64(tag + 16 + 24 * i), world.loader.map.entries[i].base);
		assert_int_equal(bytes_get64(tag + 24 + 24 * i), world.loader.map.entries[i].bytes);
		assert_int_equal(bytes_get32(tag + 32 + 24 * i), world.loader.map.entries[i].type);
	}
	world_close(&world);
}

struct tag_case {
	struct tag tag;
	enum load_error error;
};

static const struct tag_case tag_cases[] = {
	{ { 1, 0, 16, { 1, 6 } }, LOAD_OK },
	{ { 1, 0, 12, { 15 } }, LOAD_OK },
	{ { 1, 0, 12, { 9 } }, LOAD_ERROR_MULTIBOOT2_INFORMATION },
	{ { 1, 0, 16, { 1, 0xFFFFFFFF } }, LOAD_ERROR_MULTIBOOT2_INFORMATION },
	{ { 1, 0, 12, { 33 } }, LOAD_ERROR_MULTIBOOT2_INFORMATION },
	{ { 1, 1, 12, { 9 } }, LOAD_OK },
	{ { 4, 0, 12, { 1 } }, LOAD_ERROR_MULTIBOOT2_DISPLAY },
	{ { 4, 1, 12, { 1 } }, LOAD_OK },
	{ { 4, 0, 12, { 2 } }, LOAD_OK },
	{ { 4, 0, 8, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
	{ { 5, 0, 20, { 1024, 768, 32 } }, LOAD_ERROR_MULTIBOOT2_DISPLAY },
	{ { 5, 1, 20, { 1024, 768, 32 } }, LOAD_OK },
	{ { 6, 0, 8, { 0 } }, LOAD_OK },
	{ { 7, 0, 8, { 0 } }, LOAD_ERROR_MULTIBOOT2_REQUIRED },
	{ { 7, 1, 8, { 0 } }, LOAD_OK },
	{ { 9, 0, 12, { 0 } }, LOAD_OK },
	{ { 10, 0, 24, { 0, 0xFFFFFFFF, 4096, 0 } }, LOAD_OK },
	{ { 11, 0, 8, { 0 } }, LOAD_ERROR_MULTIBOOT2_REQUIRED },
	{ { 11, 1, 8, { 0 } }, LOAD_OK },
	{ { 0xFFFF, 0, 8, { 0 } }, LOAD_ERROR_MULTIBOOT2_REQUIRED },
	{ { 6, 0, 7, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
	{ { 6, 0, 0, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
	{ { 6, 0, 0xFFFFFFFF, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
	{ { 6, 0, 0xFFFFFFF9, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
	{ { 3, 0, 12, { MIB + 0x100 } }, LOAD_OK },
	{ { 3, 0, 12, { MIB - 1 } }, LOAD_ERROR_MULTIBOOT2_ENTRY },
	{ { 3, 0, 8, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
	{ { 2, 0, 20, { 0 } }, LOAD_ERROR_MULTIBOOT2_TAG },
};

static void tags_are_obeyed_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tag_cases) / sizeof(tag_cases[0]); i++) {
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		make_kernel(file, &tag_cases[i].tag, NULL);
		assert_int_equal(load(&world, file, sizeof(file)), tag_cases[i].error);
		world_close(&world);
	}
}

/* header, load, load end, bss end; entry; the header lies at HEADER of 4096 bytes. */
struct flat_case {
	uint32_t fields[4], entry;
	enum load_error error;
};

static const struct flat_case flats[] = {
	{ { 0x100200, 0x100000, 0, 0 }, 0x100000, LOAD_OK },
	{ { 0x100200, 0x100000, 0x101000, 0x104000 }, 0x103FFF, LOAD_OK },
	{ { 0x100200, 0xFFFFFFFF, 0, 0 }, 0x100000, LOAD_OK },
	{ { 0x100200, 0x100000, 0, 0 }, 0x101000, LOAD_ERROR_MULTIBOOT2_ENTRY },
	{ { 0x100200, 0x100000, 0, 0 }, 0, LOAD_ERROR_MULTIBOOT2_ENTRY },
	{ { 0x100200, 0x100201, 0, 0 }, 0x100201, LOAD_ERROR_MULTIBOOT2_ADDRESSES },
	{ { 0x100200, 0x100000, 0x100001, 0x100000 }, 0x100000, LOAD_ERROR_MULTIBOOT2_ADDRESSES },
	{ { 0x100200, 0x100000, 0xFFFFFFFF, 0 }, 0x100000, LOAD_ERROR_MULTIBOOT2_ADDRESSES },
	{ { 0xC0000200, 0xC0000000, 0, 0 }, 0xC0000000, LOAD_ERROR_NOT_RAM },
};

static void flat_kernels_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(flats) / sizeof(flats[0]); i++) {
		const struct flat_case *c = &flats[i];
		const struct tag addresses = {
			2, 0, 24, { c->fields[0], c->fields[1], c->fields[2], c->fields[3] }
		};
		const struct tag entry = { 3, 0, 12, { c->entry } };
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		make_kernel(file, &addresses, &entry);
		assert_int_equal(load(&world, file, sizeof(file)), c->error);
		if (!c->error)
			assert_int_equal(world.boot.rip, c->entry);
		world_close(&world);
	}
}

static void flat_kernel_needs_an_entry(void **state)
{
	const struct tag addresses = { 2, 0, 24, { 0x100200, 0x100000, 0, 0 } };
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, &addresses, NULL);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_MULTIBOOT2_ENTRY);
	world_close(&world);
}

struct header_case {
	uint32_t architecture, length;
	enum load_error error;
};

static const struct header_case headers[] = {
	{ 4, 24, LOAD_ERROR_MULTIBOOT2_ARCHITECTURE },
	{ 0, 0, LOAD_ERROR_MULTIBOOT2_TAG },
	{ 0, 16, LOAD_ERROR_MULTIBOOT2_TAG },
	{ 0, 23, LOAD_ERROR_MULTIBOOT2_TAG },
	{ 0, 24, LOAD_OK },
	{ 0, 4096, LOAD_ERROR_MULTIBOOT2_TAG },
	{ 0, 0xFFFFFFFF, LOAD_ERROR_MULTIBOOT2_TAG },
	{ 0, 0xFFFFFE00, LOAD_ERROR_MULTIBOOT2_TAG },
};

static void header_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		make_kernel(file, NULL, NULL);
		put_header(file, headers[i].architecture, headers[i].length);
		assert_int_equal(load(&world, file, sizeof(file)), headers[i].error);
		world_close(&world);
	}
}

static void header_is_searched_where_it_may_be(void **state)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct world world;

	(void)state;
	make_kernel(file, NULL, NULL);
	file[HEADER + 12]++;
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_MULTIBOOT2_HEADER);
	world_close(&world);
	/* Not on an 8-byte boundary. */
	make_kernel(file, NULL, NULL);
	memmove(file + HEADER + 4, file + HEADER, 24);
	memset(file + HEADER, 0, 4);
	assert_int_equal(load(&world, file, sizeof(file)), LOAD_ERROR_MULTIBOOT2_HEADER);
	world_close(&world);
}

static void every_truncation_is_refused(void **state)
{
	const struct tag request = { 1, 0, 16, { 1, 6 } };

	(void)state;
	for (uint32_t bytes = 1; bytes < MAKE_ELF_CONTENTS + 1024; bytes += 7) {
		uint8_t file[MAKE_ELF_BYTES];
		struct world world;

		make_kernel(file, &request, NULL);
		assert_int_not_equal(load(&world, file, bytes), LOAD_OK);
		world_close(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_and_start_are_right),
		cmocka_unit_test(information_is_complete),
		cmocka_unit_test(memory_map_is_the_partitions),
		cmocka_unit_test(tags_are_obeyed_or_refused),
		cmocka_unit_test(flat_kernels_are_checked),
		cmocka_unit_test(flat_kernel_needs_an_entry),
		cmocka_unit_test(header_is_checked),
		cmocka_unit_test(header_is_searched_where_it_may_be),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
