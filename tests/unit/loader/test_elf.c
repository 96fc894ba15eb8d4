/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF reader, for both classes: one that loads, then every field wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loader/elf.h"
#include "make_elf.h"

#define MIB (1ull << 20)

static const struct elf_layout *const layouts[] = { &elf32, &elf64 };

static const struct make_segment text = { MIB, MIB, 512, 4096 };
static const struct make_segment data = { 2 * MIB, 3 * MIB, 256, 256 };

static void make_good(uint8_t *file, const struct elf_layout *at)
{
	make_elf(file, at, MIB + 16);
	make_elf_segment(file, at, &text);
	make_elf_segment(file, at, &data);
}

/* Parses a copy of exactly `bytes` bytes. */
static enum load_error parse(const uint8_t *file, uint64_t bytes, struct elf_image *image)
{
	uint8_t *copy = malloc(bytes ? bytes : 1);
	const struct load_part part = { .bytes = copy, .size = bytes };

	memcpy(copy, file, bytes);
	enum load_error error = elf_parse(&part, image);
	free(copy);
	return error;
}

static void both_classes_are_read(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		uint8_t file[MAKE_ELF_BYTES];
		struct elf_image image;

		make_good(file, layouts[i]);
		assert_int_equal(parse(file, sizeof(file), &image), LOAD_OK);
		assert_int_equal(image.count, 2);
		assert_int_equal(image.entry, MIB + 16);
		assert_int_equal(image.segments[1].address, 3 * MIB);
		assert_int_equal(image.segments[1].file_bytes, 256);
	}
}

struct entry_case {
	uint64_t entry;
	enum load_error error;
	uint32_t physical;
};

static const struct entry_case entries[] = {
	{ 2 * MIB, LOAD_OK, 3 * MIB },                /* virtual, to be translated */
	{ 2 * MIB + 255, LOAD_OK, 3 * MIB + 255 },
	{ 2 * MIB + 256, LOAD_ERROR_ELF_ENTRY, 0 },
	{ 3 * MIB + 1, LOAD_OK, 3 * MIB + 1 },        /* already physical */
	{ MIB - 1, LOAD_ERROR_ELF_ENTRY, 0 },
	{ 0, LOAD_ERROR_ELF_ENTRY, 0 },
};

static void entry_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		for (int c = 0; c < 2; c++) {
			uint8_t file[MAKE_ELF_BYTES];
			struct elf_image image;

			make_good(file, layouts[c]);
			make_elf_word(file, layouts[c], layouts[c]->entry, entries[i].entry);
			assert_int_equal(parse(file, sizeof(file), &image), entries[i].error);
			if (!entries[i].error)
				assert_int_equal(image.entry, entries[i].physical);
		}
}

static void higher_half_is_translated(void **state)
{
	const struct make_segment high = { 0xFFFFFFFF80100000ull, MIB, 512, 4096 };
	uint8_t file[MAKE_ELF_BYTES];
	struct elf_image image;

	(void)state;
	make_elf(file, &elf64, 0xFFFFFFFF80100040ull);
	make_elf_segment(file, &elf64, &high);
	assert_int_equal(parse(file, sizeof(file), &image), LOAD_OK);
	assert_int_equal(image.entry, MIB + 0x40);
}

struct bad_byte {
	uint32_t offset;
	uint16_t value;
	enum load_error error;
};

static const struct bad_byte bad_header[] = {
	{ 0, 0x4500, LOAD_ERROR_ELF_MAGIC },
	{ 4, 0x0100, LOAD_ERROR_ELF_CLASS },
	{ 4, 0x0103, LOAD_ERROR_ELF_CLASS },
	{ 4, 0x0202, LOAD_ERROR_ELF_CLASS },
	{ 16, 3, LOAD_ERROR_ELF_TYPE },
	{ 16, 1, LOAD_ERROR_ELF_TYPE },
	{ 18, 40, LOAD_ERROR_ELF_CLASS },
	{ 20, 0, LOAD_ERROR_ELF_TYPE },
};

static void header_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_header) / sizeof(bad_header[0]); i++)
		for (int c = 0; c < 2; c++) {
			uint8_t file[MAKE_ELF_BYTES];
			struct elf_image image;

			make_good(file, layouts[c]);
			bytes_put16(file + bad_header[i].offset, bad_header[i].value);
			assert_int_equal(parse(file, sizeof(file), &image), bad_header[i].error);
		}
}

