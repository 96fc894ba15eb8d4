/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats that come, stop, come late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "update/trial.h"

static const struct trial rules = { .need_ticks = 100, .silence_ticks = 30 };

static void a_steady_heart_confirms_once(void **state)
{
	struct trial trial;
	uint64_t now;

	trial_start(&trial, &rules, 1000);
	for (now = 1025; now < 1125; now += 20) {
		assert_false(trial_is_lost(&trial, now));
		assert_false(trial_beat(&trial, now));
	}
	assert_true(trial_beat(&trial, now));
	assert_false(trial_beat(&trial, now + 200));
	assert_true(trial_deadline(&trial) == UINT64_MAX);
	assert_false(trial_is_lost(&trial, UINT64_MAX - 1));
}

static void one_beat_is_not_enough(void **state)
{
	struct trial trial;

	trial_start(&trial, &rules, 1000);
	assert_false(trial_beat(&trial, 1029));
	assert_true(trial_deadline(&trial) == 1059);
	assert_false(trial_is_lost(&trial, 1058));
	assert_true(trial_is_lost(&trial, 1059));
	assert_false(trial_is_lost(&trial, 1060));
	assert_false(trial_beat(&trial, 1100));
}

static void silence_from_the_start_is_lost(void **state)
{
	struct trial trial;

	trial_start(&trial, &rules, 0);
	assert_false(trial_is_lost(&trial, 29));
	assert_true(trial_is_lost(&trial, 30));
}

/* The timer is late: the time before the silence does not count. */
static void a_gap_counts_anew(void **state)
{
	struct trial trial;

	trial_start(&trial, &rules, 0);
	assert_false(trial_beat(&trial, 10));
	assert_false(trial_beat(&trial, 110));
	for (uint64_t now = 130; now < 210; now += 20)
		assert_false(trial_beat(&trial, now));
	assert_true(trial_beat(&trial, 210));
}

static void without_a_limit_silence_is_never_lost(void **state)
{
	const struct trial patient = { .need_ticks = 100 };
	struct trial trial;

	trial_start(&trial, &patient, 5);
	assert_true(trial_deadline(&trial) == UINT64_MAX);
	assert_false(trial_beat(&trial, 1000));
	assert_false(trial_beat(&trial, 1099));
	assert_true(trial_beat(&trial, 1100));
}

static void the_clock_may_be_near_its_end(void **state)
{
	struct trial trial;

	trial_start(&trial, &rules, UINT64_MAX - 10);
	assert_true(trial_deadline(&trial) == UINT64_MAX);
	assert_false(trial_is_lost(&trial, UINT64_MAX - 1));
}

static void no_trial_no_verdict(void **state)
{
	struct trial trial = { .is_on = false, .silence_ticks = 1 };

	assert_false(trial_beat(&trial, 500));
	assert_false(trial_is_lost(&trial, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_heart_confirms_once),	  cmocka_unit_test(one_beat_is_not_enough),
		cmocka_unit_test(silence_from_the_start_is_lost), cmocka_unit_test(a_gap_counts_anew),
		cmocka_unit_test(without_a_limit_silence_is_never_lost), cmocka_unit_test(the_clock_may_be_near_its_end),
		cmocka_unit_test(no_trial_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
