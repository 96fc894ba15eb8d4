/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L2's time-stamp counter: the machine's, with L1's offset against it (vcpu.tsc_offset; L1 is never scaled), then L1's multiplier and offset for L2,
 * as one multiplier and one offset. Source: Intel SDM volume 3 "Time-Stamp Counter Offsetting and Scaling".
 */
#ifndef NESTED_TSC_H
#define NESTED_TSC_H

#include "nested/nested.h"

#define TSC_FRACTION_BITS 48
#define TSC_UNSCALED BIT(TSC_FRACTION_BITS)

/* As hardware scales: 128-bit product, bits 111:48. Pure. */
static inline u64 tsc_scaled(u64 tsc, u64 multiplier)
{
	return (u64)((unsigned __int128)tsc * multiplier >> TSC_FRACTION_BITS);
}

/* An offset is signed: it becomes the scaled distance, rounded down. What L2 reads differs from scaling L1's own TSC by one tick at most. Pure. */
static inline u64 tsc_scaled_offset(u64 offset, u64 multiplier)
{
	return (u64)((__int128)(int64_t)offset * multiplier >> TSC_FRACTION_BITS);
}

/* vmcs02 is current: offset and multiplier for it. */
void tsc_merge(struct vcpu *v);

#endif
