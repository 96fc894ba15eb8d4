/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop reasons: every one has its line and the configured action, and nothing else ever comes out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devices/health.h"
#include "fake_kernel.h"
#include "stop.h"

struct stop_case {
	uint64_t reason, detail;
	enum stop_action action;
	const char *line;
};

/* on_power_off = ACTION_POWER_OFF, on_crash = ACTION_REBOOT */
static const struct stop_case cases[] = {
	{ STOP_POWER_OFF, 0, ACTION_POWER_OFF,
	  "partition demo: powered off; switching the box off\n" },
	{ STOP_POWER_OFF, DEBUG_EXIT_FLAG | 7, ACTION_POWER_OFF,
	  "partition demo: powered off (debug exit 7); switching the box off\n" },
	{ STOP_RESET, 0, ACTION_RESTART, "partition demo: reset; starting it again\n" },
	{ STOP_TRIPLE_FAULT, 0, ACTION_REBOOT,
	  "partition demo: stopped: triple fault on a CPU; resetting the box\n" },
	{ STOP_CONTAINED, 0xC0000000, ACTION_REBOOT,
	  "partition demo: stopped: it did what nothing can answer, details above (c0000000); "
	  "resetting the box\n" },
	{ STOP_MONITOR_FAULT, 0, ACTION_REBOOT,
	  "partition demo: stopped: its monitor failed, details above; resetting the box\n" },
	{ STOP_REFUSED, 0, ACTION_HOLD,
	  "partition demo: not started: no verified image; the box stays up\n" },
	{ 0, 0, ACTION_HOLD,
	  "partition demo: stopped for a reason this version does not know; the box stays up\n" },
	{ STOP_REQUESTED, ACTION_RESTART, ACTION_RESTART,
	  "partition demo: stopped from the console; starting it again\n" },
	{ STOP_REQUESTED, ACTION_POWER_OFF + 1ull, ACTION_HOLD,
	  "partition demo: stopped from the console; the box stays up\n" },
	{ STOP_REQUESTED + 1, 0, ACTION_HOLD,
	  "partition demo: stopped for a reason this version does not know; the box stays up\n" },
	{ UINT64_MAX, 0, ACTION_HOLD,
	  "partition demo: stopped for a reason this version does not know; the box stays up\n" },
};

static void every_reason_has_its_action(void **state)
{
	struct monitor_info info = { .on_crash = ACTION_REBOOT, .on_power_off = ACTION_POWER_OFF };

	(void)state;
	strcpy(info.partition_name, "demo");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_kernel_reset();
		assert_int_equal(stop_decide(&info, cases[i].reason, cases[i].detail),
				 cases[i].action);
		assert_string_equal(fake_kernel.log, cases[i].line);
	}
}

static void unknown_actions_hold(void **state)
{
	static const uint32_t actions[] = { 0, ACTION_POWER_OFF + 1, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct monitor_info info = { .on_crash = actions[i], .on_power_off = actions[i] };

		fake_kernel_reset();
		assert_int_equal(stop_decide(&info, STOP_POWER_OFF, 0), ACTION_HOLD);
		assert_int_equal(stop_decide(&info, STOP_TRIPLE_FAULT, 0), ACTION_HOLD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_its_action),
		cmocka_unit_test(unknown_actions_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
