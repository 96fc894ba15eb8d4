/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs, IOAPICs and the odd interrupt lines out of the MADT.
 * Source: ACPI Specification 6.5, 5.2.12 "Multiple APIC Description Table (MADT)".
 */
#include "bsp/acpi/tables.h"

#define FIRST_ENTRY 44u
#define ENABLED 1u

enum madt_type { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_X2APIC = 9 };

union madt_entry {
	struct { u8 type, length; } packed head;
	struct { u8 type, length, uid, apic_id; u32 flags; } packed lapic;
	struct { u8 type, length, id, zero; u32 address, gsi_base; } packed ioapic;
	struct { u8 type, length, bus, source; u32 gsi; u16 flags; } packed override;
	struct { u8 type, length; u16 zero; u32 apic_id, flags, uid; } packed x2apic;
};

static void add_cpu(struct board_info *board, u32 apic_id, u32 flags)
{
	if (!(flags & ENABLED)) {
		board->cpu_disabled_count++;
		return;
	}
	/* Firmware may list a CPU as LAPIC and as x2APIC. */
	for (u32 i = 0; i < board->cpu_count; i++)
		if (board->cpu_apic_ids[i] == apic_id)
			return;
	if (board->cpu_count < BOARD_MAX_CPUS)
		board->cpu_apic_ids[board->cpu_count++] = apic_id;
}

static void add_lapic(struct board_info *board, const union madt_entry *entry)
{
	if (entry->lapic.apic_id != 0xFF)
		add_cpu(board, entry->lapic.apic_id, entry->lapic.flags);
}

static void add_x2apic(struct board_info *board, const union madt_entry *entry)
{
	if (entry->x2apic.apic_id != 0xFFFFFFFF)
		add_cpu(board, entry->x2apic.apic_id, entry->x2apic.flags);
}

static void add_ioapic(struct board_info *board, const union madt_entry *entry)
{
	if (board->ioapic_count < BOARD_MAX_IOAPICS)
		board->ioapics[board->ioapic_count++] =
			(struct board_ioapic){ entry->ioapic.address, entry->ioapic.gsi_base };
}

static void add_override(struct board_info *board, const union madt_entry *entry)
{
	if (entry->override.bus == 0 && board->override_count < BOARD_MAX_OVERRIDES)
		board->overrides[board->override_count++] =
			(struct board_override){ entry->override.source, entry->override.flags,
						 entry->override.gsi };
}

static const struct {
	u8 type, length;
	void (*add)(struct board_info *board, const union madt_entry *entry);
} entry_types[] = {
	{ MADT_LAPIC, 8, add_lapic },
	{ MADT_IOAPIC, 12, add_ioapic },
	{ MADT_OVERRIDE, 10, add_override },
	{ MADT_X2APIC, 16, add_x2apic },
};

void acpi_parse_madt(const struct acpi_source *source, const struct acpi_table *table,
		     struct board_info *board)
{
	u32 at = FIRST_ENTRY;
	union madt_entry entry;

	while (acpi_table_read(source, table,
			       (struct acpi_span){ at, sizeof(entry.head), &entry }) &&
	       entry.head.length >= sizeof(entry.head)) {
		u8 length = entry.head.length;

		for (u32 i = 0; i < ARRAY_SIZE(entry_types); i++)
			if (entry_types[i].type == entry.head.type &&
			    entry_types[i].length <= length &&
			    acpi_table_read(
				    source, table,
				    (struct acpi_span){ at, entry_types[i].length, &entry }))
				entry_types[i].add(board, &entry);
		at += length;
	}
}
