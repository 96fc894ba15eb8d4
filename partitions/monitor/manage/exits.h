/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands about VM exits: how many, what they cost, one by one. Counts are the kernel's; the cost is its average over the exits it has timed.
 */
#ifndef MANAGE_EXITS_H
#define MANAGE_EXITS_H

#include "kernel/monitor_abi.h"

struct command_call;

/* exits: a table; exits -f: again every second, of that second; exits raw: for tools. */
void command_exits(struct command_call *call);
/* trace on, off, or read CPU FROM. */
void command_trace(struct command_call *call);

/* Where the rings are: MONITOR_TRACE_VA, or a test's. */
extern struct exit_trace *exits_rings;

#endif
