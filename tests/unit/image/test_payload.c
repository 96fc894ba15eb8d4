/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload's table of parts: every row of payload.def violated once names itself, limits pass,
 * look-up works.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"

#define PAYLOAD_SIZE 0x20000u

/* A valid payload in a heap block of exactly its size, so that the sanitizer sees any byte beyond.
 */
struct scene {
	uint8_t *bytes;
	uint64_t size;
	struct payload wanted; /* what the table says */
	struct payload parsed;
};

static void part_set(struct scene *s, size_t index, uint32_t type, uint64_t offset, uint64_t size)
{
	s->wanted.parts[index] = (struct payload_part){ .type = type,
							.offset = offset,
							.size = size };
	if (s->wanted.count <= index)
		s->wanted.count = index + 1;
}

static void scene_open(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->size = PAYLOAD_SIZE;
	s->bytes = calloc(1, PAYLOAD_SIZE);
	assert_non_null(s->bytes);
	part_set(s, 0, PART_KERNEL_LINUX, 0x1000, 0x4321);
	part_set(s, 1, PART_INITRD, 0x6000, 0x8000);
	part_set(s, 2, PART_COMMAND_LINE, 0x1F000, 0x1000 - 1);
	strcpy(s->wanted.parts[1].text, "an initrd");
	memset(s->bytes + 0x1F000, 'x', 0x1000);
}

static enum image_error scene_parse(struct scene *s)
{
	return payload_parse(s->bytes, s->size, &s->parsed);
}

static enum image_error scene_write_and_parse(struct scene *s)
{
	payload_write_table(&s->wanted, s->bytes);
	return scene_parse(s);
}

struct breakage {
	enum image_error error;
	void (*table)(struct scene *s); /* before the table is written */
	void (*bytes)(struct scene *s); /* after */
};

#define BREAK(name, statement)                    \
	static void break_##name(struct scene *s) \
	{                                         \
		statement;                        \
	}
BREAK(magic, s->bytes[7] = 1)
BREAK(version, bytes_put32(s->bytes + 8, 2))
BREAK(count_zero, bytes_put32(s->bytes + 12, 0))
BREAK(count_33, bytes_put32(s->bytes + 12, 33))
BREAK(count_huge, bytes_put32(s->bytes + 12, UINT32_MAX))
BREAK(header, s->bytes[16] = 1)
BREAK(header_end, s->bytes[31] = 1)
BREAK(tail, s->bytes[32 + 3 * 96] = 1)
BREAK(tail_end, s->bytes[4095] = 1)
BREAK(type_zero, s->wanted.parts[1].type = 0)
BREAK(type_new, s->wanted.parts[1].type = PART_TYPE_COUNT)
BREAK(type_huge, s->wanted.parts[0].type = UINT32_MAX)
BREAK(flag, s->bytes[32 + 4] = 1)
BREAK(flag_high, s->bytes[32 + 2 * 96 + 7] = 0x80)
BREAK(alignment, s->wanted.parts[1].offset += 8)
BREAK(overlap, s->wanted.parts[1].offset = 0x5000)
BREAK(overlap_table, s->wanted.parts[0].offset = 0)
BREAK(order, s->wanted.parts[2].offset = 0x1000)
BREAK(range, s->wanted.parts[2].size = 0x1001)
BREAK(range_wrap, s->wanted.parts[2].size = UINT64_MAX - 0x1F000 + 1)
BREAK(range_far, s->wanted.parts[2].offset = UINT64_MAX - 0xFFF)
BREAK(range_2g, s->wanted.parts[1].size = 0x80000000ull)
BREAK(range_4g, s->wanted.parts[1].size = 0x100000010ull)
BREAK(text_full, memset(s->wanted.parts[1].text, 'x', 64))
BREAK(text_behind, s->wanted.parts[1].text[63] = 'x')
BREAK(text_control, s->wanted.parts[1].text[0] = '\n')
BREAK(part_reserved, s->bytes[32 + 96 + 95] = 1)
BREAK(no_kernel, s->wanted.parts[0].type = PART_MODULE)
BREAK(two_kernels, s->wanted.parts[1].type = PART_KERNEL_LINUX)
BREAK(two_kinds, s->wanted.parts[1].type = PART_KERNEL_MULTIBOOT1)
BREAK(kernel_empty, s->wanted.parts[0].size = 0)
BREAK(two_initrds, part_set(s, 2, PART_INITRD, 0xE000, 1))
BREAK(two_lines, s->wanted.parts[1].type = PART_COMMAND_LINE)
BREAK(initrd_multiboot, s->wanted.parts[0].type = PART_KERNEL_MULTIBOOT2)
BREAK(module_linux, s->wanted.parts[1].type = PART_MODULE)
BREAK(line_long, s->wanted.parts[2].size = 0x1000)
BREAK(line_zero, s->bytes[0x1F000 + 5] = 0)
BREAK(line_newline, s->bytes[0x1F000 + 0xFFE] = '\n')
BREAK(line_high, s->bytes[0x1F000] = 0x7F)

