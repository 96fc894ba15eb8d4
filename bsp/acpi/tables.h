/* SPDX-License-Identifier: Apache-2.0 */
/* Inside bsp/acpi: a table that has been found whole, and the readers of the tables we use. */
#ifndef BSP_ACPI_TABLES_H
#define BSP_ACPI_TABLES_H

#include "bsp/acpi/acpi.h"

#define ACPI_TABLE_MAX_BYTES ((u32)MIB(2))

struct acpi_header {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} packed;

struct acpi_table { struct acpi_header header; u64 physical; };
struct acpi_span { u32 offset, length; void *buffer; };
struct memory_piece { u32 start, end; };

/* Reads the header and proves the checksum of a table. */
bool must_check acpi_table_open(const struct acpi_source *source, u64 physical,
				struct acpi_table *table);
/* Reads a part of an open table; false if it is not all inside. */
bool must_check acpi_table_read(const struct acpi_source *source, const struct acpi_table *table,
				struct acpi_span span);

void acpi_parse_madt(const struct acpi_source *source, const struct acpi_table *table,
		     struct board_info *board);
/* Leads to the DSDT too. */
void acpi_parse_fadt(const struct acpi_source *source, const struct acpi_table *table,
		     struct board_info *board);
/* DSDT or SSDT: fills the S5 values if they are in it and not known yet. */
void acpi_parse_aml(const struct acpi_source *source, const struct acpi_table *table,
		    struct board_info *board);

#endif
