/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the partition's memory map.
 */
#include "loader/e820.h"

#define PAGE_MASK 0xFFFull

static void add(struct e820_map *map, uint64_t base, uint64_t end, enum e820_type type)
{
	if (end > base)
		map->entries[map->count++] = (struct e820_entry){ base, end - base, type };
}

void e820_build(const struct guest_ram *ram, struct e820_map *map)
{
	uint64_t low = guest_ram_low_bytes(ram) & ~PAGE_MASK;
	uint64_t high = guest_ram_high_bytes(ram) & ~PAGE_MASK;

	map->count = 0;
	add(map, 0, E820_LOW_END, E820_RAM);
	add(map, E820_LOW_END, E820_ACPI_BASE, E820_RESERVED);
	add(map, E820_ACPI_BASE, E820_ACPI_BASE + E820_ACPI_BYTES, E820_ACPI);
	add(map, E820_ACPI_BASE + E820_ACPI_BYTES, E820_RAM_AGAIN, E820_RESERVED);
	add(map, E820_RAM_AGAIN, low, E820_RAM);
	/* Interrupt controllers: an operating system must not put a PCI device over them. */
	add(map, GUEST_IOAPIC_BASE, GUEST_HIGH_START, E820_RESERVED);
	add(map, GUEST_HIGH_START, GUEST_HIGH_START + high, E820_RAM);
}
