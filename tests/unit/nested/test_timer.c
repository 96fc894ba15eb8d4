/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of L1's preemption timer once L0 has taken its time. */
#include "nested/timer.h"
#include "world.h"

static void what_is_left_falls_to_zero(void **state)
{
	(void)state;
	for (u32 rate = 0; rate < 32; rate++) {
		u64 value = world_random() & 0xFFFFFFFF, start = world_random() >> 1, deadline = start + (value << rate);
		u64 before = value;

		assert_true(timer_left(deadline, start, rate) == value);
		for (u64 now = start; now < deadline; now += ((deadline - start) >> 6) + 1) {
			u64 left = timer_left(deadline, now, rate);

			assert_true(left <= before); /* it never grows, and so stays within 32 bits */
			before = left;
		}
		assert_true(timer_left(deadline, deadline, rate) == 0);
		assert_true(timer_left(deadline, deadline + 1, rate) == 0);
		assert_true(timer_left(deadline, ~0ull, rate) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_falls_to_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
