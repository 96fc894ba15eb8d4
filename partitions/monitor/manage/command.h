/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the box, for a person on the serial line and, as far as it may, for the guest. One row each in commands.def.
 */
#ifndef MANAGE_COMMAND_H
#define MANAGE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/monitor_abi.h"
#include "manage/line.h"
#include "manage/sink.h"

/* Who asks. A row is for one or both. */
enum command_caller { CALLER_PERSON = 1, CALLER_GUEST = 2 };

#define COMMAND_MAX_WORDS 8u

/* COMMAND_FOLLOWS: it is to be run again every second, until a key is pressed. COMMAND_DEBUGS: the line is gdb's. */
enum command_end { COMMAND_STAYS, COMMAND_LEAVES, COMMAND_LOGS_OUT, COMMAND_FOLLOWS, COMMAND_DEBUGS };

struct command_call {
	enum command_caller caller;
	const struct monitor_info *info;
	const struct sink *out;
	uint32_t word_count; /* of the command itself, too */
	char *words[COMMAND_MAX_WORDS];
	enum command_end end; /* set by a command */
	uint32_t partition;   /* COMMAND_LEAVES: whose the line is then, 0 for this one */
	bool is_again;	      /* the same that has followed a second ago */
	bool is_refused;      /* so is this; why has been said */
};

/* Splits `text`, which it changes, and runs the row. False when there is none, or it is refused; why has been said. */
bool command_run(struct command_call *call, char *text);

/* For the line editor: completes the first word. */
bool command_complete(const struct sink *out, char text[LINE_MAX_BYTES]);

#endif
