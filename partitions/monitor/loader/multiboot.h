/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both Multiboot versions share: loading by address fields, the place of the boot information,
 * and how the kernel starts. Source: Multiboot Specification 0.6.96, Multiboot2 Specification 2.0.
 */
#ifndef LOADER_MULTIBOOT_H
#define LOADER_MULTIBOOT_H

#include "loader/elf.h"

/* Room for the information of 32 modules with texts, a whole command line and the memory map. */
#define MULTIBOOT_INFO_BYTES 16384u
#define MULTIBOOT_MMAP_ENTRY_BYTES 24u

/* The address fields of a header: physical addresses, and where in the file the header is. */
struct multiboot_addresses {
	uint32_t header;
	uint32_t load;
	uint32_t load_end;
	uint32_t bss_end;
	uint32_t header_offset;
};

/* The boot information while it is written, front to back. */
struct multiboot_info {
	uint8_t *bytes;
	uint32_t gpa;
	uint32_t used;
};

/* A file to be loaded flat, as one segment (entry left 0). False when the fields contradict the
 * file or each other. */
bool multiboot_flat(const struct load_part *file, const struct multiboot_addresses *fields,
		    struct elf_image *image);

/* Takes the kernel's place, the modules' where they have to move, and the information's, which is
 * *info_gpa. */
enum load_error multiboot_place(struct loader *loader, const struct elf_image *image,
				uint64_t *info_gpa);

/* Copies the kernel and starts an empty information block. */
struct multiboot_info multiboot_begin(struct loader *loader, const struct elf_image *image,
				      uint64_t info_gpa);

/* The next `count` bytes of the block, zero, 8-byte aligned. */
uint8_t *multiboot_take(struct multiboot_info *info, uint32_t count);

/* KiB of RAM from 1 MiB up to the first hole. */
uint32_t multiboot_upper_kib(const struct loader *loader);

/* Protected mode at `entry` with the magic in EAX and the information in EBX. */
void multiboot_start(struct boot_state *boot, uint32_t magic, uint32_t entry,
		     const struct multiboot_info *info);

#endif
