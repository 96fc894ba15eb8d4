/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statically linked x86 ELF, 32 or 64 bits, to be loaded by physical address below 4 GiB. Source:
 * System V ABI, "Object Files".
 */
#ifndef LOADER_ELF_H
#define LOADER_ELF_H

#include "loader/loader.h"

#define ELF_MAX_SEGMENTS 64

struct elf_segment {
	uint64_t offset;       /* in the file; file_bytes from there lie inside it */
	uint64_t virtual_address;
	uint64_t address;      /* physical; memory_bytes from there end at or below 4 GiB */
	uint64_t file_bytes;   /* at most memory_bytes */
	uint64_t memory_bytes;
};

/* The loadable segments that occupy memory. Some 3 KiB: not for a deep stack. */
struct elf_image {
	uint32_t count;
	struct elf_segment segments[ELF_MAX_SEGMENTS];
	uint32_t entry; /* physical */
};

/* Reads and checks headers and segments of any bytes. */
enum load_error elf_parse(const struct load_part *file, struct elf_image *image);

/* Takes the segments' places; then copies them, which cannot fail. */
enum load_error elf_claim(const struct elf_image *image, struct placement *placement);
void elf_copy(const struct elf_image *image, struct loader *loader);

/* True when the physical address lies in a segment. */
bool elf_contains(const struct elf_image *image, uint64_t address);

#endif
