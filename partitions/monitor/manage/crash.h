/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last crash, of the partition or of the box: its report stays in a page that a warm reset leaves alone, and here.
 */
#ifndef MANAGE_CRASH_H
#define MANAGE_CRASH_H

#include <stdbool.h>

#include "kernel/monitor_abi.h"

struct command_call;

/* page: null where the board has none. Takes what is there from before, if its checksum is right; true when there was something. */
bool crash_open(struct crash_report *page);

/* The partition has crashed: keeps the end of the log, reports and all. */
void crash_note(void);

void command_crash(struct command_call *call);

#endif
