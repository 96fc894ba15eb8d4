/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per reason: what it is called and whose action it gets.
 */
#include "stop.h"

#include <inttypes.h>
#include <stddef.h>

#include "devices/health.h"
#include "print.h"

enum policy { POLICY_HOLD, POLICY_RESTART, POLICY_ON_POWER_OFF, POLICY_ON_CRASH, POLICY_DETAIL };

static const struct stop_row {
	const char *text;
	enum policy policy;
} rows[] = {
	[0] = { "stopped for a reason this version does not know", POLICY_HOLD },
	[STOP_POWER_OFF] = { "powered off", POLICY_ON_POWER_OFF },
	[STOP_RESET] = { "reset", POLICY_RESTART },
	[STOP_TRIPLE_FAULT] = { "stopped: triple fault on a CPU", POLICY_ON_CRASH },
	[STOP_CONTAINED] = { "stopped: it did what nothing can answer, details above",
			     POLICY_ON_CRASH },
	[STOP_MONITOR_FAULT] = { "stopped: its monitor failed, details above", POLICY_ON_CRASH },
	[STOP_REFUSED] = { "not started: no verified image", POLICY_HOLD },
	[STOP_REQUESTED] = { "stopped from the console", POLICY_DETAIL },
};

static const char *const action_texts[] = {
	[ACTION_HOLD] = "the box stays up",
	[ACTION_RESTART] = "starting it again",
	[ACTION_REBOOT] = "resetting the box",
	[ACTION_POWER_OFF] = "switching the box off",
};

static enum stop_action configured(uint32_t action)
{
	return action >= ACTION_HOLD && action <= ACTION_POWER_OFF ? (enum stop_action)action
								   : ACTION_HOLD;
}

static enum stop_action action_of(const struct monitor_info *info, enum policy policy, uint64_t detail)
{
	const enum stop_action actions[] = {
		[POLICY_HOLD] = ACTION_HOLD,
		[POLICY_RESTART] = ACTION_RESTART,
		[POLICY_ON_POWER_OFF] = configured(info->on_power_off),
		[POLICY_ON_CRASH] = configured(info->on_crash),
		[POLICY_DETAIL] = configured(detail > UINT32_MAX ? 0 : (uint32_t)detail),
	};

	return actions[policy];
}

enum stop_action stop_decide(const struct monitor_info *info, uint64_t reason, uint64_t detail)
{
	const struct stop_row *row = &rows[reason < sizeof(rows) / sizeof(rows[0]) ? reason : 0];
	enum stop_action action = action_of(info, row->policy, detail);

	print("partition %s: %s", info->partition_name, row->text);
	if (reason == STOP_POWER_OFF && detail & DEBUG_EXIT_FLAG)
		print(" (debug exit %" PRIu64 ")", detail & (DEBUG_EXIT_FLAG - 1));
	else if (detail && row->policy != POLICY_DETAIL)
		print(" (%" PRIx64 ")", detail);
	print("; %s\n", action_texts[action]);
	return action;
}
