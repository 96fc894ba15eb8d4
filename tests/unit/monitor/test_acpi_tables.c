/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables: found as an operating system finds them, sums right, and read without complaint
 * by iasl.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "acpi/tables.h"
#include "image/bytes.h"
#include "kernel/monitor_abi.h"

#define PLACE_BYTES 0x10000u
#define PLACE_GPA 0xE0000u

static uint8_t memory[PLACE_BYTES];

static const uint8_t *at(uint64_t gpa, uint32_t count)
{
	assert_true(gpa >= PLACE_GPA && range_fits(gpa - PLACE_GPA, count, PLACE_BYTES));
	return memory + (gpa - PLACE_GPA);
}

static uint64_t build(uint32_t cpus)
{
	const struct acpi_place place = { memory, sizeof(memory), PLACE_GPA };

	memset(memory, 0xA5, sizeof(memory));
	return acpi_build(&place, cpus);
}

static uint8_t sum(const uint8_t *bytes, uint32_t count)
{
	uint8_t total = 0;

	while (count--)
		total = (uint8_t)(total + *bytes++);
	return total;
}

static const uint8_t *table_at(uint64_t gpa, const char *signature)
{
	const uint8_t *table = at(gpa, 36);
	uint32_t bytes = bytes_get32(table + 4);

	assert_memory_equal(table, signature, 4);
	assert_int_equal(sum(at(gpa, bytes), bytes), 0);
	return table;
}

/* The table of a signature, by the XSDT, which must say the same as the RSDT. */
static const uint8_t *find(uint64_t rsdp_gpa, const char *signature)
{
	const uint8_t *rsdp = at(rsdp_gpa, ACPI_RSDP_BYTES);
	const uint8_t *rsdt = table_at(bytes_get32(rsdp + 16), "RSDT");
	const uint8_t *xsdt = table_at(bytes_get64(rsdp + 24), "XSDT");

	for (uint32_t i = 0; i < (bytes_get32(xsdt + 4) - 36) / 8; i++) {
		uint64_t gpa = bytes_get64(xsdt + 36 + 8 * i);

		assert_int_equal(gpa, bytes_get32(rsdt + 36 + 4 * i));
		if (!memcmp(at(gpa, 4), signature, 4))
			return table_at(gpa, signature);
	}
	return NULL;
}

static void root_is_found_by_scanning(void **state)
{
	uint64_t gpa = build(2);

	(void)state;
	assert_true(gpa >= PLACE_GPA && gpa < 0x100000);
	assert_int_equal(gpa % 16, 0);
	assert_memory_equal(at(gpa, 8), "RSD PTR ", 8);
	assert_int_equal(sum(at(gpa, 20), 20), 0);
	assert_int_equal(sum(at(gpa, 36), 36), 0);
	assert_int_equal(at(gpa, 36)[15], 2);
}

static void fixed_hardware_is_as_emulated(void **state)
{
	const uint8_t *fadt = find(build(2), "FACP");

	(void)state;
	assert_non_null(fadt);
	assert_int_equal(bytes_get16(fadt + 46), 9);
	assert_int_equal(bytes_get32(fadt + 48), 0);
	assert_int_equal(bytes_get32(fadt + 56), 0x600);
	assert_int_equal(bytes_get32(fadt + 64), 0x604);
	assert_int_equal(bytes_get32(fadt + 76), 0x608);
	assert_int_equal(fadt[91], 4);
	assert_int_equal(bytes_get16(fadt + 109), 5);
	assert_int_equal(bytes_get32(fadt + 112) & 1 << 10, 1 << 10);
	assert_int_equal(bytes_get32(fadt + 112) & 1 << 20, 0);
	assert_int_equal(fadt[116], 1);
	assert_int_equal(bytes_get64(fadt + 120), 0xCF9);
	assert_int_equal(fadt[128], 6);
	assert_memory_equal(at(bytes_get32(fadt + 36), 64), "FACS", 4);
	assert_int_equal(bytes_get32(fadt + 36) % 64, 0);
	table_at(bytes_get32(fadt + 40), "DSDT");
	assert_int_equal(bytes_get64(fadt + 140), bytes_get32(fadt + 40));
}

