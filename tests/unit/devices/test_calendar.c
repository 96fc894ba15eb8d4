/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar arithmetic against the C library, and its edges. */
#include "recorder.h"

#include <time.h>

#include "devices/calendar.h"

static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t second = -62135596800; second < 253402300800; second += 86400 * 13 + 4321) {
		uint64_t seconds = (uint64_t)second + CALENDAR_UNIX_EPOCH;
		struct calendar date = calendar_from_seconds(seconds);
		time_t time = (time_t)second;
		struct tm expected;

		gmtime_r(&time, &expected);
		assert_int_equal(date.year, expected.tm_year + 1900);
		assert_int_equal(date.month, expected.tm_mon + 1);
		assert_int_equal(date.day, expected.tm_mday);
		assert_int_equal(date.hour, expected.tm_hour);
		assert_int_equal(date.minute, expected.tm_min);
		assert_int_equal(date.second, expected.tm_sec);
		assert_int_equal(date.weekday, expected.tm_wday + 1);
		assert_true(calendar_to_seconds(&date) == seconds);
	}
}

static void every_day_around_new_year(void **state)
{
	(void)state;
	for (uint32_t year = 1; year < 2500; year++) {
		struct calendar first = { .year = year, .month = 1, .day = 1 };
		uint64_t seconds = calendar_to_seconds(&first);
		struct calendar same = calendar_from_seconds(seconds);

		assert_int_equal(same.year, year);
		assert_int_equal(same.month, 1);
		assert_int_equal(same.day, 1);
		if (year > 1)
			assert_int_equal(calendar_from_seconds(seconds - 1).year, year - 1);
	}
}

static void impossible_dates_are_clamped(void **state)
{
	struct calendar none = { 0 };
	struct calendar huge;

	(void)state;
	memset(&huge, 0xFF, sizeof(huge));
	assert_true(calendar_to_seconds(&none) == 0);
	huge = calendar_from_seconds(calendar_to_seconds(&huge));
	assert_int_equal(huge.year, 9999);
	assert_int_equal(huge.month, 12);
	assert_int_equal(huge.second, 59);
	huge = calendar_from_seconds(UINT64_MAX);
	assert_in_range(huge.month, 1, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(every_day_around_new_year),
		cmocka_unit_test(impossible_dates_are_clamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
