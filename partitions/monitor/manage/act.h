/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change something. Stopping and starting are requests to the kernel, carried out when the upcall is over.
 */
#ifndef MANAGE_ACT_H
#define MANAGE_ACT_H

#include <stdbool.h>

struct board;
struct command_call;

/* What the commands act on: the board whose power button there is, and whether its partition runs. */
struct act_target {
	struct board *board;
	bool is_running;
};

extern struct act_target act_target;

void command_confirm(struct command_call *call);
void command_rollback(struct command_call *call);
void command_press(struct command_call *call);
void command_stop(struct command_call *call);
void command_start(struct command_call *call);
void command_restart(struct command_call *call);
void command_reboot(struct command_call *call);
void command_poweroff(struct command_call *call);
void command_guest(struct command_call *call);
void command_logout(struct command_call *call);

#endif
