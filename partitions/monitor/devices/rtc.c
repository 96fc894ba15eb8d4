/* SPDX-License-Identifier: Apache-2.0 */
/* The real-time clock; see rtc.h. */
#include "devices/rtc.h"

#include <string.h>

#include "devices/calendar.h"

enum cmos_register {
	RTC_SECOND, RTC_SECOND_ALARM, RTC_MINUTE, RTC_MINUTE_ALARM, RTC_HOUR, RTC_HOUR_ALARM,
	RTC_WEEKDAY, RTC_DAY, RTC_MONTH, RTC_YEAR, RTC_A, RTC_B, RTC_C, RTC_D,
	RTC_CENTURY = 0x32,
};

#define A_UPDATING      0x80u
#define A_DIVIDER_RESET 0x60u /* both bits: the divider chain is held */
#define A_RATE          0x0Fu
#define A_DEFAULT       0x26u /* 32768 Hz, 1024 Hz periodic rate */
#define B_SET           0x80u
#define B_PERIODIC      0x40u
#define B_ALARM         0x20u
#define B_UPDATE        0x10u
#define B_BINARY        0x04u
#define B_24_HOURS      0x02u
#define B_INTERRUPTS    (B_PERIODIC | B_ALARM | B_UPDATE) /* the flags in C have the same places */
#define C_REQUEST       0x80u
#define D_VALID         0x80u
#define HOUR_PM         0x80u
#define ALARM_ANY       0xC0u

#define UPDATE_COUNTS 8u /* the update takes the last 244 us of a second */
#define SECOND_SHIFT 15  /* of RTC_HZ */

