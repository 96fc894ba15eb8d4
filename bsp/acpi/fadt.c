/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed hardware out of the FADT, and the power-off values out of AML.
 * Source: ACPI Specification 6.5, 5.2.9 "Fixed ACPI Description Table (FADT)", 5.2.3.2 "Generic
 * Address Structure", 7.4.2 "System \_Sx states", 20.2 "AML Grammar Definition".
 */
#include "bsp/acpi/tables.h"
#include "bsp/memory/string.h"

#define FADT_V1_BYTES 116u
#define FLAG_TIMER_32BIT BIT(8)
#define FLAG_RESET_REGISTER BIT(10)

#define AML_PIECE 1024u
/* Longest form of the name and package we understand. */
#define S5_MAX_BYTES 24u
#define AML_NAME 0x08
#define AML_PACKAGE 0x12
#define AML_BYTE_PREFIX 0x0A
#define AML_ONE 0x01
#define AML_ONES 0xFF

struct generic_address { u8 space, bits, offset, access; u64 address; } packed;

struct fadt {
	struct acpi_header header;
	u32 facs, dsdt;
	u8 model, profile;
	u16 sci;
	u32 smi_command;
	u8 acpi_enable, acpi_disable, s4bios, pstate;
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	u8 pm1_event_bytes, pm1_control_bytes, pm2_control_bytes, pm_timer_bytes, gpe0_bytes,
		gpe1_bytes, gpe1_base, cst;
	u16 c2_latency, c3_latency, flush_size, flush_stride;
	u8 duty_offset, duty_width, day_alarm, month_alarm, century;
	u16 boot_flags;
	u8 zero;
	u32 flags;
	struct generic_address reset;
	u8 reset_value;
	u16 arm_flags;
	u8 minor;
	u64 x_facs, x_dsdt;
	struct generic_address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control,
		x_pm2_control, x_pm_timer;
} packed;
_Static_assert(sizeof(struct fadt) == 220, "FADT up to X_PM_TMR_BLK (ACPI table 5.9)");

static struct board_register from_generic(const struct generic_address *from)
{
	if (!from->address)
		return (struct board_register){ .space = BOARD_SPACE_NONE };
	return (struct board_register){ from->space, from->bits, from->address };
}

/* The extended register where there is one, else the old port. */
static struct board_register choose(const struct generic_address *extended, u32 port, u8 bits)
{
	if (extended->address)
		return from_generic(extended);
	return port ? (struct board_register){ BOARD_SPACE_PORT, bits, port }
		    : (struct board_register){ .space = BOARD_SPACE_NONE };
}

static void parse_dsdt(const struct acpi_source *source, const struct fadt *fadt,
		       struct board_info *board)
{
	struct acpi_table dsdt;
	u64 at = fadt->x_dsdt ? fadt->x_dsdt : fadt->dsdt;

	if (at && acpi_table_open(source, at, &dsdt) && !memcmp(dsdt.header.signature, "DSDT", 4))
		acpi_parse_aml(source, &dsdt, board);
}

void acpi_parse_fadt(const struct acpi_source *source, const struct acpi_table *table,
		     struct board_info *board)
{
	struct fadt fadt;
	u32 bytes = (u32)min_u64(table->header.length, sizeof(fadt));

	/* What an older, shorter table does not have reads as zero: not there. */
	memset(&fadt, 0, sizeof(fadt));
	if (bytes < FADT_V1_BYTES ||
	    !acpi_table_read(source, table, (struct acpi_span){ 0, bytes, &fadt }))
		return;
	board->pm_timer = choose(&fadt.x_pm_timer, fadt.pm_timer, 32);
	board->pm_timer_is_32bit = fadt.flags & FLAG_TIMER_32BIT;
	board->pm1a_control = choose(&fadt.x_pm1a_control, fadt.pm1a_control, 16);
	board->pm1b_control = choose(&fadt.x_pm1b_control, fadt.pm1b_control, 16);
	if (fadt.flags & FLAG_RESET_REGISTER) {
		board->reset = from_generic(&fadt.reset);
		board->reset_value = fadt.reset_value;
	}
	board->smi_command = fadt.smi_command <= 0xFFFF ? (u16)fadt.smi_command : 0;
	board->acpi_enable = fadt.acpi_enable;
	board->century_index = fadt.century < 0x80 ? fadt.century : 0;
	parse_dsdt(source, &fadt, board);
}

/* One small integer; moves past it. */
static bool aml_integer(const u8 *aml, u32 length, u32 *at, u8 *value)
{
	if (*at >= length)
		return false;
	u8 op = aml[(*at)++];
	if (op <= AML_ONE || op == AML_ONES) {
		*value = op;
		return true;
	}
	if (op != AML_BYTE_PREFIX || *at >= length)
		return false;
	*value = aml[(*at)++];
	return true;
}

static bool s5_at(const u8 *aml, u32 length, u8 *type_a, u8 *type_b)
{
	u32 at = 0;

	if (length < 8 || aml[at++] != AML_NAME)
		return false;
	if (aml[at] == '\\')
		at++;
	if (memcmp(aml + at, "_S5_", 4) || aml[at + 4] != AML_PACKAGE)
		return false;
	at += 5;
	/* Package length: the top two bits of its first byte count the bytes that follow; then the
	 * element count. */
	if (at >= length)
		return false;
	at += 1u + (aml[at] >> 6);
	if (at >= length || aml[at] < 2)
		return false;
	at++;
	return aml_integer(aml, length, &at, type_a) && aml_integer(aml, length, &at, type_b) &&
	       *type_a < 8 && *type_b < 8;
}

bool acpi_find_s5(const u8 *aml, u32 length, u8 *type_a, u8 *type_b)
{
	for (u32 at = 0; at < length; at++)
		if (s5_at(aml + at, length - at, type_a, type_b))
			return true;
	return false;
}

void acpi_parse_aml(const struct acpi_source *source, const struct acpi_table *table,
		    struct board_info *board)
{
	u8 piece[AML_PIECE + S5_MAX_BYTES];

	for (u32 at = sizeof(table->header); !board->has_s5 && at < table->header.length;
	     at += AML_PIECE) {
		u32 length = (u32)min_u64(sizeof(piece), table->header.length - at);

		if (!acpi_table_read(source, table, (struct acpi_span){ at, length, piece }))
			return;
		board->has_s5 = acpi_find_s5(piece, length, &board->s5_type_a, &board->s5_type_b);
	}
}
