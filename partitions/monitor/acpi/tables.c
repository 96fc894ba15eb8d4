/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSDP, RSDT, XSDT, FADT, FACS, MADT and DSDT at fixed offsets of one place. The FADT is a table of
 * fields. Source: ACPI Specification 6.4 section 5.2 "ACPI System Description Tables".
 */
#include "acpi/tables.h"

#include <stddef.h>
#include <string.h>

#include "devices/acpi_pm.h"
#include "image/bytes.h"
#include "kernel/monitor_abi.h"

enum place_offset {
	AT_RSDP = 0x000,
	AT_RSDT = 0x040,
	AT_XSDT = 0x080,
	AT_FACS = 0x0C0, /* 64-byte aligned, as it must be */
	AT_FADT = 0x100,
	AT_MADT = 0x240,
	AT_DSDT = 0x400,
};

#define HEADER_BYTES 36u
#define FACS_BYTES 64u
#define FADT_BYTES 268u
#define FADT_REVISION 5
#define MADT_REVISION 4
#define MADT_ENTRIES 44u
#define MADT_MAX_BYTES (MADT_ENTRIES + 8 * MONITOR_MAX_CPUS + 12 + 2 * 10 + 6)
#define SDT_POINTERS 2u

_Static_assert(AT_FADT + FADT_BYTES <= AT_MADT && AT_MADT + MADT_MAX_BYTES <= AT_DSDT,
	       "tables do not overlap");

#define GAS_SYSTEM_IO 1u
#define GAS(bits, access) (GAS_SYSTEM_IO | (bits) << 8 | (access) << 24)

/* FADT flags */
#define WBINVD (1u << 0)
#define PROC_C1 (1u << 2)
#define SLP_BUTTON (1u << 5)      /* 1: there is none in fixed hardware */
#define FIX_RTC (1u << 6)         /* likewise for its wake-up */
#define TMR_VAL_EXT (1u << 8)     /* the PM timer has 32 bits */
#define RESET_REG_SUP (1u << 10)

/* IAPC_BOOT_ARCH */
#define LEGACY_DEVICES (1u << 0)
#define VGA_NOT_PRESENT (1u << 2)

#define MADT_PCAT_COMPAT 1u       /* there is a pair of 8259s too */
#define INTI_EDGE_HIGH_BUS 0x0u   /* as the ISA bus has it */
#define INTI_LEVEL_HIGH 0xDu
#define NO_C_STATE 0xFFFFu

struct field {
	uint16_t offset;
	uint8_t bytes;
	uint32_t value;
};

static const struct field fadt_fields[] = {
	{ 46, 2, IRQ_SCI },
	{ 56, 4, ACPI_PM1_EVENT_PORT },
	{ 64, 4, ACPI_PM1_CONTROL_PORT },
	{ 76, 4, ACPI_PM_TIMER_PORT },
	{ 88, 1, 4 },                                   /* PM1_EVT_LEN */
	{ 89, 1, 2 },                                   /* PM1_CNT_LEN */
	{ 91, 1, 4 },                                   /* PM_TMR_LEN */
	{ 96, 2, NO_C_STATE },                          /* P_LVL2_LAT */
	{ 98, 2, NO_C_STATE },                          /* P_LVL3_LAT */
	{ 108, 1, 0x32 },                               /* CENTURY in the RTC's memory */
	{ 109, 2, LEGACY_DEVICES | VGA_NOT_PRESENT },
	{ 112, 4, WBINVD | PROC_C1 | SLP_BUTTON | FIX_RTC | TMR_VAL_EXT | RESET_REG_SUP },
	{ 116, 4, GAS(8, 1) },                          /* RESET_REG */
	{ 120, 4, ACPI_RESET_PORT },
	{ 128, 1, ACPI_RESET_VALUE },
	{ 131, 1, 1 },                                  /* minor revision */
	{ 148, 4, GAS(32, 2) },                         /* X_PM1a_EVT_BLK */
	{ 152, 4, ACPI_PM1_EVENT_PORT },
	{ 172, 4, GAS(16, 2) },                         /* X_PM1a_CNT_BLK */
	{ 176, 4, ACPI_PM1_CONTROL_PORT },
	{ 208, 4, GAS(32, 3) },                         /* X_PM_TMR_BLK */
	{ 212, 4, ACPI_PM_TIMER_PORT },
};