static bool is_held(const struct rtc *rtc)
{
	return (rtc->cmos[RTC_B] & B_SET) ||
	       (rtc->cmos[RTC_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;
}

static uint8_t encode(const struct rtc *rtc, uint32_t value)
{
	return (uint8_t)(rtc->cmos[RTC_B] & B_BINARY ? value : value / 10 % 10 << 4 | value % 10);
}

static uint32_t decode(const struct rtc *rtc, uint8_t byte)
{
	return rtc->cmos[RTC_B] & B_BINARY ? byte : (byte >> 4) * 10u + (byte & 15);
}

static uint8_t encode_hour(const struct rtc *rtc, uint32_t hour)
{
	if (rtc->cmos[RTC_B] & B_24_HOURS)
		return encode(rtc, hour);
	return encode(rtc, (hour + 11) % 12 + 1) | (hour >= 12 ? HOUR_PM : 0);
}

static uint32_t decode_hour(const struct rtc *rtc, uint8_t byte)
{
	if (rtc->cmos[RTC_B] & B_24_HOURS)
		return decode(rtc, byte);
	return decode(rtc, byte & 0x7F) % 12 + (byte & HOUR_PM ? 12 : 0);
}

/* Whole seconds since reset. */
static uint64_t seconds_of(const struct rtc *rtc)
{
	return timebase_count(rtc->timebase, RTC_HZ) >> SECOND_SHIFT;
}

static void store_time(struct rtc *rtc)
{
	struct calendar now = calendar_from_seconds(rtc->base_seconds + seconds_of(rtc));

	rtc->cmos[RTC_SECOND] = encode(rtc, now.second);
	rtc->cmos[RTC_MINUTE] = encode(rtc, now.minute);
	rtc->cmos[RTC_HOUR] = encode_hour(rtc, now.hour);
	rtc->cmos[RTC_WEEKDAY] = encode(rtc, now.weekday);
	rtc->cmos[RTC_DAY] = encode(rtc, now.day);
	rtc->cmos[RTC_MONTH] = encode(rtc, now.month);
	rtc->cmos[RTC_YEAR] = encode(rtc, now.year % 100);
	rtc->cmos[RTC_CENTURY] = encode(rtc, now.year / 100 % 100);
}

static void take_time(struct rtc *rtc)
{
	struct calendar date = {
		.second = decode(rtc, rtc->cmos[RTC_SECOND]),
		.minute = decode(rtc, rtc->cmos[RTC_MINUTE]),
		.hour = decode_hour(rtc, rtc->cmos[RTC_HOUR]),
		.day = decode(rtc, rtc->cmos[RTC_DAY]),
		.month = decode(rtc, rtc->cmos[RTC_MONTH]),
		.year = decode(rtc, rtc->cmos[RTC_CENTURY]) * 100 +
			decode(rtc, rtc->cmos[RTC_YEAR]),
	};

	rtc->base_seconds = calendar_to_seconds(&date) - seconds_of(rtc);
}

static bool is_time(uint8_t index)
{
	return index <= RTC_YEAR ? (index >= RTC_WEEKDAY || !(index & 1)) : index == RTC_CENTURY;
}

/* Periodic interrupts come every 1 << shift counts; negative: never. */
static int periodic_shift(const struct rtc *rtc)
{
	int rate = rtc->cmos[RTC_A] & A_RATE;

	return rate > 2 ? rate - 1 : rate + 6 - 7 * !rate;
}

static bool alarm_matches(uint8_t alarm, uint32_t decoded, uint32_t value)
{
	return alarm >= ALARM_ANY || decoded == value;
}

/*
 * The first second at or after `from` the alarm names, DEADLINE_NONE if it names none. Skips by
 * hours, then minutes, then seconds: the bound covers every way round a day.
 */
static uint64_t next_alarm(const struct rtc *rtc, uint64_t from)
{
	const uint8_t *alarm = rtc->cmos;
	uint32_t hour = decode_hour(rtc, alarm[RTC_HOUR_ALARM]);
	uint32_t minute = decode(rtc, alarm[RTC_MINUTE_ALARM]);
	uint32_t second = decode(rtc, alarm[RTC_SECOND_ALARM]);
	uint64_t at = from;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t time = (uint32_t)(at % SECONDS_PER_DAY);

		if (!alarm_matches(alarm[RTC_HOUR_ALARM], hour, time / 3600))
			at += 3600 - time % 3600;
		else if (!alarm_matches(alarm[RTC_MINUTE_ALARM], minute, time / 60 % 60))
			at += 60 - time % 60;
		else if (!alarm_matches(alarm[RTC_SECOND_ALARM], second, time % 60))
			at++;
		else
			return at;
	}
	return DEADLINE_NONE;
}

/* The alarm after the last synced second, in seconds since reset; DEADLINE_NONE. */
static uint64_t alarm_after_sync(const struct rtc *rtc)
{
	uint64_t from = rtc->base_seconds + (rtc->synced >> SECOND_SHIFT) + 1;
	uint64_t at = next_alarm(rtc, from);

	return at == DEADLINE_NONE ? at : at - rtc->base_seconds;
}

static void update_request(struct rtc *rtc)
{
	if (rtc->cmos[RTC_C] & rtc->cmos[RTC_B] & B_INTERRUPTS)
		rtc->cmos[RTC_C] |= C_REQUEST;
	else
		rtc->cmos[RTC_C] &= (uint8_t)~C_REQUEST;
	irq_set(rtc->irq, IRQ_RTC, rtc->cmos[RTC_C] & C_REQUEST);
}

/* Raises the flags of everything that happened since the last time. */
static void sync(struct rtc *rtc)
{
	uint64_t now = timebase_count(rtc->timebase, RTC_HZ);
	int shift = periodic_shift(rtc);

	if (shift >= 0 && now >> shift != rtc->synced >> shift)
		rtc->cmos[RTC_C] |= B_PERIODIC;
	if (!is_held(rtc) && now >> SECOND_SHIFT != rtc->synced >> SECOND_SHIFT) {
		rtc->cmos[RTC_C] |= B_UPDATE;
		if (alarm_after_sync(rtc) <= now >> SECOND_SHIFT)
			rtc->cmos[RTC_C] |= B_ALARM;
	}
	rtc->synced = now;
	update_request(rtc);
}

void rtc_reset(struct rtc *rtc, struct timebase *timebase, struct irq *irq)
{
	const struct platform *platform = timebase->platform;
	uint64_t age_ticks = timebase->start_ticks - platform->unix_ticks;
	uint64_t unix_time = RTC_UNKNOWN_UNIX_TIME;

	if (platform->unix_time)
		unix_time = platform->unix_time + age_ticks / timebase->ticks_hz;
	memset(rtc, 0, sizeof(*rtc));
	rtc->timebase = timebase;
	rtc->irq = irq;
	rtc->base_seconds = CALENDAR_UNIX_EPOCH + unix_time;
	rtc->cmos[RTC_A] = A_DEFAULT;
	rtc->cmos[RTC_B] = B_24_HOURS;
	rtc->cmos[RTC_D] = D_VALID;
}

void rtc_run(struct rtc *rtc)
{
	sync(rtc);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t rtc_next_deadline(const struct rtc *rtc)
{
	/* Enabled, and not waiting to be read already. */
	uint8_t armed = rtc->cmos[RTC_B] & (uint8_t)~rtc->cmos[RTC_C];
	int shift = periodic_shift(rtc);
	uint64_t next = DEADLINE_NONE;

	if ((armed & B_PERIODIC) && shift >= 0)
		next = ((rtc->synced >> shift) + 1) << shift;
	if ((armed & B_UPDATE) && !is_held(rtc))
		next = earlier(next, ((rtc->synced >> SECOND_SHIFT) + 1) << SECOND_SHIFT);
	if ((armed & B_ALARM) && !is_held(rtc)) {
		uint64_t alarm = alarm_after_sync(rtc);

		if (alarm != DEADLINE_NONE)
			next = earlier(next, alarm << SECOND_SHIFT);
	}
	return next == DEADLINE_NONE ? next : timebase_deadline(rtc->timebase, next, RTC_HZ);
}

static uint8_t read_a(const struct rtc *rtc)
{
	uint64_t in_second = timebase_count(rtc->timebase, RTC_HZ) & (RTC_HZ - 1);
	bool is_updating = !is_held(rtc) && in_second >= RTC_HZ - UPDATE_COUNTS;

	return rtc->cmos[RTC_A] | (is_updating ? A_UPDATING : 0);
}

static uint8_t read_c(struct rtc *rtc)
{
	uint8_t flags;

	sync(rtc);
	flags = rtc->cmos[RTC_C];
	rtc->cmos[RTC_C] = 0;
	update_request(rtc);
	return flags;
}

uint64_t rtc_port_read(void *device, uint64_t port, uint32_t size)
{
	struct rtc *rtc = device;

	(void)size;
	if (!(port & 1)) /* the index is write-only */
		return 0xFF;
	if (rtc->index == RTC_A)
		return read_a(rtc);
	if (rtc->index == RTC_C)
		return read_c(rtc);
	if (is_time(rtc->index) && !(rtc->cmos[RTC_B] & B_SET))
		store_time(rtc);
	return rtc->cmos[rtc->index];
}

static void write_b(struct rtc *rtc, uint8_t value)
{
	bool was_set = rtc->cmos[RTC_B] & B_SET;

	/* The time freezes in the format it had and is taken in the one the guest leaves. */
	if ((value & B_SET) && !was_set)
		store_time(rtc);
	rtc->cmos[RTC_B] = value & B_SET ? value & (uint8_t)~B_UPDATE : value;
	if (!(value & B_SET) && was_set)
		take_time(rtc);
	update_request(rtc);
}

static void write_time(struct rtc *rtc, uint8_t value)
{
	bool is_set = rtc->cmos[RTC_B] & B_SET;

	if (!is_set)
		store_time(rtc);
	rtc->cmos[rtc->index] = value;
	if (!is_set)
		take_time(rtc);
}

static void write_register(struct rtc *rtc, uint8_t value)
{
	sync(rtc);
	switch (rtc->index) {
	case RTC_A:
		rtc->cmos[RTC_A] = value & (uint8_t)~A_UPDATING;
		break;
	case RTC_B:
		write_b(rtc, value);
		break;
	case RTC_C:
	case RTC_D:
		break;
	default:
		if (is_time(rtc->index))
			write_time(rtc, value);
		else
			rtc->cmos[rtc->index] = value;
		break;
	}
}

void rtc_port_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct rtc *rtc = device;

	(void)size;
	if (port & 1)
		write_register(rtc, (uint8_t)value);
	else
		rtc->index = value & (CMOS_BYTES - 1); /* bit 7 masks NMIs: there are none */
}
