/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the boot loader told us, copied out of its information block and checked: every size and
 * offset in the block is taken as hostile. Pure; the block is read once. Source: Multiboot2
 * Specification 3.6 "Boot information".
 */
#ifndef BSP_BOOT_MULTIBOOT2_H
#define BSP_BOOT_MULTIBOOT2_H

#include "bsp/types.h"

#define MULTIBOOT2_BOOTED 0x36D76289u
#define MULTIBOOT2_MAX_BYTES MIB(1)

#define BOOT_MAX_REGIONS 128
#define BOOT_MAX_MODULES 8
#define BOOT_TEXT_BYTES 256
#define BOOT_RSDP_BYTES 36

/* The firmware's numbers. */
enum memory_type {
	MEMORY_AVAILABLE = 1,
	MEMORY_RESERVED = 2,
	MEMORY_ACPI = 3,
	MEMORY_ACPI_NVS = 4,
	MEMORY_BAD = 5,
};

/* [base, base + bytes), never wraps, below 2^52, bytes > 0. */
struct memory_region { u64 base, bytes; u32 type; };

struct boot_module {
	u64 start, end;             /* physical, end exclusive, start <= end */
	char command_line[BOOT_TEXT_BYTES];
};

struct boot_info {
	/* By base; touching and overlapping regions of one type are one. Different types may
	 * overlap: trust the worse. */
	struct memory_region regions[BOOT_MAX_REGIONS];
	u32 region_count;
	struct boot_module modules[BOOT_MAX_MODULES];
	u32 module_count;
	u8 rsdp[BOOT_RSDP_BYTES];
	u32 rsdp_bytes;             /* 0: the loader gave none; 20 or 36 */
	char command_line[BOOT_TEXT_BYTES];
	char loader_name[BOOT_TEXT_BYTES];
};

enum multiboot_result {
	MULTIBOOT_OK,
	MULTIBOOT_BAD_MAGIC,
	MULTIBOOT_BAD_BLOCK,
	MULTIBOOT_NO_MEMORY_MAP,
	MULTIBOOT_TOO_MANY_REGIONS,
	MULTIBOOT_TOO_MANY_MODULES,
	MULTIBOOT_RESULTS,
};

/* block: 8-byte aligned, at least 8 bytes; no more than readable bytes of it are read. Texts too
 * long are cut. */
enum multiboot_result must_check multiboot2_parse(u64 magic, const void *block, u64 readable,
						  struct boot_info *info);
/* One line for the log, with the remedy. */
const char *multiboot2_result_text(enum multiboot_result result);

/* Adds a region, sorted and merged. False: no room. */
bool must_check boot_info_add_region(struct boot_info *info, struct memory_region region);

#endif
