/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats of an unconfirmed image; see probation.h. */
#include "probation.h"

#include "bsp/newlib/sys_call.h"
#include "host.h"
#include "manage/journal.h"
#include "print.h"
#include "slots.h"
#include "update/trial.h"

static struct trial trial;

uint64_t probation_deadline = UINT64_MAX;

static bool is_confirmed(const struct update_box *box)
{
	const struct record_role *role = update_role(box);

	return !role || role_state(role, box->running.slot) == SLOT_CONFIRMED;
}

void probation_start(const struct monitor_info *info)
{
	const struct trial rules = { .need_ticks = info->heartbeat_seconds * info->tsc_hz, .silence_ticks = info->silence_seconds * info->tsc_hz };
	const struct update_box *box = slots_box();

	probation_stop();
	if (info->confirm_by == CONFIRM_HEARTBEAT && box && !is_confirmed(box))
		trial_start(&trial, &rules, host_now_ticks());
	probation_deadline = trial_deadline(&trial);
}

void probation_stop(void)
{
	trial.is_on = false;
	probation_deadline = UINT64_MAX;
}

void probation_beat(void)
{
	if (trial_beat(&trial, host_now_ticks()))
		(void)slots_confirm(&print_sink);
	probation_deadline = trial_deadline(&trial);
}

void probation_tick(void)
{
	const struct update_box *box = slots_box();
	bool is_lost = trial_is_lost(&trial, host_now_ticks());

	probation_deadline = trial_deadline(&trial);
	if (!is_lost || !box || is_confirmed(box))
		return;
	print("slots: no heartbeat of the image that is tried; it is started again\n");
	journal_note(&box_journal, JOURNAL_BOX, "no heartbeat: started again");
	sys_call(SYS_STOP, STOP_REQUESTED, ACTION_RESTART, 0);
}
