/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the RSDP to the tables; see acpi.h. Each table is read in pieces through the source, its sum
 * first. Source: ACPI Specification 6.5, 5.2.5 "Root System Description Pointer (RSDP)", 5.2.6
 * "System Description Table Header".
 */
#include "bsp/acpi/acpi.h"

#include "bsp/acpi/tables.h"
#include "bsp/memory/string.h"

#define RSDP_OLD_BYTES 20u
#define RSDP_NEW_BYTES 36u
#define EBDA_SEGMENT_AT 0x40Eu
#define BIOS_START 0xE0000u
#define BIOS_END 0x100000u
#define MAX_TABLES 256u

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} packed;

static const char *const result_texts[ACPI_RESULTS] = {
	[ACPI_OK] = "ACPI tables read",
	[ACPI_NO_RSDP] = "no ACPI tables: turn on ACPI in the firmware setup",
	[ACPI_BAD_ROOT] = "the ACPI root table is damaged: update the firmware",
	[ACPI_NO_MADT] = "no ACPI MADT (list of CPUs): turn on the APIC in the firmware setup",
	[ACPI_NO_FADT] = "no ACPI FADT: update the firmware",
	[ACPI_NO_CPU] = "the ACPI MADT lists no enabled CPU: update the firmware",
};

const char *acpi_result_text(enum acpi_result result)
{
	return result < ACPI_RESULTS ? result_texts[result] : "unknown";
}

static u8 sum(const u8 *bytes, u32 length)
{
	u8 total = 0;

	for (u32 i = 0; i < length; i++)
		total = (u8)(total + bytes[i]);
	return total;
}

bool acpi_table_open(const struct acpi_source *source, u64 physical, struct acpi_table *table)
{
	u8 piece[256], total = 0;

	if (!source->read(physical, &table->header, sizeof(table->header)))
		return false;
	table->physical = physical;
	u32 length = table->header.length;
	if (length < sizeof(table->header) || length > ACPI_TABLE_MAX_BYTES)
		return false;
	for (u32 at = 0; at < length; at += sizeof(piece)) {
		u32 part = (u32)min_u64(sizeof(piece), length - at);

		if (!source->read(physical + at, piece, part))
			return false;
		total = (u8)(total + sum(piece, part));
	}
	return total == 0;
}

bool acpi_table_read(const struct acpi_source *source, const struct acpi_table *table,
		     struct acpi_span span)
{
	return span.offset <= table->header.length &&
	       span.length <= table->header.length - span.offset &&
	       source->read(table->physical + span.offset, span.buffer, span.length);
}

static bool rsdp_is_valid(const struct rsdp *rsdp, u32 bytes)
{
	return bytes >= RSDP_OLD_BYTES && !memcmp(rsdp->signature, "RSD PTR ", 8) &&
	       !sum((const u8 *)rsdp, RSDP_OLD_BYTES);
}

static bool rsdp_scan(const struct acpi_source *source, struct memory_piece area, struct rsdp *rsdp)
{
	for (u32 at = area.start; at + RSDP_NEW_BYTES <= area.end; at += 16)
		if (source->read(at, rsdp, RSDP_NEW_BYTES) && rsdp_is_valid(rsdp, RSDP_NEW_BYTES))
			return true;
	return false;
}

static bool rsdp_find(const struct acpi_source *source, struct rsdp *rsdp)
{
	u16 segment = 0;

	memset(rsdp, 0, sizeof(*rsdp));
	if (source->rsdp && source->rsdp_bytes >= RSDP_OLD_BYTES) {
		u32 bytes = (u32)min_u64(source->rsdp_bytes, RSDP_NEW_BYTES);

		memcpy(rsdp, source->rsdp, bytes);
		if (rsdp_is_valid(rsdp, bytes)) {
			/* A 20-byte copy has no XSDT, whatever its revision says. */
			rsdp->revision = bytes < RSDP_NEW_BYTES ? 0 : rsdp->revision;
			return true;
		}
	}
	if (source->read(EBDA_SEGMENT_AT, &segment, sizeof(segment)) && segment) {
		u32 start = (u32)segment << 4;

		if (rsdp_scan(source, (struct memory_piece){ start, start + 1024 }, rsdp))
			return true;
	}
	return rsdp_scan(source, (struct memory_piece){ BIOS_START, BIOS_END }, rsdp);
}

/* The XSDT where it is whole, else the RSDT. entry_bytes: 8 or 4. */
static bool root_open(const struct acpi_source *source, struct acpi_table *root, u32 *entry_bytes)
{
	struct rsdp rsdp;

	*entry_bytes = 8;
	if (!rsdp_find(source, &rsdp))
		return false;
	if (rsdp.revision >= 2 && rsdp.xsdt && !sum((const u8 *)&rsdp, RSDP_NEW_BYTES) &&
	    acpi_table_open(source, rsdp.xsdt, root) && !memcmp(root->header.signature, "XSDT", 4))
		return true;
	*entry_bytes = 4;
	if (acpi_table_open(source, rsdp.rsdt, root) && !memcmp(root->header.signature, "RSDT", 4))
		return true;
	*entry_bytes = 0;
	return true;
}

static const struct {
	char signature[5];
	void (*parse)(const struct acpi_source *source, const struct acpi_table *table,
		      struct board_info *board);
} table_parsers[] = {
	{ "APIC", acpi_parse_madt },
	{ "FACP", acpi_parse_fadt },
	{ "SSDT", acpi_parse_aml },
};

/* Bit n of the result: a table of row n was there and whole. */
static u32 tables_parse(const struct acpi_source *source, const struct acpi_table *root,
			struct board_info *board, u32 entry_bytes)
{
	u32 count = (root->header.length - (u32)sizeof(root->header)) / entry_bytes;
	u32 seen = 0;

	for (u32 i = 0; i < min_u64(count, MAX_TABLES); i++) {
		u64 physical = 0;
		struct acpi_table table;
		struct acpi_span span = { (u32)sizeof(root->header) + i * entry_bytes, entry_bytes,
					  &physical };

		if (!acpi_table_read(source, root, span) ||
		    !acpi_table_open(source, physical, &table))
			continue;
		for (u32 row = 0; row < ARRAY_SIZE(table_parsers); row++) {
			if (memcmp(table.header.signature, table_parsers[row].signature, 4))
				continue;
			/* A second MADT or FADT would only repeat or contradict the first. */
			if (row == 2 || !(seen & BIT(row)))
				table_parsers[row].parse(source, &table, board);
			seen |= (u32)BIT(row);
		}
	}
	return seen;
}

enum acpi_result acpi_parse(const struct acpi_source *source, struct board_info *board)
{
	struct acpi_table root;
	u32 entry_bytes;

	memset(board, 0, sizeof(*board));
	board->pm_timer.space = board->reset.space = BOARD_SPACE_NONE;
	board->pm1a_control.space = board->pm1b_control.space = BOARD_SPACE_NONE;
	if (!root_open(source, &root, &entry_bytes))
		return ACPI_NO_RSDP;
	if (!entry_bytes)
		return ACPI_BAD_ROOT;
	u32 seen = tables_parse(source, &root, board, entry_bytes);
	if (!(seen & BIT(0)))
		return ACPI_NO_MADT;
	if (!(seen & BIT(1)))
		return ACPI_NO_FADT;
	return board->cpu_count ? ACPI_OK : ACPI_NO_CPU;
}