/* Entries of a type in the MADT; the walk must end exactly at the table's end. */
static uint32_t madt_count(const uint8_t *madt, uint8_t type)
{
	uint32_t count = 0, offset = 44;

	for (; offset < bytes_get32(madt + 4); offset += madt[offset + 1]) {
		assert_true(madt[offset + 1] >= 6);
		count += madt[offset] == type;
	}
	assert_int_equal(offset, bytes_get32(madt + 4));
	return count;
}

static void every_cpu_is_listed(void **state)
{
	(void)state;
	for (uint32_t cpus = 1; cpus <= MONITOR_MAX_CPUS; cpus++) {
		const uint8_t *madt = find(build(cpus), "APIC");

		assert_non_null(madt);
		assert_int_equal(madt_count(madt, 0), cpus);
		assert_int_equal(madt_count(madt, 1), 1);
		assert_int_equal(madt_count(madt, 2), 2);
		assert_int_equal(madt_count(madt, 4), 1);
		for (uint32_t cpu = 0; cpu < cpus; cpu++) {
			assert_int_equal(madt[44 + 8 * cpu + 3], cpu);
			assert_int_equal(madt[44 + 8 * cpu + 4], 1);
		}
		assert_true(madt[44 + 8 * cpus + 2] >= cpus); /* the IOAPIC's id is no CPU's */
		assert_int_equal(bytes_get32(madt + 44 + 8 * cpus + 4), GUEST_IOAPIC_BASE);
	}
}

static void impossible_places_are_refused(void **state)
{
	const struct acpi_place small = { memory, 0x400, PLACE_GPA };

	(void)state;
	assert_int_equal(acpi_build(&small, 2), 0);
	assert_int_equal(build(0), 0);
	assert_int_equal(build(MONITOR_MAX_CPUS + 1), 0);
}

/* Disassembles one table; iasl must neither fail nor find fault. */
static void assert_iasl_accepts(const char *folder, const char *name, const uint8_t *table)
{
	char path[640], command[2000], text[4096] = "";

	snprintf(path, sizeof(path), "%s/%s.aml", folder, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(table, 1, bytes_get32(table + 4), file), bytes_get32(table + 4));
	fclose(file);
	snprintf(command, sizeof(command), "cd %s && iasl -d %s.aml 2>&1 && cat %s.dsl", folder,
		 name, name);
	FILE *output = popen(command, "r");
	assert_non_null(output);
	size_t bytes = fread(text, 1, sizeof(text) - 1, output);
	while (fgetc(output) != EOF)
		;
	assert_int_equal(pclose(output), 0);
	text[bytes] = 0;
	assert_null(strstr(text, "ncorrect"));
	assert_null(strstr(text, "nvalid"));
	assert_null(strstr(text, "rror"));
	assert_null(strstr(text, "arning"));
}

static void iasl_reads_every_table(void **state)
{
	const char *place = getenv("TMPDIR");
	char folder[512], command[600];
	uint64_t rsdp = build(2);
	const uint8_t *fadt = find(rsdp, "FACP");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/nestbox-acpi-XXXXXX", place ? place : ".");
	assert_non_null(mkdtemp(folder));
	assert_iasl_accepts(folder, "facp", fadt);
	assert_iasl_accepts(folder, "apic", find(rsdp, "APIC"));
	assert_iasl_accepts(folder, "dsdt", at(bytes_get32(fadt + 40), 36));
	assert_iasl_accepts(folder, "facs", at(bytes_get32(fadt + 36), 64));
	assert_iasl_accepts(folder, "xsdt", at(bytes_get64(at(rsdp, 36) + 24), 36));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_is_found_by_scanning),
		cmocka_unit_test(fixed_hardware_is_as_emulated),
		cmocka_unit_test(every_cpu_is_listed),
		cmocka_unit_test(impossible_places_are_refused),
		cmocka_unit_test(iasl_reads_every_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
