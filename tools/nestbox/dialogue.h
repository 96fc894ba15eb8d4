/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaking with a box's management console: the escape key, the password, commands and the lines they answer. What the guest or the log writes
 * in between is not taken for an answer's end. Bytes from the box are not trusted: lines are cut, and nothing but printable characters passes.
 */
#ifndef NESTBOX_DIALOGUE_H
#define NESTBOX_DIALOGUE_H

#include "serial.h"

#define DIALOGUE_LINE_BYTES 1024u
#define DIALOGUE_LOGIN_SECONDS 60 /* a slow emulator takes a while to check a password */
#define DIALOGUE_ANSWER_SECONDS 30

struct dialogue {
	struct transport transport;
	char line[DIALOGUE_LINE_BYTES]; /* being received */
	size_t used;
	unsigned int escape; /* 0; 1: after ESC; 2: in a control sequence */
	char bytes[256];     /* received and not looked at */
	size_t at, count;
};

/* A line of an answer, without its end. */
typedef void dialogue_line(void *context, const char *line);

/* password: asked for only when the box does. Returns null, or why not, as "what; what to do". */
const char *dialogue_login(struct dialogue *d, const char *(*password)(void *context), void *context);

/* One command; false when the box does not end its answer in time. */
bool dialogue_ask(struct dialogue *d, const char *command, dialogue_line *take, void *context);

/* A command behind which the line is the caller's. Null when the box says `ready`, else what it says instead. */
const char *dialogue_hand_over(struct dialogue *d, const char *command, const char *ready);

/* Logs out and gives the line back to the guest. */
void dialogue_end(struct dialogue *d);

#endif
