/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has happened to the box's images since it was switched on: installed, refused and why, tried, confirmed, gone back. The last few of what
 * the box did and, apart from them, of what a guest asked for, so that a guest that asks for nonsense pushes out nothing but its own. What
 * lasts longer is in the slot record.
 */
#ifndef MANAGE_JOURNAL_H
#define MANAGE_JOURNAL_H

#include <stdint.h>

#include "manage/sink.h"

#define JOURNAL_ENTRIES 16u
#define JOURNAL_TEXT_BYTES 160u

enum journal_side { JOURNAL_BOX, JOURNAL_GUEST, JOURNAL_SIDES };

struct journal_entry {
	uint64_t number;  /* counts both sides */
	uint64_t seconds; /* since the start, of the last time */
	uint32_t times;	  /* the same again and again is one entry */
	char text[JOURNAL_TEXT_BYTES];
};

struct journal {
	uint64_t (*seconds)(void *context); /* null: no time is told */
	void *context;
	uint64_t next;
	uint64_t counts[JOURNAL_SIDES];
	struct journal_entry entries[JOURNAL_SIDES][JOURNAL_ENTRIES];
};

/* What is longer than an entry is cut. */
void journal_note(struct journal *journal, enum journal_side side, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A line of the update dialogue (update/protocol.h), `length` bytes: noted in words if it is the end of something. */
void journal_line(struct journal *journal, const char *line, size_t length);

/* Both sides together, oldest first. */
void journal_show(const struct journal *journal, const struct sink *out);

/* The box's own. */
extern struct journal box_journal;

#endif
