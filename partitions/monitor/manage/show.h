/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that tell something and change nothing.
 */
#ifndef MANAGE_SHOW_H
#define MANAGE_SHOW_H

struct command_call;

/* Made by the build out of the configuration: `nestbox layout` of it. */
extern const char box_layout_text[], box_layout_json[];

void command_status(struct command_call *call);
void command_partitions(struct command_call *call);
void command_layout(struct command_call *call);
void command_update(struct command_call *call);
void command_slots(struct command_call *call);
void command_memory(struct command_call *call);
void command_cpu(struct command_call *call);
void command_log(struct command_call *call);

#endif
