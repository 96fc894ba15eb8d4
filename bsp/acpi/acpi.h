/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of the firmware's ACPI tables: RSDP, RSDT or XSDT, MADT, FADT, and the _S5_ package of
 * DSDT and SSDTs by a bounded search (there is no AML interpreter). Pure over a callback; checksums
 * and every length are checked. Source: ACPI Specification 6.5, chapter 5 "ACPI Software
 * Programming Model".
 */
#ifndef BSP_ACPI_ACPI_H
#define BSP_ACPI_ACPI_H

#include "bsp/acpi/board.h"
#include "bsp/types.h"

struct acpi_source {
	bool (*read)(u64 physical, void *buffer, u32 length);   /* false: no such memory */
	const u8 *rsdp; /* the loader's copy, or NULL: look for it where a BIOS puts it */
	u32 rsdp_bytes;
};

enum acpi_result {
	ACPI_OK, ACPI_NO_RSDP, ACPI_BAD_ROOT, ACPI_NO_MADT, ACPI_NO_FADT, ACPI_NO_CPU, ACPI_RESULTS,
};

/* On failure board holds what was found before. */
enum acpi_result must_check acpi_parse(const struct acpi_source *source, struct board_info *board);
/* One line for the log, with the remedy. */
const char *acpi_result_text(enum acpi_result result);

/* Looks for Name(_S5_, Package{a, b, ...}) in a piece of AML. */
bool acpi_find_s5(const u8 *aml, u32 length, u8 *type_a, u8 *type_b);

#endif
