/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that tell something and change nothing.
 */
#ifndef MANAGE_SHOW_H
#define MANAGE_SHOW_H

struct command_call;

void command_status(struct command_call *call);
void command_exits(struct command_call *call);
void command_nested(struct command_call *call);
void command_slots(struct command_call *call);
void command_memory(struct command_call *call);
void command_cpu(struct command_call *call);
void command_log(struct command_call *call);

#endif
