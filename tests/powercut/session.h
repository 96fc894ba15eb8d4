/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a box does from one start to the next, and the record of it that is cut.
 */
#ifndef TESTS_POWERCUT_SESSION_H
#define TESTS_POWERCUT_SESSION_H

#include "probe.h"

enum action { NOTHING, INSTALL, CONFIRM, REVERT, REVERT_REFUSED, KEYRING, KEYRING_REFUSED };

struct session {
	enum action action;
	int image;	 /* of INSTALL; which file, of KEYRING */
	int runs;	 /* which image this session's start must run */
	int meta_writes; /* the action's 4 KiB writes to nbmeta */
};

/* One recorded session: its events, and what a start finds at its beginning, after its own start,
 * and at its end. */
struct trace {
	size_t number;
	const struct session *session;
	struct cut_event events[CUT_MAX_EVENTS];
	size_t count, boot_count; /* of them by the start */
	struct outcome outcomes[4];
	int confirmed; /* the image that the record falls back to */
};

extern struct trace trace;

static inline bool event_is_meta(const struct cut_event *event)
{
	return event->count && event->offset < WORLD_META_OFFSET + NBMETA_BYTES;
}

/* Counts and shows what is not so. */
void session_require(bool is_true, const char *what);

/* Every state a cut in `trace` can leave, on the disk as it was at its beginning. */
void session_cut(void);

#endif
