/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact scaling between platform ticks and device clocks; see timebase.h. Whole seconds and the
 * rest are scaled apart, which keeps every product below 2^64 for any ticks_hz below 2^41.
 */
#include "devices/timebase.h"

void timebase_reset(struct timebase *timebase, const struct platform *platform)
{
	timebase->platform = platform;
	timebase->ticks_hz = platform->ticks_hz ? platform->ticks_hz : 1;
	timebase->start_ticks = platform->ops->now_ticks(platform->context);
	timebase->elapsed_ticks = 0;
}

void timebase_update(struct timebase *timebase)
{
	const struct platform *platform = timebase->platform;
	uint64_t elapsed = platform->ops->now_ticks(platform->context) - timebase->start_ticks;

	/* The counters of two CPUs may differ by a little: a step back is no step at all. */
	if ((int64_t)(elapsed - timebase->elapsed_ticks) > 0)
		timebase->elapsed_ticks = elapsed;
}

uint64_t timebase_now(const struct timebase *timebase)
{
	return timebase->start_ticks + timebase->elapsed_ticks;
}

uint64_t timebase_count(const struct timebase *timebase, uint32_t hz)
{
	uint64_t seconds = timebase->elapsed_ticks / timebase->ticks_hz;
	uint64_t rest = timebase->elapsed_ticks % timebase->ticks_hz;

	return seconds * hz + rest * hz / timebase->ticks_hz;
}

uint64_t timebase_deadline(const struct timebase *timebase, uint64_t count, uint32_t hz)
{
	uint64_t seconds = count / hz;
	uint64_t rest = count % hz;

	return timebase->start_ticks + seconds * timebase->ticks_hz +
	       (rest * timebase->ticks_hz + hz - 1) / hz;
}
