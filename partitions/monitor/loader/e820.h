/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory map a partition is told, whatever the boot protocol: ascending, without overlaps. Owns
 * the places below 1 MiB. Source: ACPI Specification "INT 15H, E820H - Query System Address Map".
 */
#ifndef LOADER_E820_H
#define LOADER_E820_H

#include "loader/guest_ram.h"

#define E820_MAX 8
#define E820_MIN_RAM_BYTES (16ull << 20)

/* Below 1 MiB: real-mode vectors and BIOS data (bios_data.h), RAM, nothing (a PC has its display
 * there), tables. */
#define E820_BIOS_DATA_END 0x1000ull
#define E820_LOW_END 0xA0000ull
#define E820_ACPI_BASE 0xE0000ull
#define E820_ACPI_BYTES 0x10000ull
#define E820_RAM_AGAIN 0x100000ull

enum e820_type { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3 };

struct e820_entry {
	uint64_t base;
	uint64_t bytes;
	uint32_t type;
};

struct e820_map {
	uint32_t count;
	struct e820_entry entries[E820_MAX];
};

/* RAM of at least E820_MIN_RAM_BYTES; a last page that is not whole is left out. */
void e820_build(const struct guest_ram *ram, struct e820_map *map);

#endif