static void program_headers_are_checked(void **state)
{
	static const uint16_t counts[] = { 0, ELF_MAX_SEGMENTS + 1, 0xFFFF };

	(void)state;
	for (int c = 0; c < 2; c++) {
		const struct elf_layout *at = layouts[c];
		uint8_t file[MAKE_ELF_BYTES];
		struct elf_image image;

		for (int i = 0; i < 3; i++) {
			make_good(file, at);
			bytes_put16(file + at->segment_count, counts[i]);
			assert_int_equal(parse(file, sizeof(file), &image),
					 LOAD_ERROR_ELF_SEGMENTS);
		}
		make_good(file, at);
		bytes_put16(file + at->segment_size, 8);
		assert_int_equal(parse(file, sizeof(file), &image), LOAD_ERROR_ELF_SEGMENTS);
		make_good(file, at);
		make_elf_word(file, at, at->segments, UINT64_MAX - 15);
		assert_int_equal(parse(file, sizeof(file), &image), LOAD_ERROR_ELF_SEGMENTS);
		make_good(file, at);
		bytes_put32(file + at->first, 6);
		bytes_put32(file + at->first + at->step, 6);
		assert_int_equal(parse(file, sizeof(file), &image), LOAD_ERROR_ELF_SEGMENTS);
	}
}

struct bad_segment {
	uint64_t offset, address, file_bytes, memory_bytes;
	enum load_error error;
};

static const struct bad_segment bad_segments[] = {
	{ 1024, MIB, 513, 512, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 1024, MIB, 3073, 4096, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 4097, MIB, 0, 4096, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 0xFFFFFFFF, MIB, 2, 4096, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 1024, MIB, 0xFFFFFFFF, 0xFFFFFFFF, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 1024, 0xFFFFF001, 16, 4096, LOAD_ERROR_ELF_ABOVE_4G },
	{ 1024, 0xFFFFFFFF, 0, 2, LOAD_ERROR_ELF_ABOVE_4G },
	{ 1024, MIB, 3072, 3072, LOAD_OK },
	{ 1024, 0xFFFFF000, 16, 4096, LOAD_OK },
};

static const struct bad_segment bad_segments64[] = {
	{ UINT64_MAX, MIB, 1, 4096, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 1024, MIB, UINT64_MAX, UINT64_MAX, LOAD_ERROR_ELF_SEGMENT_RANGE },
	{ 1024, UINT64_MAX, 1, 4096, LOAD_ERROR_ELF_ABOVE_4G },
	{ 1024, 1ull << 32, 1, 1, LOAD_ERROR_ELF_ABOVE_4G },
	{ 1024, MIB, 1, UINT64_MAX - MIB + 1, LOAD_ERROR_ELF_ABOVE_4G },
};

static void try_segment(const struct elf_layout *at, const struct bad_segment *bad)
{
	uint8_t file[MAKE_ELF_BYTES];
	struct elf_image image;

	make_good(file, at);
	make_elf_word(file, at, at->entry, 2 * MIB);
	make_elf_word(file, at, at->first + at->offset, bad->offset);
	make_elf_word(file, at, at->first + at->address, bad->address);
	make_elf_word(file, at, at->first + at->file_bytes, bad->file_bytes);
	make_elf_word(file, at, at->first + at->memory_bytes, bad->memory_bytes);
	assert_int_equal(parse(file, sizeof(file), &image), bad->error);
}

static void segments_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_segments) / sizeof(bad_segments[0]); i++) {
		try_segment(&elf32, &bad_segments[i]);
		try_segment(&elf64, &bad_segments[i]);
	}
	for (size_t i = 0; i < sizeof(bad_segments64) / sizeof(bad_segments64[0]); i++)
		try_segment(&elf64, &bad_segments64[i]);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (int c = 0; c < 2; c++)
		for (uint32_t bytes = 0; bytes < MAKE_ELF_CONTENTS + 512; bytes++) {
			uint8_t file[MAKE_ELF_BYTES];
			struct elf_image image;

			make_good(file, layouts[c]);
			assert_int_not_equal(parse(file, bytes, &image), LOAD_OK);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_classes_are_read),
		cmocka_unit_test(entry_is_found),
		cmocka_unit_test(higher_half_is_translated),
		cmocka_unit_test(header_is_checked),
		cmocka_unit_test(program_headers_are_checked),
		cmocka_unit_test(segments_are_checked),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
