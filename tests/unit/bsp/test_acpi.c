/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI readers over a made-up firmware: what they find, and that damage of any byte neither
 * crashes them nor makes them read outside.
 * Links bsp/acpi/acpi.c bsp/acpi/madt.c bsp/acpi/fadt.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/acpi/acpi.h"

#define RSDP_AT 0xE0010u
#define XSDT_AT 0x100000u
#define RSDT_AT 0x100100u
#define MADT_AT 0x100200u
#define FADT_AT 0x100400u
#define DSDT_AT 0x101000u
#define DSDT_BYTES 3000u
#define MEMORY_BYTES 0x102000u

static u8 memory[MEMORY_BYTES];

static bool read_memory(u64 physical, void *buffer, u32 length)
{
	if (physical >= MEMORY_BYTES || length > MEMORY_BYTES - physical)
		return false;
	memcpy(buffer, memory + physical, length);
	return true;
}

static const struct acpi_source source = { .read = read_memory };

static void set(u32 at, u64 value, u32 bytes)
{
	memcpy(memory + at, &value, bytes);
}

static void seal(u32 at, u32 length, u32 checksum_at)
{
	u8 total = 0;

	memory[at + checksum_at] = 0;
	for (u32 i = 0; i < length; i++)
		total = (u8)(total + memory[at + i]);
	memory[at + checksum_at] = (u8)-total;
}

static void seal_table(u32 at, const char *signature, u32 length)
{
	memcpy(memory + at, signature, 4);
	set(at + 4, length, 4);
	seal(at, length, 9);
}

static void put_rsdp(void)
{
	memcpy(memory + RSDP_AT, "RSD PTR ", 8);
	memory[RSDP_AT + 15] = 2;
	set(RSDP_AT + 16, RSDT_AT, 4);
	set(RSDP_AT + 20, 36, 4);
	set(RSDP_AT + 24, XSDT_AT, 8);
	seal(RSDP_AT, 20, 8);
	seal(RSDP_AT, 36, 32);
}

static void put_madt(void)
{
	static const u8 entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,                              /* CPU 0 */
		0, 8, 1, 2, 1, 0, 0, 0,                              /* CPU 2 */
		0, 8, 2, 4, 0, 0, 0, 0,                              /* off */
		0, 8, 3, 0xFF, 1, 0, 0, 0,                           /* not an id */
		9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,     /* CPU 2 again */
		9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0,     /* CPU 256 */
		200, 3, 0,                                           /* unknown */
		1, 12, 7, 0, 0, 0, 0xC0, 0xFE, 24, 0, 0, 0,          /* IOAPIC */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0,                       /* ISA 0 at 2 */
		2, 10, 0, 9, 9, 0, 0, 0, 0x0F, 0,                    /* ISA 9 low, level */
	};

	memcpy(memory + MADT_AT + 44, entries, sizeof(entries));
	seal_table(MADT_AT, "APIC", 44 + sizeof(entries));
}

static void put_fadt(void)
{
	set(FADT_AT + 40, DSDT_AT, 4);
	set(FADT_AT + 48, 0xB2, 4);
	memory[FADT_AT + 52] = 0xF1;
	set(FADT_AT + 64, 0x604, 4);
	set(FADT_AT + 76, 0x608, 4);
	memory[FADT_AT + 108] = 0x32;
	set(FADT_AT + 112, BIT(8) | BIT(10), 4);
	memory[FADT_AT + 116] = BOARD_SPACE_PORT;
	memory[FADT_AT + 117] = 8;
	set(FADT_AT + 120, 0xCF9, 8);
	memory[FADT_AT + 128] = 6;
	seal_table(FADT_AT, "FACP", 244);
}

static const u8 s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x08, 0x04, 0x0A, 0x05, 0x01, 0x00, 0x00 };

/* offset: from the start of the table, beyond its header. */
static void put_dsdt(u32 offset)
{
	memset(memory + DSDT_AT, 0, DSDT_BYTES);
	memcpy(memory + DSDT_AT + offset, s5, sizeof(s5));
	seal_table(DSDT_AT, "DSDT", DSDT_BYTES);
}

static void put_roots(u32 fadt_at)
{
	set(XSDT_AT + 36, MADT_AT, 8);
	set(XSDT_AT + 44, fadt_at, 8);
	seal_table(XSDT_AT, "XSDT", 52);
	set(RSDT_AT + 36, MADT_AT, 4);
	set(RSDT_AT + 40, fadt_at, 4);
	seal_table(RSDT_AT, "RSDT", 44);
}

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	put_rsdp();
	put_madt();
	put_fadt();
	put_dsdt(500);
	put_roots(FADT_AT);
	return 0;
}

static void expect_good(const struct acpi_source *from)
{
	static struct board_info board;

	assert_int_equal(acpi_parse(from, &board), ACPI_OK);
	assert_int_equal(board.cpu_count, 3);
	assert_int_equal(board.cpu_apic_ids[1], 2);
	assert_int_equal(board.cpu_apic_ids[2], 256);
	assert_int_equal(board.cpu_disabled_count, 1);
	assert_int_equal(board.ioapic_count, 1);
	assert_int_equal(board.ioapics[0].address, 0xFEC00000);
	assert_int_equal(board.ioapics[0].gsi_base, 24);
	assert_int_equal(board.override_count, 2);
	assert_int_equal(board.overrides[1].flags, 0xF);
	assert_int_equal(board.pm_timer.address, 0x608);
	assert_int_equal(board.pm_timer.space, BOARD_SPACE_PORT);
	assert_true(board.pm_timer_is_32bit);
	assert_int_equal(board.reset.address, 0xCF9);
	assert_int_equal(board.reset_value, 6);
	assert_int_equal(board.pm1a_control.address, 0x604);
	assert_int_equal(board.pm1b_control.space, BOARD_SPACE_NONE);
	assert_int_equal(board.smi_command, 0xB2);
	assert_int_equal(board.acpi_enable, 0xF1);
	assert_int_equal(board.century_index, 0x32);
	assert_true(board.has_s5);
	assert_int_equal(board.s5_type_a, 5);
	assert_int_equal(board.s5_type_b, 1);
}

