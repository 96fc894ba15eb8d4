/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small ELF files for the loader's tests: a header, program headers behind it, contents from
 * MAKE_ELF_CONTENTS on.
 */
#ifndef TESTS_LOADER_MAKE_ELF_H
#define TESTS_LOADER_MAKE_ELF_H

#include <stdint.h>
#include <string.h>

#include "image/bytes.h"

#define MAKE_ELF_BYTES 4096u
#define MAKE_ELF_CONTENTS 1024u

/* Offsets of the fields the tests change. */
struct elf_layout {
	uint32_t word;                                     /* bytes of an address */
	uint32_t entry, segments, segment_size, segment_count; /* in the header */
	uint32_t first; /* the first program header; `step` to the next */
	uint32_t step, offset, virtual_address, address, file_bytes, memory_bytes;
};

static const struct elf_layout elf32 = { 4, 24, 28, 42, 44, 52, 32, 4, 8, 12, 16, 20 };
static const struct elf_layout elf64 = { 8, 24, 32, 54, 56, 64, 56, 8, 16, 24, 32, 40 };

static inline void make_elf_word(uint8_t *file, const struct elf_layout *at, uint32_t offset,
				 uint64_t value)
{
	if (at->word == 8)
		bytes_put64(file + offset, value);
	else
		bytes_put32(file + offset, (uint32_t)value);
}

struct make_segment {
	uint64_t virtual_address, address, file_bytes, memory_bytes;
};

static inline void make_elf_segment(uint8_t *file, const struct elf_layout *at,
				    const struct make_segment *segment)
{
	uint32_t index = bytes_get16(file + at->segment_count);
	uint32_t row = at->first + index * at->step;

	bytes_put16(file + at->segment_count, (uint16_t)(index + 1));
	bytes_put32(file + row, 1);
	make_elf_word(file, at, row + at->offset, MAKE_ELF_CONTENTS);
	make_elf_word(file, at, row + at->virtual_address, segment->virtual_address);
	make_elf_word(file, at, row + at->address, segment->address);
	make_elf_word(file, at, row + at->file_bytes, segment->file_bytes);
	make_elf_word(file, at, row + at->memory_bytes, segment->memory_bytes);
}

/* A file of MAKE_ELF_BYTES without segments. */
static inline void make_elf(uint8_t *file, const struct elf_layout *at, uint64_t entry)
{
	for (uint32_t i = 0; i < MAKE_ELF_BYTES; i++)
		file[i] = i < MAKE_ELF_CONTENTS ? 0 : (uint8_t)(i * 13 + 1);
	memcpy(file, "\177ELF", 4);
	file[4] = at->word == 8 ? 2 : 1;
	file[5] = 1;
	file[6] = 1;
	bytes_put16(file + 16, 2);
	bytes_put16(file + 18, at->word == 8 ? 62 : 3);
	bytes_put32(file + 20, 1);
	make_elf_word(file, at, at->entry, entry);
	make_elf_word(file, at, at->segments, at->first);
	bytes_put16(file + at->segment_size, (uint16_t)at->step);
}

#endif
