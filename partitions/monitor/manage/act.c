/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change something; see act.h. */
#include "manage/act.h"

#include <string.h>

#include "bsp/newlib/sys_call.h"
#include "devices/board.h"
#include "manage/command.h"
#include "slots.h"

struct act_target act_target;

static void request(enum stop_action action)
{
	sys_call(SYS_STOP, STOP_REQUESTED, action, 0);
}

void command_confirm(struct command_call *call)
{
	call->is_refused = !slots_confirm(call->out);
}

void command_rollback(struct command_call *call)
{
	call->is_refused = !slots_revert(call->out);
}

void command_press(struct command_call *call)
{
	if (!act_target.is_running) {
		sink_print(call->out, "the partition is stopped; `start` starts it\n");
		return;
	}
	board_press_power_button(act_target.board);
	sink_print(call->out, "pressed; a guest that heeds it shuts down, `stop` does not ask\n");
}

void command_stop(struct command_call *call)
{
	if (act_target.is_running)
		request(ACTION_HOLD);
	else
		sink_print(call->out, "the partition is stopped already\n");
}

void command_start(struct command_call *call)
{
	if (act_target.is_running)
		sink_print(call->out, "the partition runs; `restart` stops it first\n");
	else
		request(ACTION_RESTART);
}

void command_restart(struct command_call *call)
{
	(void)call;
	request(ACTION_RESTART);
}

void command_reboot(struct command_call *call)
{
	(void)call;
	request(ACTION_REBOOT);
}

void command_poweroff(struct command_call *call)
{
	(void)call;
	request(ACTION_POWER_OFF);
}

/* Whose the line will be: a partition's number. False: there is none with this name. */
static bool find_partition(const struct monitor_info *info, const char *name, uint32_t *number)
{
	static struct partition_status status; /* the kernel reaches only the monitor's own memory */

	*number = 0;
	if (!strncmp(name, info->partition_name, sizeof(info->partition_name)))
		return true;
	while (++*number < info->partition_count)
		if (!sys_call(SYS_PARTITION, *number, (uintptr_t)&status, 0) && !strncmp(name, status.name, sizeof(status.name)))
			return true;
	return false;
}

void command_guest(struct command_call *call)
{
	call->partition = 0;
	call->is_refused = call->word_count > 2 || (call->word_count == 2 && !find_partition(call->info, call->words[1], &call->partition));
	if (call->is_refused)
		sink_print(call->out, "there is no such partition; `partitions` lists them\n");
	else
		call->end = COMMAND_LEAVES;
}

void command_logout(struct command_call *call)
{
	call->end = COMMAND_LOGS_OUT;
}