#define TABLE(name, how)                              \
	{                                             \
		IMAGE_ERROR_##name, break_##how, NULL \
	}
#define BYTES(name, how)                              \
	{                                             \
		IMAGE_ERROR_##name, NULL, break_##how \
	}
static const struct breakage breakages[] = {
	BYTES(PAYLOAD_MAGIC, magic),
	BYTES(PAYLOAD_VERSION, version),
	BYTES(PAYLOAD_COUNT, count_zero),
	BYTES(PAYLOAD_COUNT, count_33),
	BYTES(PAYLOAD_COUNT, count_huge),
	BYTES(PAYLOAD_RESERVED, header),
	BYTES(PAYLOAD_RESERVED, header_end),
	BYTES(PAYLOAD_RESERVED, tail),
	BYTES(PAYLOAD_RESERVED, tail_end),
	TABLE(PART_TYPE, type_zero),
	TABLE(PART_TYPE, type_new),
	TABLE(PART_TYPE, type_huge),
	BYTES(PART_FLAG_UNKNOWN, flag),
	BYTES(PART_FLAG_UNKNOWN, flag_high),
	TABLE(PART_ALIGNMENT, alignment),
	TABLE(PART_OVERLAP, overlap),
	TABLE(PART_OVERLAP, overlap_table),
	TABLE(PART_OVERLAP, order),
	TABLE(PART_RANGE, range),
	TABLE(PART_RANGE, range_wrap),
	TABLE(PART_RANGE, range_far),
	TABLE(PART_RANGE, range_2g),
	TABLE(PART_RANGE, range_4g),
	TABLE(PART_TEXT, text_full),
	TABLE(PART_TEXT, text_behind),
	TABLE(PART_TEXT, text_control),
	BYTES(PART_RESERVED, part_reserved),
	TABLE(PARTS_KERNEL_COUNT, no_kernel),
	TABLE(PARTS_KERNEL_COUNT, two_kernels),
	TABLE(PARTS_KERNEL_COUNT, two_kinds),
	TABLE(PARTS_KERNEL_EMPTY, kernel_empty),
	TABLE(PARTS_INITRD_COUNT, two_initrds),
	TABLE(PARTS_COMMAND_LINE_COUNT, two_lines),
	TABLE(PARTS_INITRD_PROTOCOL, initrd_multiboot),
	TABLE(PARTS_MODULE_PROTOCOL, module_linux),
	TABLE(PARTS_COMMAND_LINE, line_long),
	BYTES(PARTS_COMMAND_LINE, line_zero),
	BYTES(PARTS_COMMAND_LINE, line_newline),
	BYTES(PARTS_COMMAND_LINE, line_high),
};

#define BREAKAGE_COUNT (sizeof(breakages) / sizeof(breakages[0]))

static void every_row_names_itself(void **state)
{
	(void)state;
	for (size_t i = 0; i < BREAKAGE_COUNT; i++) {
		struct scene s;

		scene_open(&s);
		if (breakages[i].table)
			breakages[i].table(&s);
		payload_write_table(&s.wanted, s.bytes);
		if (breakages[i].bytes)
			breakages[i].bytes(&s);
		assert_error(scene_parse(&s), breakages[i].error);
		free(s.bytes);
	}
}

#define PAYLOAD_CHECK(name, holds, sentence) IMAGE_ERROR_PAYLOAD_##name,
#define PART_CHECK(name, holds, sentence) IMAGE_ERROR_PART_##name,
#define PARTS_CHECK(name, holds, sentence) IMAGE_ERROR_PARTS_##name,
static const enum image_error rows[] = {
#include "image/payload.def"
};

