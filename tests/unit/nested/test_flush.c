/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is flushed when. The emulator cannot show a missing flush, so the decisions are compared with a model of a tagged TLB: after any history, a
 * translation that hardware would use for an L2 must be one that L1 has not had reason to believe gone.
 */
#include "kernel/monitor_abi.h"
#include "nested/flush.h"
#include "world.h"

static void first_use_flushes(void **state)
{
	struct flush_state s = { 0 };

	(void)state;
	struct flush_decision d = flush_at_entry(&s, true, 0); /* CVE-2026-89932: even if the number matches a fresh zero */
	assert_true(d.vpid02);
	assert_false(d.vpid01);
	assert_false(flush_at_entry(&s, true, 0).vpid02);
}

static void same_vpid_keeps(void **state)
{
	struct flush_state s = { 0 };

	(void)state;
	(void)flush_at_entry(&s, true, 5);
	for (u32 i = 0; i < 3; i++) {
		struct flush_decision d = flush_at_entry(&s, true, 5);

		assert_false(d.vpid02);
		assert_false(d.vpid01);
		assert_false(flush_at_exit(true).vpid01);
	}
}

static void other_vpid_flushes(void **state)
{
	struct flush_state s = { 0 };

	(void)state;
	(void)flush_at_entry(&s, true, 5);
	assert_true(flush_at_entry(&s, true, 6).vpid02);
	assert_true(flush_at_entry(&s, true, 5).vpid02);
}

static void without_vpid_everything_flushes(void **state)
{
	struct flush_state s = { 0 };

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		struct flush_decision d = flush_at_entry(&s, false, 0);

		assert_true(d.vpid01 && d.vpid02);
		assert_true(flush_at_exit(false).vpid01);
	}
	/* and its leavings do not pass for those of a VPID */
	assert_true(flush_at_entry(&s, true, 0).vpid02);
}

static void forgetting_flushes(void **state)
{
	struct flush_state s = { 0 };

	(void)state;
	(void)flush_at_entry(&s, true, 5);
	flush_forget(&s);
	assert_false(flush_for_invvpid(&s, 5));
	assert_true(flush_at_entry(&s, true, 5).vpid02);
}

static void invvpid_reaches_the_current_one(void **state)
{
	struct flush_state s = { 0 };

	(void)state;
	assert_false(flush_for_invvpid(&s, 0));
	(void)flush_at_entry(&s, true, 5);
	assert_true(flush_for_invvpid(&s, 5));
	assert_false(flush_for_invvpid(&s, 6)); /* 6 will flush when it comes */
}

/* Model: the TLB holds translations of (VPID of L1, generation); L1's INVVPID makes a VPID's next generation. */
static void random_histories_leave_nothing_stale(void **state)
{
	u32 generation[4] = { 0 };
	u32 held_vpid = 0, held_generation = 0;
	bool holds = false;
	struct flush_state s = { 0 };

	(void)state;
	for (u32 step = 0; step < 100000; step++) {
		u64 r = world_random();
		u16 vpid = 1 + (r >> 8) % 3;

		if (r % 4 == 0) {
			generation[vpid]++;
			if (flush_for_invvpid(&s, vpid))
				holds = false;
		} else if (r % 101 == 0) {
			flush_forget(&s);
		} else {
			bool uses_vpid = r % 7 != 0;

			if (flush_at_entry(&s, uses_vpid, vpid).vpid02)
				holds = false;
			if (holds) {
				assert_true(uses_vpid);
				assert_int_equal(held_vpid, vpid);
				assert_int_equal(held_generation, generation[vpid]);
			}
			holds = true;
			held_vpid = uses_vpid ? vpid : 0;
			held_generation = generation[vpid];
		}
	}
}

static void vpids_are_distinct_and_not_zero(void **state)
{
	bool used[64] = { true };

	(void)state;
	for (u64 cpu = 0; cpu < MONITOR_MAX_CPUS; cpu++) {
		assert_false(used[flush_vpid01(cpu)]);
		assert_false(used[flush_vpid02(cpu)]);
		used[flush_vpid01(cpu)] = used[flush_vpid02(cpu)] = true;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_use_flushes),
		cmocka_unit_test(same_vpid_keeps),
		cmocka_unit_test(other_vpid_flushes),
		cmocka_unit_test(without_vpid_everything_flushes),
		cmocka_unit_test(forgetting_flushes),
		cmocka_unit_test(invvpid_reaches_the_current_one),
		cmocka_unit_test(random_histories_leave_nothing_stale),
		cmocka_unit_test(vpids_are_distinct_and_not_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
