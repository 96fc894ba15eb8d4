/* SPDX-License-Identifier: Apache-2.0 */
/* The few fields of a 64-bit ELF that loading our own embedded monitor needs. Source: ELF-64 object file format. */
#ifndef KERNEL_ELF_HEADER_H
#define KERNEL_ELF_HEADER_H

#include "bsp/types.h"

#define ELF_MAGIC 0x464C457Fu
enum { ELF_LOAD = 1 };
enum { ELF_EXECUTABLE = 1, ELF_WRITABLE = 2 };

struct elf_header {
	u32 magic;
	u8 identity[12];
	u16 type, machine;
	u32 version;
	u64 entry, segments_offset, sections_offset;
	u32 flags;
	u16 header_bytes, segment_bytes, segment_count;
};

struct elf_segment {
	u32 type, flags;
	u64 offset, virtual_address, physical_address, file_bytes, memory_bytes, alignment;
};

#endif