static void no_row_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t j = 0;

		while (j < BREAKAGE_COUNT && breakages[j].error != rows[i])
			j++;
		if (j == BREAKAGE_COUNT)
			fail_msg("%s has no breakage", image_error_name(rows[i]));
	}
}

static void parts_are_found(void **state)
{
	struct scene s;
	const struct payload_part *part;

	(void)state;
	scene_open(&s);
	assert_error(scene_write_and_parse(&s), IMAGE_OK);
	assert_int_equal(s.parsed.count, 3);
	assert_ptr_equal(payload_kernel(&s.parsed), &s.parsed.parts[0]);
	part = payload_find(&s.parsed, PART_INITRD, NULL);
	assert_non_null(part);
	assert_ptr_equal(part->data, s.bytes + 0x6000);
	assert_int_equal(part->size, 0x8000);
	assert_string_equal(part->text, "an initrd");
	assert_null(payload_find(&s.parsed, PART_INITRD, part));
	assert_null(payload_find(&s.parsed, PART_MODULE, NULL));
	free(s.bytes);
}

static void thirty_two_modules_pass_in_order(void **state)
{
	struct scene s;
	const struct payload_part *part = NULL;

	(void)state;
	scene_open(&s);
	part_set(&s, 0, PART_KERNEL_MULTIBOOT1, 0x1000, 1);
	for (size_t i = 1; i < PAYLOAD_MAX_PARTS; i++)
		part_set(&s, i, PART_MODULE, 0, 0);
	for (size_t i = 1; i < PAYLOAD_MAX_PARTS; i++)
		s.wanted.parts[i].offset = s.size; /* empty ones, at the very end */
	assert_error(scene_write_and_parse(&s), IMAGE_OK);
	assert_int_equal(payload_count(&s.parsed, PART_MODULE), 31);
	for (size_t i = 1; i < PAYLOAD_MAX_PARTS; i++) {
		part = payload_find(&s.parsed, PART_MODULE, part);
		assert_ptr_equal(part, &s.parsed.parts[i]);
		assert_int_equal(part->size, 0);
	}
	assert_null(payload_find(&s.parsed, PART_MODULE, part));
	free(s.bytes);
}

static void empty_line_and_initrd_pass(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.wanted.parts[1].size = 0;
	s.wanted.parts[2].size = 0;
	assert_error(scene_write_and_parse(&s), IMAGE_OK);
	free(s.bytes);
}

/* Any payload shorter than its parts, down to nothing, is refused without reading beyond it. */
static void truncation_is_refused(void **state)
{
	static const size_t sizes[] = { 0,    1,      31,     32,     127,    4095,
					4096, 0x5320, 0x5321, 0xDFFF, 0x1FFFE };
	struct scene s;

	(void)state;
	scene_open(&s);
	payload_write_table(&s.wanted, s.bytes);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *shorter = malloc(sizes[i] ? sizes[i] : 1);

		memcpy(shorter, s.bytes, sizes[i]);
		assert_error(payload_parse(shorter, sizes[i], &s.parsed),
			     sizes[i] < 4096 ? IMAGE_ERROR_TRUNCATED : IMAGE_ERROR_PART_RANGE);
		free(shorter);
	}
	assert_error(payload_parse(s.bytes, 0x1FFFF, &s.parsed), IMAGE_OK);
	free(s.bytes);
}

/* What still parses after one bit changed says exactly what the table then says. */
static void every_bit_of_the_table_counts(void **state)
{
	uint8_t again[PAYLOAD_TABLE_BYTES];
	struct scene s;

	(void)state;
	scene_open(&s);
	payload_write_table(&s.wanted, s.bytes);
	for (size_t bit = 0; bit < 8 * PAYLOAD_TABLE_BYTES; bit++) {
		s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (scene_parse(&s) == IMAGE_OK) {
			payload_write_table(&s.parsed, again);
			assert_memory_equal(again, s.bytes, sizeof(again));
		}
		s.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(s.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_names_itself),
		cmocka_unit_test(no_row_is_left_out),
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(thirty_two_modules_pass_in_order),
		cmocka_unit_test(empty_line_and_initrd_pass),
		cmocka_unit_test(truncation_is_refused),
		cmocka_unit_test(every_bit_of_the_table_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
