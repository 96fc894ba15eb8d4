/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot loader's block: what is read from a good one, and that no bad one is read beyond its
 * end.
 * Links bsp/boot/multiboot2.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/boot/multiboot2.h"

struct builder { u8 bytes[8192] __attribute__((aligned(8))); u32 used; };

static void put(struct builder *b, const void *data, u32 length)
{
	memcpy(b->bytes + b->used, data, length);
	b->used += length;
}

static void put_tag(struct builder *b, u32 type, const void *data, u32 length)
{
	u32 header[2] = { type, length + 8 };

	b->used = (u32)ALIGN_UP((u64)b->used, 8);
	put(b, header, 8);
	put(b, data, length);
}

static void start(struct builder *b)
{
	memset(b, 0, sizeof(*b));
	b->used = 8;
}

static void finish(struct builder *b)
{
	put_tag(b, 0, "", 0);
	memcpy(b->bytes, &b->used, 4);
}

struct entry { u64 base, bytes; u32 type, zero; };

static void put_map(struct builder *b, const struct entry *entries, u32 count)
{
	u8 data[6000];
	u32 sizes[2] = { 24, 0 };

	memcpy(data, sizes, 8);
	memcpy(data + 8, entries, count * sizeof(*entries));
	put_tag(b, 6, data, (u32)(8 + count * sizeof(*entries)));
}

static void put_module(struct builder *b, u32 from, u32 to, const char *text)
{
	u8 data[400];
	u32 range[2] = { from, to };

	memcpy(data, range, 8);
	memcpy(data + 8, text, strlen(text) + 1);
	put_tag(b, 3, data, (u32)(8 + strlen(text) + 1));
}

static const struct entry simple_map[] = {
	{ 0x100000, 0x100000, 1, 0 }, { 0, 0x9F000, 1, 0 },          { 0x200000, 0x100000, 1, 0 },
	{ 0x9F000, 0x1000, 2, 0 },    { 0xFEC00000, 0x1000, 77, 0 },
};

/* Parses an exact heap copy, so that ASan sees any byte read beyond it. */
static enum multiboot_result parse(const struct builder *b, u32 readable, struct boot_info *info)
{
	u8 *copy = malloc(readable ? readable : 8);

	memcpy(copy, b->bytes, readable);
	enum multiboot_result result = multiboot2_parse(MULTIBOOT2_BOOTED, copy, readable, info);
	free(copy);
	return result;
}

static void build_good(struct builder *b)
{
	u8 old_rsdp[20] = { 1 }, new_rsdp[36] = { 2 };

	start(b);
	put_tag(b, 1, "quiet", 6);
	put_tag(b, 2, "loader", 7);
	put_module(b, 0x1000000, 0x1000123, "image=a");
	put_module(b, 0x2000000, 0x2000000, "");
	put_tag(b, 15, new_rsdp, 36);
	put_tag(b, 14, old_rsdp, 20);
	put_tag(b, 999, "unknown", 8);
	put_map(b, simple_map, ARRAY_SIZE(simple_map));
	finish(b);
}

static void reads_everything(void **state)
{
	struct builder b;
	struct boot_info info;

	(void)state;
	build_good(&b);
	assert_int_equal(parse(&b, b.used, &info), MULTIBOOT_OK);
	assert_string_equal(info.command_line, "quiet");
	assert_string_equal(info.loader_name, "loader");
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].end, 0x1000123);
	assert_string_equal(info.modules[0].command_line, "image=a");
	assert_int_equal(info.rsdp_bytes, 36);
	assert_int_equal(info.rsdp[0], 2);
	assert_int_equal(info.region_count, 4);
	assert_int_equal(info.regions[2].base, 0x100000);
	assert_int_equal(info.regions[2].bytes, 0x200000);
	assert_int_equal(info.regions[3].type, MEMORY_RESERVED);
}

static void refuses_every_truncation(void **state)
{
	struct builder b;
	struct boot_info info;

	(void)state;
	build_good(&b);
	for (u32 length = 8; length < b.used; length++) {
		struct builder cut = b;

		assert_int_equal(parse(&cut, length, &info), MULTIBOOT_BAD_BLOCK);
		memcpy(cut.bytes, &length, 4);
		assert_int_not_equal(parse(&cut, length, &info), MULTIBOOT_OK);
	}
}

