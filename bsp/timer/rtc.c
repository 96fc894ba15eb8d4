/* SPDX-License-Identifier: Apache-2.0 */
/* CMOS clock; see rtc.h. */
#include "bsp/timer/rtc.h"

#include "bsp/cpu.h"
#include "bsp/memory/string.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define STATUS_A 0x0A
#define STATUS_B 0x0B
#define UPDATE_IN_PROGRESS 0x80
#define B_24_HOURS 0x02
#define B_BINARY 0x04
#define HOUR_PM 0x80
#define MAX_READS 100000u

static u32 number(const struct rtc_registers *rtc, u8 value)
{
	return rtc->status_b & B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, counting years from March. */
static u64 days_from_date(u32 year, u32 month, u32 day)
{
	u64 y = month <= 2 ? year - 1 : year;
	u64 from_march = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 153 + 2) / 5 + day - 1 - 719468;
}

u64 rtc_to_unix(const struct rtc_registers *rtc)
{
	u32 hour = number(rtc, rtc->hour & (u8)~HOUR_PM), year = number(rtc, rtc->year);
	u32 minute = number(rtc, rtc->minute), second = number(rtc, rtc->second);
	u32 day = number(rtc, rtc->day), month = number(rtc, rtc->month);
	u32 century = rtc->has_century ? number(rtc, rtc->century) : year < 70 ? 20 : 19;

	if (!(rtc->status_b & B_24_HOURS))
		hour = hour % 12 + (rtc->hour & HOUR_PM ? 12 : 0);
	if (second > 59 || minute > 59 || hour > 23 || day < 1 || day > 31 || month < 1 ||
	    month > 12 || year > 99 || century < 19 || century > 99)
		return 0;
	year += century * 100;
	if (year < 1970)
		return 0;
	return ((days_from_date(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

static u8 cmos_read(u8 index)
{
	port_outb(CMOS_INDEX, index);
	return port_inb(CMOS_DATA);
}

static void read_registers(struct rtc_registers *rtc, u8 century_index)
{
	for (u32 i = 0; i < MAX_READS && (cmos_read(STATUS_A) & UPDATE_IN_PROGRESS); i++)
		cpu_pause();
	memset(rtc, 0, sizeof(*rtc));
	rtc->second = cmos_read(0);
	rtc->minute = cmos_read(2);
	rtc->hour = cmos_read(4);
	rtc->day = cmos_read(7);
	rtc->month = cmos_read(8);
	rtc->year = cmos_read(9);
	rtc->status_b = cmos_read(STATUS_B);
	rtc->has_century = century_index != 0;
	rtc->century = century_index ? cmos_read(century_index) : 0;
}

u64 rtc_read_unix(u8 century_index)
{
	struct rtc_registers first, second;

	for (u32 tries = 0; tries < 4; tries++) {
		read_registers(&first, century_index);
		read_registers(&second, century_index);
		if (!memcmp(&first, &second, sizeof(first)))
			return rtc_to_unix(&first);
	}
	return 0;
}
