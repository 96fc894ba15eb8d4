/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's numbers: a xorshift started from seed and case, and the values hypervisors have tripped over. */
#include "hostile.h"

static u64 state;

u64 random64(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545F4914F6CDD1Dull;
}

void random_start(u64 seed, u64 number)
{
	state = (seed + 1) * 0x9E3779B97F4A7C15ull ^ (number + 1) * 0xBF58476D1CE4E5B9ull;
	state |= state == 0;
	for (u32 i = 0; i < 8; i++)
		(void)random64();
}

u64 random_page(void)
{
	return arena(below(ARENA_PAGES));
}

static u64 special(u32 which)
{
	const u64 width = 1ull << caps_physical_bits();

	switch (which) {
	case 0: return 0;
	case 1: return 1;
	case 2: return ~0ull;
	case 3: return 0x8000000000000000ull;
	case 4: return 0x0000800000000000ull;
	case 5: return 0x00007FFFFFFFFFFFull;
	case 6: return 0xFFFF800000000000ull;
	case 7: return width;
	case 8: return width - 1;
	case 9: return width - 4096;
	case 10: return width - 16;
	case 11: return 0x80000000;
	case 12: return 0xFFFFFFFF;
	case 13: return 0x100000000ull;
	default: return random_page();
	}
}

/* Something to have instead of base, bits wide. */
u64 random_value(u64 base, u32 bits)
{
	u64 v;

	switch (below(8)) {
	case 0: case 1: v = base ^ 1ull << below(bits); break;
	case 2: v = base ^ 1ull << below(bits) ^ 1ull << below(bits); break;
	case 3: v = base + 1 - below(3); break;
	case 4: v = random64() & random64(); break;
	case 5: v = random64() >> below(bits); break;
	case 6: v = random_page() + (one_in(2) ? 1u << below(12) : 0); break;
	default: v = special(below(18)); break;
	}
	return bits == 64 ? v : v & ((1ull << bits) - 1);
}