static void survives_every_altered_byte(void **state)
{
	struct builder b;
	struct boot_info info;

	(void)state;
	build_good(&b);
	for (u32 at = 0; at < b.used; at++)
		for (u32 value = 0; value < 256; value += 15) {
			struct builder bad = b;

			bad.bytes[at] = (u8)value;
			enum multiboot_result result = parse(&bad, b.used, &info);
			assert_true(result < MULTIBOOT_RESULTS);
			for (u32 i = 0; i < info.region_count; i++)
				assert_true(info.regions[i].bytes &&
					    info.regions[i].base + info.regions[i].bytes <=
						    BIT(52));
		}
}

static void refuses_bad_values(void **state)
{
	struct builder b;
	struct boot_info info;

	(void)state;
	build_good(&b);
	assert_int_equal(multiboot2_parse(0x2BADB002, b.bytes, b.used, &info), MULTIBOOT_BAD_MAGIC);
	start(&b);
	finish(&b);
	assert_int_equal(parse(&b, b.used, &info), MULTIBOOT_NO_MEMORY_MAP);
	start(&b);
	put_map(&b, simple_map, 2);
	put_module(&b, 0x2000, 0x1000, "");
	finish(&b);
	assert_int_equal(parse(&b, b.used, &info), MULTIBOOT_BAD_BLOCK);
	start(&b);
	put_map(&b, simple_map, 2);
	for (u32 i = 0; i <= BOOT_MAX_MODULES; i++)
		put_module(&b, 0x1000, 0x2000, "");
	finish(&b);
	assert_int_equal(parse(&b, b.used, &info), MULTIBOOT_TOO_MANY_MODULES);
}

static void clips_hostile_regions(void **state)
{
	const struct entry entries[] = {
		{ ~0ull - 10, 100, 1, 0 },
		{ BIT(52) - 0x1000, ~0ull, 1, 0 },
		{ 0x1000, 0, 1, 0 },
		{ BIT(52), 1, 1, 0 },
	};
	struct builder b;
	struct boot_info info;

	(void)state;
	start(&b);
	put_map(&b, entries, ARRAY_SIZE(entries));
	finish(&b);
	assert_int_equal(parse(&b, b.used, &info), MULTIBOOT_OK);
	assert_int_equal(info.region_count, 1);
	assert_int_equal(info.regions[0].bytes, 0x1000);
}

static void merges_and_bounds_regions(void **state)
{
	struct boot_info info = { .region_count = 0 };

	(void)state;
	/* Every second page, then the gaps: the list fills up, then melts into one. */
	for (u64 i = 0; i < BOOT_MAX_REGIONS; i++)
		assert_true(boot_info_add_region(
			&info, (struct memory_region){ i * 0x2000, 0x1000, MEMORY_AVAILABLE }));
	assert_int_equal(info.region_count, BOOT_MAX_REGIONS);
	assert_false(boot_info_add_region(
		&info, (struct memory_region){ GIB(1), 0x1000, MEMORY_AVAILABLE }));
	for (u64 i = BOOT_MAX_REGIONS; i-- > 0; )
		assert_true(boot_info_add_region(
			&info,
			(struct memory_region){ i * 0x2000 + 0x1000, 0x1000, MEMORY_AVAILABLE }));
	assert_int_equal(info.region_count, 1);
	assert_int_equal(info.regions[0].bytes, BOOT_MAX_REGIONS * 0x2000);
	assert_true(boot_info_add_region(
		&info, (struct memory_region){ 0x1000, 0x1000, MEMORY_RESERVED }));
	assert_int_equal(info.region_count, 2);
}

static void cuts_long_texts(void **state)
{
	char text[600];
	struct builder b;
	struct boot_info info;

	(void)state;
	memset(text, 'x', sizeof(text));
	start(&b);
	put_tag(&b, 1, text, sizeof(text));
	put_map(&b, simple_map, 1);
	finish(&b);
	assert_int_equal(parse(&b, b.used, &info), MULTIBOOT_OK);
	assert_int_equal(strlen(info.command_line), BOOT_TEXT_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_altered_byte),
		cmocka_unit_test(refuses_bad_values),
		cmocka_unit_test(clips_hostile_regions),
		cmocka_unit_test(merges_and_bounds_regions),
		cmocka_unit_test(cuts_long_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
