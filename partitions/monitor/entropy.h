/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes for the partition: a generator over SHA-256, keyed with the seed the kernel gathered at
 * boot. After each request the key is replaced by its own digest and the time, so that what was given out
 * cannot be computed from what is left in memory.
 */
#ifndef MONITOR_ENTROPY_H
#define MONITOR_ENTROPY_H

#include <stdint.h>

#define ENTROPY_KEY_BYTES 32u

struct entropy {
	uint8_t key[ENTROPY_KEY_BYTES];
};

/* Mixes a seed into the key; any number of times. */
void entropy_seed(struct entropy *entropy, const uint8_t seed[ENTROPY_KEY_BYTES]);

/* `ticks`: the clock, mixed in for the next request. */
void entropy_get(struct entropy *entropy, void *bytes, uint32_t count, uint64_t ticks);

#endif
