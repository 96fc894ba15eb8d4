/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which clock to believe, and dates.
 * Links bsp/timer/tsc_hz.c bsp/timer/rtc.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/timer/rtc.h"
#include "bsp/timer/tsc.h"

static void combines_the_cpuid_leaves(void **state)
{
	const struct cpuid_result none = { 0, 0, 0, 0 }, base = { 2100, 0, 0, 0 };

	(void)state;
	assert_int_equal(tsc_hz_from_cpuid(none, none), 0);
	assert_int_equal(tsc_hz_from_cpuid((struct cpuid_result){ 2, 168, 25000000, 0 }, none),
			 2100000000);
	assert_int_equal(tsc_hz_from_cpuid((struct cpuid_result){ 2, 168, 0, 0 }, base),
			 2100000000);
	assert_int_equal(tsc_hz_from_cpuid((struct cpuid_result){ 0, 168, 25000000, 0 }, none), 0);
	assert_int_equal(tsc_hz_from_cpuid((struct cpuid_result){ 1, ~0u, ~0u, 0 }, none),
			 0xFFFFFFFE00000001);
}

static void measures(void **state)
{
	(void)state;
	assert_int_equal(tsc_hz_from_ticks(500000, 35795, 3579545), 50000628);
	assert_int_equal(tsc_hz_from_ticks(0, 35795, 3579545), 0);
	assert_int_equal(tsc_hz_from_ticks(100, 0, 3579545), 0);
	assert_int_equal(tsc_hz_from_ticks(~0ull, 1, 3579545), 0);
	assert_int_equal(tsc_hz_from_ticks(~0ull / 3579545, 1, 3579545), 0);
}

static void needs_two_that_agree(void **state)
{
	const u64 spoiled[] = { 1000000000, 1500000000, 1001000000 },
		  apart[] = { 1000000000, 1010000000 };
	const u64 three[] = { 1000000000, 1003000000, 1003000100 }, zero[] = { 0, 0 };

	(void)state;
	assert_int_equal(tsc_hz_agreed(spoiled, 1), 0);
	assert_int_equal(tsc_hz_agreed(spoiled, 2), 0);
	assert_int_equal(tsc_hz_agreed(spoiled, 3), 1000500000);
	assert_int_equal(tsc_hz_agreed(apart, 2), 0);
	assert_int_equal(tsc_hz_agreed(three, 3), 1003000050);
	assert_int_equal(tsc_hz_agreed(zero, 2), 0);
}

static void believes_only_a_confirmed_claim(void **state)
{
	(void)state;
	assert_int_equal(tsc_hz_choose(2100000000, 2100300000), 2100000000);
	assert_int_equal(tsc_hz_choose(2100000000, 50000000), 50000000);
	assert_int_equal(tsc_hz_choose(0, 50000000), 50000000);
}

static void converts_dates(void **state)
{
	static const struct { struct rtc_registers rtc; u64 unix_time;
	} rows[] = {
		{ { 0x00, 0x00, 0x00, 0x01, 0x01, 0x70, 0x19, 0x02, true }, 0 },
		{ { 0x01, 0x00, 0x00, 0x01, 0x01, 0x70, 0x19, 0x02, true }, 1 },
		{ { 0x40, 0x46, 0x01, 0x09, 0x09, 0x01, 0x20, 0x02, true }, 1000000000 },
		{ { 0x59, 0x59, 0x23, 0x29, 0x02, 0x24, 0x20, 0x02, true }, 1709251199 },
		{ { 59, 59, 23, 29, 2, 24, 0, 0x06, false }, 1709251199 },
		{ { 0x59, 0x59, 0x91, 0x29, 0x02, 0x24, 0, 0x00, false }, 1709251199 }, /* 11 PM */
		{ { 0x00, 0x00, 0x12, 0x01, 0x03, 0x24, 0, 0x00, false },
		  1709251200 }, /* 12 AM is midnight */
		{ { 0x00, 0x00, 0x92, 0x01, 0x03, 0x24, 0, 0x00, false },
		  1709294400 }, /* 12 PM is noon */
		{ { 0x00, 0x00, 0x00, 0x01, 0x01, 0x00, 0x21, 0x02, true }, 4102444800 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(rtc_to_unix(&rows[i].rtc), rows[i].unix_time);
}

static void refuses_what_is_no_date(void **state)
{
	const struct rtc_registers good = { 0x40, 0x46, 0x01, 0x09, 0x09, 0x01, 0x20, 0x02, true };

	(void)state;
	for (u32 i = 0; i < 6; i++) {
		struct rtc_registers bad = good;

		((u8 *)&bad)[i] = i == 5 ? 0xAA : 0x7F;
		assert_int_equal(rtc_to_unix(&bad), 0);
	}
	assert_int_equal(rtc_to_unix(&(struct rtc_registers){ .status_b = 2 }), 0);
	struct rtc_registers ones;
	memset(&ones, 0xFF, sizeof(ones) - 1);
	ones.has_century = true;
	assert_int_equal(rtc_to_unix(&ones), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(combines_the_cpuid_leaves),
		cmocka_unit_test(measures),
		cmocka_unit_test(needs_two_that_agree),
		cmocka_unit_test(believes_only_a_confirmed_claim),
		cmocka_unit_test(converts_dates),
		cmocka_unit_test(refuses_what_is_no_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