static void reads_all_tables(void **state)
{
	u8 copy[36];

	(void)state;
	expect_good(&source);
	/* From the loader's copy, with nothing in the BIOS area; its 20-byte form leads to the
	 * RSDT. */
	memcpy(copy, memory + RSDP_AT, 36);
	memset(memory + RSDP_AT, 0, 36);
	expect_good(&(struct acpi_source){ read_memory, copy, 36 });
	expect_good(&(struct acpi_source){ read_memory, copy, 20 });
}

static void finds_rsdp_in_ebda(void **state)
{
	(void)state;
	set(0x40E, 0x9FC0, 2);
	memcpy(memory + 0x9FC00 + 0x40, memory + RSDP_AT, 36);
	memset(memory + RSDP_AT, 0, 36);
	expect_good(&source);
}

static void falls_back_to_rsdt(void **state)
{
	(void)state;
	memory[XSDT_AT + 20] ^= 1;
	expect_good(&source);
	memory[RSDT_AT + 20] ^= 1;
	struct board_info board;
	assert_int_equal(acpi_parse(&source, &board), ACPI_BAD_ROOT);
}

static void says_what_is_missing(void **state)
{
	struct board_info board;

	(void)state;
	put_roots(0xFFFFFFFF);
	assert_int_equal(acpi_parse(&source, &board), ACPI_NO_FADT);
	memory[MADT_AT + 50] ^= 1;
	assert_int_equal(acpi_parse(&source, &board), ACPI_NO_MADT);
	memset(memory + RSDP_AT, 0, 8);
	assert_int_equal(acpi_parse(&source, &board), ACPI_NO_RSDP);
	setup(state);
	for (u32 cpu = 0; cpu < 2; cpu++)
		memory[MADT_AT + 44 + cpu * 8 + 4] = 0;
	memory[MADT_AT + 44 + 32 + 8] = memory[MADT_AT + 44 + 48 + 8] = 0;
	seal_table(MADT_AT, "APIC", memory[MADT_AT + 4]);
	assert_int_equal(acpi_parse(&source, &board), ACPI_NO_CPU);
}

static void finds_s5_wherever_it_is(void **state)
{
	struct board_info board;

	(void)state;
	for (u32 offset = 36; offset + sizeof(s5) <= DSDT_BYTES; offset++) {
		put_dsdt(offset);
		assert_int_equal(acpi_parse(&source, &board), ACPI_OK);
		assert_true(board.has_s5);
	}
}

static void refuses_cut_s5(void **state)
{
	u8 a, b;

	(void)state;
	for (u32 length = 0; length < 11; length++) {
		u8 *copy = malloc(length + 1);

		memcpy(copy + 1, s5, length);
		assert_false(acpi_find_s5(copy + 1, length, &a, &b));
		free(copy);
	}
	assert_true(acpi_find_s5(s5, 11, &a, &b));
	u8 rooted[] = { 0x08, '\\', '_', 'S', '5', '_', 0x12, 0x46, 0x00, 0x02, 0x00, 0x0A, 0x07 };
	assert_true(acpi_find_s5(rooted, sizeof(rooted), &a, &b));
	assert_int_equal(b, 7);
	rooted[12] = 8;
	assert_false(acpi_find_s5(rooted, sizeof(rooted), &a, &b));
}

/* Contents altered with the checksums made right again: the lengths inside must hold by themselves.
 */
static void survives_altered_madt(void **state)
{
	struct board_info board;
	u32 length = memory[MADT_AT + 4];

	(void)state;
	for (u32 at = 44; at < length; at++)
		for (u32 value = 0; value < 256; value += 5) {
			u8 kept = memory[MADT_AT + at];

			memory[MADT_AT + at] = (u8)value;
			seal(MADT_AT, length, 9);
			enum acpi_result result = acpi_parse(&source, &board);
			assert_true(result == ACPI_OK || result == ACPI_NO_CPU);
			assert_true(board.cpu_count <= BOARD_MAX_CPUS &&
				    board.ioapic_count <= BOARD_MAX_IOAPICS);
			memory[MADT_AT + at] = kept;
		}
}

static void survives_any_length(void **state)
{
	static const u32 tables[] = { XSDT_AT, RSDT_AT, MADT_AT, FADT_AT, DSDT_AT };
	static const u32 lengths[] = { 0, 1, 35, 36, 37, 43, 45, 115, 116, 0x7FFFFFFF, 0xFFFFFFFF };
	struct board_info board;

	for (u32 t = 0; t < ARRAY_SIZE(tables); t++)
		for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
			setup(state);
			set(tables[t] + 4, lengths[i], 4);
			if (lengths[i] >= 36 && lengths[i] < 4096)
				seal(tables[t], lengths[i], 9);
			assert_true(acpi_parse(&source, &board) < ACPI_RESULTS);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_all_tables, setup),
		cmocka_unit_test_setup(finds_rsdp_in_ebda, setup),
		cmocka_unit_test_setup(falls_back_to_rsdt, setup),
		cmocka_unit_test_setup(says_what_is_missing, setup),
		cmocka_unit_test_setup(finds_s5_wherever_it_is, setup),
		cmocka_unit_test_setup(refuses_cut_s5, setup),
		cmocka_unit_test_setup(survives_altered_madt, setup),
		cmocka_unit_test_setup(survives_any_length, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
