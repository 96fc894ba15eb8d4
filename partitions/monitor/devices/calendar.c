/* SPDX-License-Identifier: Apache-2.0 */
/* Gregorian calendar arithmetic; see calendar.h. */
#include "devices/calendar.h"

#include <stdbool.h>

#define DAYS_PER_400_YEARS 146097u

static const uint16_t days_before_month[12] = {
	0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334,
};

static bool is_leap(uint32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t days_before_year(uint32_t year)
{
	uint32_t past = year - 1;

	return past * 365 + past / 4 - past / 100 + past / 400;
}

/* Days of `year` before `month`. */
static uint32_t days_before(uint32_t year, uint32_t month)
{
	return days_before_month[month - 1] + (month > 2 && is_leap(year));
}

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
	return value < low ? low : value > high ? high : value;
}

struct calendar calendar_from_seconds(uint64_t seconds)
{
	uint32_t time = (uint32_t)(seconds % SECONDS_PER_DAY);
	uint32_t days = (uint32_t)(seconds / SECONDS_PER_DAY % (DAYS_PER_400_YEARS * 1000ull));
	struct calendar date = {
		.hour = time / 3600, .minute = time / 60 % 60, .second = time % 60,
		.weekday = (days + 1) % 7 + 1, /* 0001-01-01 was a Monday */
		.month = 12,
	};

	/* The mean year is never more than one off. */
	date.year = (uint32_t)(days * 400ull / DAYS_PER_400_YEARS) + 1;
	if (days_before_year(date.year) > days)
		date.year--;
	else if (days_before_year(date.year + 1) <= days)
		date.year++;
	days -= days_before_year(date.year);
	while (days_before(date.year, date.month) > days)
		date.month--;
	date.day = days - days_before(date.year, date.month) + 1;
	return date;
}

uint64_t calendar_to_seconds(const struct calendar *date)
{
	uint32_t year = clamp(date->year, 1, 9999);
	uint64_t days = days_before_year(year) + days_before(year, clamp(date->month, 1, 12)) +
			clamp(date->day, 1, 31) - 1;

	return days * SECONDS_PER_DAY + clamp(date->hour, 0, 23) * 3600 +
	       clamp(date->minute, 0, 59) * 60 + clamp(date->second, 0, 59);
}
