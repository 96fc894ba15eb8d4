/* SPDX-License-Identifier: Apache-2.0 */
/* What L1 reads of an EPT violation, and what an access needs of its tables, bit by bit from the manual's table. */
#include "nested/ept_report.h"
#include "world.h"

#define ALL_REPORTED (QUALIFICATION_ALWAYS | QUALIFICATION_ADVANCED | QUALIFICATION_NMI)

static struct ept_mode mode;

static int set_up(void **state)
{
	(void)state;
	mode = (struct ept_mode){ .reported = ALL_REPORTED, .is_on = true };
	return 0;
}

/* Bits 5:3 are EPT12's, whatever EPT02 had; bits nobody offers stay 0. */
static void rights_are_those_of_ept12(void **state)
{
	(void)state;
	for (u64 hardware = 0; hardware < 0x20000; hardware++)
		for (u64 rights = 0; rights < 8; rights++) {
			u64 wanted = (hardware & ALL_REPORTED) | rights << 3;

			assert_int_equal(ept_report_qualification(&mode, hardware, rights), wanted);
			assert_int_equal(ept_report_qualification(&mode, hardware, rights | EPT_EXECUTE_USER), wanted);
		}
}

static void only_what_means_something(void **state)
{
	(void)state;
	mode.reported = QUALIFICATION_ALWAYS;
	assert_int_equal(ept_report_qualification(&mode, ~0ull, 0), QUALIFICATION_ALWAYS);
	mode.reported |= QUALIFICATION_NMI;
	assert_int_equal(ept_report_qualification(&mode, ~0ull, EPT_RWX), QUALIFICATION_ALWAYS | QUALIFICATION_NMI | 7 << 3);
}

/* SDM "Accessed and Dirty Flags for EPT": a walk of guest tables counts as a write, and sets both bits when it fails. */
static void a_walk_with_flags_reads_and_writes(void **state)
{
	const u64 in_tables = QUALIFICATION_LINEAR, final = QUALIFICATION_LINEAR | QUALIFICATION_FINAL;

	(void)state;
	assert_int_equal(ept_report_qualification(&mode, in_tables | EPT_READ, 0), in_tables | EPT_READ);
	mode.flags = true;
	assert_int_equal(ept_report_qualification(&mode, in_tables | EPT_READ, 0), in_tables | EPT_READ | EPT_WRITE);
	assert_int_equal(ept_report_qualification(&mode, in_tables | EPT_WRITE, 0), in_tables | EPT_READ | EPT_WRITE);
	assert_int_equal(ept_report_qualification(&mode, final | EPT_READ, 0), final | EPT_READ);
	assert_int_equal(ept_report_qualification(&mode, final | EPT_EXECUTE, 0), final | EPT_EXECUTE);
	assert_int_equal(ept_report_qualification(&mode, EPT_READ, 0), EPT_READ); /* PDPTEs */
}

static void execute_for_user_mode_is_bit_6(void **state)
{
	(void)state;
	mode.is_mode_based = true;
	assert_int_equal(ept_report_qualification(&mode, EPT_EXECUTE, EPT_EXECUTE), EPT_EXECUTE | 1 << 5);
	assert_int_equal(ept_report_qualification(&mode, EPT_EXECUTE, EPT_EXECUTE_USER), EPT_EXECUTE | 1 << 6);
	assert_int_equal(ept_report_qualification(&mode, EPT_EXECUTE, EPT12_RIGHTS), EPT_EXECUTE | 15 << 3);
}

static void what_an_access_needs(void **state)
{
	const u64 user_fetch = EPT_EXECUTE | QUALIFICATION_LINEAR | QUALIFICATION_FINAL | QUALIFICATION_USER;

	(void)state;
	for (u64 access = 0; access < 8; access++)
		assert_int_equal(ept_report_wants(&mode, access | ~7ull), access);
	mode.is_mode_based = true;
	assert_int_equal(ept_report_wants(&mode, user_fetch), EPT_EXECUTE_USER);
	assert_int_equal(ept_report_wants(&mode, user_fetch & ~QUALIFICATION_USER), EPT_EXECUTE);
	assert_int_equal(ept_report_wants(&mode, EPT_READ | QUALIFICATION_USER), EPT_READ);
	assert_int_equal(ept_report_wants(&mode, EPT_READ | EPT_WRITE | QUALIFICATION_USER), EPT_READ | EPT_WRITE);
}

static void suppressed_by_the_last_entry(void **state)
{
	(void)state;
	for (u32 level = 1; level <= EPT12_LEVELS; level++) {
		struct ept12_walk walk = { .outcome = EPT12_VIOLATION, .level = level };

		for (u32 other = 1; other <= EPT12_LEVELS; other++)
			walk.entry[other] = other == level ? ~EPT_SUPPRESS_VE : EPT_SUPPRESS_VE;
		assert_true(ept_report_is_convertible(&walk));
		walk.outcome = EPT12_MAPPED;
		assert_true(ept_report_is_convertible(&walk));
		walk.outcome = EPT12_MISCONFIGURED;
		assert_false(ept_report_is_convertible(&walk));
		walk.outcome = EPT12_VIOLATION;
		walk.entry[level] = EPT_SUPPRESS_VE;
		assert_false(ept_report_is_convertible(&walk));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rights_are_those_of_ept12, set_up),
		cmocka_unit_test_setup(only_what_means_something, set_up),
		cmocka_unit_test_setup(a_walk_with_flags_reads_and_writes, set_up),
		cmocka_unit_test_setup(execute_for_user_mode_is_bit_6, set_up),
		cmocka_unit_test_setup(suppressed_by_the_last_entry, set_up),
		cmocka_unit_test_setup(what_an_access_needs, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
