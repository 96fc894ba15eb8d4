/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's one clock: platform ticks since reset, never going back, read once per entry into the
 * board. Device clocks (PIT, RTC, PM timer) are derived from it by exact scaling, so they do not
 * drift apart.
 */
#ifndef DEVICES_TIMEBASE_H
#define DEVICES_TIMEBASE_H

#include "devices/platform.h"

struct timebase {
	const struct platform *platform;
	uint64_t ticks_hz;      /* never 0 */
	uint64_t start_ticks;
	uint64_t elapsed_ticks; /* at the last timebase_update */
};

void timebase_reset(struct timebase *timebase, const struct platform *platform);
void timebase_update(struct timebase *timebase);

/* Platform ticks at the last update. */
uint64_t timebase_now(const struct timebase *timebase);

/* Whole periods of a clock of `hz` since reset. */
uint64_t timebase_count(const struct timebase *timebase, uint32_t hz);

/* The first platform tick at which timebase_count(hz) is at least `count`. */
uint64_t timebase_deadline(const struct timebase *timebase, uint64_t count, uint32_t hz);

#endif
