/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MC146818 real-time clock and CMOS memory at ports 70h/71h, interrupt 8. The time is the
 * platform's at reset plus the timebase, in UTC; what the guest sets lasts until the board is
 * reset. Interrupt flags are brought up to date when somebody looks; a flag the guest has not read
 * yet fires no second time, so a deaf guest costs nothing.
 * Manual: MC146818A data sheet "Registers"; century at 32h as the FADT says.
 */
#ifndef DEVICES_RTC_H
#define DEVICES_RTC_H

#include "devices/irq.h"
#include "devices/timebase.h"

#define RTC_HZ 32768u
#define CMOS_BYTES 128u

/* The clock shows this when the platform does not know the time: 2026-01-01. */
#define RTC_UNKNOWN_UNIX_TIME 1767225600ull

struct rtc {
	struct timebase *timebase;
	struct irq *irq;
	uint64_t base_seconds; /* of calendar.h, at timebase zero (modulo 2^64) */
	uint64_t synced;       /* 32768 Hz count the flags are right for */
	uint8_t index;
	uint8_t cmos[CMOS_BYTES]; /* time bytes are valid only while the clock is held (SET) */
};

void rtc_reset(struct rtc *rtc, struct timebase *timebase, struct irq *irq);
void rtc_run(struct rtc *rtc);
uint64_t rtc_next_deadline(const struct rtc *rtc);

uint64_t rtc_port_read(void *device, uint64_t port, uint32_t size);
void rtc_port_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif
