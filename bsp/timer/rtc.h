/* SPDX-License-Identifier: Apache-2.0 */
/* The board's battery clock, read once at boot, taken as UTC. Source: Motorola MC146818 data sheet.
 */
#ifndef BSP_TIMER_RTC_H
#define BSP_TIMER_RTC_H

#include "bsp/types.h"

struct rtc_registers {
	u8 second, minute, hour, day, month, year, century, status_b;
	bool has_century;
};

/* Seconds since 1970; 0: not a date. Without a century register years below 70 are in this one.
 * Pure. */
u64 rtc_to_unix(const struct rtc_registers *rtc);

/* century_index: from the FADT, 0 if none. 0: no clock, or it does not hold still. */
u64 rtc_read_unix(u8 century_index);

#endif