static void put(uint8_t *p, uint32_t bytes, uint32_t value)
{
	for (uint32_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/* What has to be stored so that all bytes sum to zero; the checksum's own byte is zero now. */
static uint8_t checksum(const uint8_t *bytes, size_t count)
{
	uint8_t sum = 0;

	while (count--)
		sum = (uint8_t)(sum + *bytes++);
	return (uint8_t)-sum;
}

static void finish_table(uint8_t *table, const char *signature, uint32_t bytes, uint8_t revision)
{
	memcpy(table, signature, 4);
	put(table + 4, 4, bytes);
	table[8] = revision;
	memcpy(table + 10, "NESTBX", 6);
	memcpy(table + 16, "NESTBOX ", 8);
	put(table + 24, 4, 1);
	memcpy(table + 28, "NBOX", 4);
	put(table + 32, 4, 1);
	table[9] = checksum(table, bytes);
}

static void write_fadt(uint8_t *table, uint64_t gpa)
{
	put(table + 36, 4, (uint32_t)(gpa + AT_FACS));
	put(table + 40, 4, (uint32_t)(gpa + AT_DSDT));
	bytes_put64(table + 140, gpa + AT_DSDT);
	for (size_t i = 0; i < sizeof(fadt_fields) / sizeof(fadt_fields[0]); i++)
		put(table + fadt_fields[i].offset, fadt_fields[i].bytes, fadt_fields[i].value);
	finish_table(table, "FACP", FADT_BYTES, FADT_REVISION);
}

static uint8_t *put_override(uint8_t *p, uint8_t irq, uint8_t gsi, uint16_t flags)
{
	p[0] = 2;
	p[1] = 10;
	p[3] = irq;
	p[4] = gsi;
	put(p + 8, 2, flags);
	return p + 10;
}

static void write_madt(uint8_t *table, uint32_t cpu_count)
{
	uint8_t *p = table + MADT_ENTRIES;

	put(table + 36, 4, (uint32_t)GUEST_LAPIC_BASE);
	put(table + 40, 4, MADT_PCAT_COMPAT);
	for (uint32_t cpu = 0; cpu < cpu_count; cpu++, p += 8) {
		p[1] = 8;
		p[2] = (uint8_t)cpu; /* processor */
		p[3] = (uint8_t)cpu; /* its APIC id */
		p[4] = 1;            /* enabled */
	}
	p[0] = 1;
	p[1] = 12;
	p[2] = ACPI_IOAPIC_ID;
	put(p + 4, 4, (uint32_t)GUEST_IOAPIC_BASE);
	p = put_override(p + 12, 0, 2, INTI_EDGE_HIGH_BUS);
	p = put_override(p, IRQ_SCI, IRQ_SCI, INTI_LEVEL_HIGH);
	p[0] = 4;
	p[1] = 6;
	p[2] = 0xFF;                 /* NMI: all processors, */
	p[5] = 1;                    /* LINT1 */
	finish_table(table, "APIC", (uint32_t)(p + 6 - table), MADT_REVISION);
}

static void write_roots(uint8_t *bytes, uint64_t gpa)
{
	const uint64_t tables[SDT_POINTERS] = { gpa + AT_FADT, gpa + AT_MADT };
	uint8_t *rsdp = bytes + AT_RSDP;

	for (uint32_t i = 0; i < SDT_POINTERS; i++) {
		put(bytes + AT_RSDT + HEADER_BYTES + 4 * i, 4, (uint32_t)tables[i]);
		bytes_put64(bytes + AT_XSDT + HEADER_BYTES + 8 * i, tables[i]);
	}
	finish_table(bytes + AT_RSDT, "RSDT", HEADER_BYTES + 4 * SDT_POINTERS, 1);
	finish_table(bytes + AT_XSDT, "XSDT", HEADER_BYTES + 8 * SDT_POINTERS, 1);
	memcpy(rsdp, "RSD PTR ", 8);
	memcpy(rsdp + 9, "NESTBX", 6);
	rsdp[15] = 2; /* revision */
	put(rsdp + 16, 4, (uint32_t)(gpa + AT_RSDT));
	put(rsdp + 20, 4, ACPI_RSDP_BYTES);
	bytes_put64(rsdp + 24, gpa + AT_XSDT);
	rsdp[8] = checksum(rsdp, ACPI_RSDP_OLD_BYTES);
	rsdp[32] = checksum(rsdp, ACPI_RSDP_BYTES);
}

uint64_t acpi_build(const struct acpi_place *place, uint32_t cpu_count)
{
	size_t dsdt_bytes = (size_t)(acpi_dsdt_end - acpi_dsdt);
	uint8_t *bytes = place->bytes;

	if (AT_DSDT + dsdt_bytes > place->size || cpu_count < 1 || cpu_count > MONITOR_MAX_CPUS)
		return 0;
	memset(bytes, 0, place->size);
	memcpy(bytes + AT_DSDT, acpi_dsdt, dsdt_bytes);
	memcpy(bytes + AT_FACS, "FACS", 4);
	put(bytes + AT_FACS + 4, 4, FACS_BYTES);
	bytes[AT_FACS + 32] = 2; /* version */
	write_fadt(bytes + AT_FADT, place->gpa);
	write_madt(bytes + AT_MADT, cpu_count);
	write_roots(bytes, place->gpa);
	return place->gpa + AT_RSDP;
}
