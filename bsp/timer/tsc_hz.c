/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of tsc.h: which frequency to believe. Pure. */
#include "bsp/timer/tsc.h"

#define MIN_HZ 1000000ull
#define MAX_HZ 100000000000ull

static u64 distance(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

u64 tsc_hz_from_cpuid(struct cpuid_result leaf15, struct cpuid_result leaf16)
{
	u64 base_hz = (u64)(leaf16.eax & 0xFFFF) * 1000000;

	if (!leaf15.eax || !leaf15.ebx)
		return base_hz;
	/* Without a crystal frequency the TSC runs at the base frequency. */
	return leaf15.ecx ? (u64)leaf15.ecx * leaf15.ebx / leaf15.eax : base_hz;
}

u64 tsc_hz_from_ticks(u64 tsc_ticks, u64 clock_ticks, u64 clock_hz)
{
	if (!clock_ticks || tsc_ticks > ~0ull / clock_hz)
		return 0;
	u64 hz = tsc_ticks * clock_hz / clock_ticks;
	return hz >= MIN_HZ && hz <= MAX_HZ ? hz : 0;
}

u64 tsc_hz_agreed(const u64 *samples, u32 count)
{
	u64 best = ~0ull, hz = 0;

	for (u32 i = 0; i < count; i++)
		for (u32 j = 0; j < i; j++) {
			u64 apart = distance(samples[i], samples[j]);

			if (!samples[i] || !samples[j] || apart > samples[i] / 256 || apart >= best)
				continue;
			best = apart;
			hz = samples[j] / 2 + samples[i] / 2 + (samples[i] & samples[j] & 1);
		}
	return hz;
}

u64 tsc_hz_choose(u64 claimed, u64 measured)
{
	return claimed && distance(claimed, measured) <= measured / 128 ? claimed : measured;
}
