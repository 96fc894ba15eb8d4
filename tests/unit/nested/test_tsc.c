/* SPDX-License-Identifier: Apache-2.0 */
/* L2's TSC: one multiplier and one offset must say what scaling L1's own TSC would. */
#include "nested/tsc.h"
#include "world.h"

/* What L2 reads with the merged values, and what the manual's formula makes of L1's TSC. */
static int64_t difference(u64 host, u64 offset01, u64 multiplier, u64 offset12)
{
	u64 merged = tsc_scaled(host, multiplier) + tsc_scaled_offset(offset01, multiplier) + offset12;
	u64 exact = tsc_scaled(host + offset01, multiplier) + offset12;

	return (int64_t)(exact - merged);
}

static void unscaled_is_exact(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100000; i++) {
		u64 host = world_random(), offset01 = world_random();

		assert_true(tsc_scaled(host, TSC_UNSCALED) == host);
		assert_true(tsc_scaled_offset(offset01, TSC_UNSCALED) == offset01);
		assert_true(difference(host, offset01, TSC_UNSCALED, world_random()) == 0);
	}
}

static void scaled_is_exact_to_a_tick(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100000; i++) {
		u64 l1 = world_random() >> world_random() % 30, offset01 = world_random() >> (1 + world_random() % 63);
		u64 multiplier = world_random() >> world_random() % 64;

		/* L1's TSC is the machine's less than its age, as it is on a box: neither counter has wrapped */
		if (offset01 > l1)
			continue;
		int64_t ahead = difference(l1 - offset01, offset01, multiplier, world_random());
		int64_t behind = difference(l1, -offset01, multiplier, world_random());
		assert_true(ahead == 0 || ahead == 1);
		assert_true(behind == 0 || behind == 1);
	}
}

static void products_are_wide(void **state)
{
	(void)state;
	assert_true(tsc_scaled(~0ull, ~0ull) == (u64)((unsigned __int128)~0ull * ~0ull >> 48));
	assert_true(tsc_scaled(1ull << 63, 3 * TSC_UNSCALED / 2) == 0xC000000000000000ull);
	assert_true(tsc_scaled_offset(-2ull, TSC_UNSCALED / 2) == -1ull);
	assert_true(tsc_scaled_offset(-3ull, TSC_UNSCALED / 2) == -2ull); /* down, not towards zero */
	assert_true(tsc_scaled_offset(BIT(63), ~0ull) == (u64)((__int128)INT64_MIN * ~0ull >> 48));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unscaled_is_exact),
		cmocka_unit_test(scaled_is_exact_to_a_tick),
		cmocka_unit_test(products_are_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
