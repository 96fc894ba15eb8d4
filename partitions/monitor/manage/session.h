/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial line between the guest and a person: bytes are the guest's until the escape key, Ctrl-^ (Ctrl-6 on most keyboards);
 * then come the password and the console, until `guest`, Ctrl-D or the key again. Pressed twice, it is sent to the guest.
 * Pure: time, output and commands are the caller's.
 */
#ifndef MANAGE_SESSION_H
#define MANAGE_SESSION_H

#include "manage/command.h"
#include "manage/line.h"
#include "manage/login.h"

#define SESSION_ESCAPE 0x1Eu
#define SESSION_IDLE_SECONDS 600u

enum session_state { SESSION_GUEST, SESSION_LOGIN, SESSION_PROMPT, SESSION_FOLLOW, SESSION_DEBUG };

enum session_taken { SESSION_IS_GUESTS, SESSION_TAKEN };

struct session {
	enum session_state state;
	struct line line;
	struct login login;
	struct sink out;
	uint64_t (*now_seconds)(void *context);
	enum command_end (*run)(void *context, char *text);
	/* SESSION_DEBUG: a byte for the debugger; false: it has gone. The line is taken from it. */
	bool (*debug)(uint8_t byte);
	void (*debug_end)(void);
	/* Something to be kept in the log. */
	void (*note)(void *context, const char *what);
	/* The line is taken from the guest, or given back. */
	void (*attention)(void *context, bool is_taken);
	void *context;
	uint64_t used_at; /* seconds */
	bool has_logged_in;
	char followed[LINE_MAX_BYTES]; /* the command that is run again and again */
	bool is_fresh; /* nothing has been typed since the escape key */
};

/* Whose byte is it? A byte of the session's is done with. */
enum session_taken session_feed(struct session *session, uint8_t byte);

/* To be called about once a second while session_is_following(). */
void session_tick(struct session *session);

static inline bool session_is_following(const struct session *session)
{
	return session->state == SESSION_FOLLOW;
}

static inline bool session_has_attention(const struct session *session)
{
	return session->state != SESSION_GUEST;
}

#endif
