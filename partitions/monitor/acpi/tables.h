/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables a partition finds: the DSDT is compiled by iasl at build time, the tables around
 * it are built at boot, because the number of CPUs is configuration. Source: ACPI Specification 6.4
 * section 5 "ACPI Software Programming Model".
 */
#ifndef ACPI_TABLES_H
#define ACPI_TABLES_H

#include <stdint.h>

#define ACPI_RSDP_OLD_BYTES 20u
#define ACPI_RSDP_BYTES 36u

#define ACPI_IOAPIC_ID 8u /* APIC ids of vCPUs are below MONITOR_MAX_CPUS */

struct acpi_place {
	uint8_t *bytes;  /* where the tables are written, all of it overwritten */
	uint64_t size;
	uint64_t gpa;    /* the guest's address of it, 4096-byte aligned */
};

/*
 * Writes all tables for 1 to MONITOR_MAX_CPUS vCPUs. Returns the guest-physical address of the
 * RSDP, which is the first thing in the place, or 0 when the place is too small.
 */
uint64_t acpi_build(const struct acpi_place *place, uint32_t cpu_count);

/* The compiled DSDT (dsdt.S). */
extern const uint8_t acpi_dsdt[];
extern const uint8_t acpi_dsdt_end[];

#endif
