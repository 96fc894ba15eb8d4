/* SPDX-License-Identifier: Apache-2.0 */
/* RDRAND mixed with the clock; see seed.h. Mixing only adds: neither source can take away what the
 * other gave. */
#include "bsp/timer/seed.h"

#include "bsp/cpu.h"
#include "bsp/memory/string.h"

#define LEAF1_ECX_RDRAND BIT(30)
#define RDRAND_TRIES 10
#define JITTER_ROUNDS 256

static bool rdrand(u64 *value)
{
	u8 is_valid = 0;

	for (u32 i = 0; i < RDRAND_TRIES && !is_valid; i++)
		asm volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(is_valid) : : "cc");
	return is_valid;
}

static u64 jitter(u64 state)
{
	for (u32 i = 0; i < JITTER_ROUNDS; i++) {
		/* A slow port read varies with everything else on the board. */
		port_inb(0x61);
		state = (state ^ rdtsc()) * 0x9E3779B97F4A7C15ull;
		state ^= state >> 29;
	}
	return state;
}

bool seed_gather(u8 seed[SEED_BYTES])
{
	bool has_rdrand = cpuid(1, 0).ecx & LEAF1_ECX_RDRAND;
	bool is_good = has_rdrand;
	u64 state = rdtsc();

	for (u32 i = 0; i < SEED_BYTES; i += sizeof(u64)) {
		u64 word = 0;

		if (has_rdrand)
			is_good &= rdrand(&word);
		state = jitter(state);
		word ^= state;
		memcpy(seed + i, &word, sizeof(word));
	}
	return is_good;
}
