/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gregorian dates to seconds and back, for the real-time clock. Seconds count from 0001-01-01
 * 00:00:00, which keeps every date the clock can be set to unsigned.
 */
#ifndef DEVICES_CALENDAR_H
#define DEVICES_CALENDAR_H

#include <stdint.h>

#define CALENDAR_UNIX_EPOCH 62135596800ull /* 1970-01-01 */
#define SECONDS_PER_DAY 86400u

struct calendar {
	uint32_t year;    /* 1 .. */
	uint32_t month;   /* 1 .. 12 */
	uint32_t day;     /* 1 .. 31 */
	uint32_t weekday; /* 1 .. 7, Sunday is 1 */
	uint32_t hour, minute, second;
};

struct calendar calendar_from_seconds(uint64_t seconds);

/* Fields out of range are brought into it; the weekday is ignored. */
uint64_t calendar_to_seconds(const struct calendar *date);

#endif
