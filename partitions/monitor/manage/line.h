/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line editor for a terminal of the VT100 family: cursor keys, Home and End, history, Ctrl-A E B F P N K U W L,
 * completion. Bytes go in, what the terminal must be sent comes out; nothing else is touched. The terminal need not
 * be one: unknown sequences are swallowed, and every other byte outside printable ASCII is ignored.
 */
#ifndef MANAGE_LINE_H
#define MANAGE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "manage/sink.h"

#define LINE_MAX_BYTES 128u /* with the terminating zero */
#define LINE_HISTORY 16u

enum line_event {
	LINE_GOES_ON,
	LINE_COMPLETE, /* line->text is a line; the terminal stands on the next one */
	LINE_CANCELED, /* Ctrl-C */
	LINE_ENDED,    /* Ctrl-D on an empty line */
};

struct line {
	const char *prompt;
	bool is_secret; /* not shown, not kept */
	/* Appends to text, a prefix, what can be only that; may print choices and then returns true. Null: none. */
	bool (*complete)(const struct sink *out, char text[LINE_MAX_BYTES]);

	char text[LINE_MAX_BYTES];
	uint32_t length, cursor;
	char history[LINE_HISTORY][LINE_MAX_BYTES]; /* a ring */
	uint32_t kept;   /* lines ever put into it */
	uint32_t back;   /* how many lines back the shown one is; 0: a new one */
	uint8_t escape;  /* position in an escape sequence */
	uint8_t argument;
	bool after_return; /* a line feed now belongs to the line before */
};

/* An empty line; the history stays. Shows the prompt. */
void line_start(struct line *line, const struct sink *out);

/* Takes one byte of the terminal. After an event other than LINE_GOES_ON, call line_start(). */
enum line_event line_feed(struct line *line, uint8_t byte, const struct sink *out);

/* Shows prompt and text again, after something else has been written. */
void line_show(const struct line *line, const struct sink *out);

#endif
