/* SPDX-License-Identifier: Apache-2.0 */
/* The escape key, the login and the prompt; see session.h. */
#include "manage/session.h"

#include <inttypes.h>
#include <string.h>

static void enter(struct session *session, enum session_state state)
{
	session->state = state;
	session->line.prompt = state == SESSION_LOGIN ? "password: " : "nestbox> ";
	session->line.is_secret = state == SESSION_LOGIN;
	line_start(&session->line, &session->out);
}

static void leave(struct session *session)
{
	if (session->state == SESSION_DEBUG)
		session->debug_end();
	session->state = SESSION_GUEST;
	sink_print(&session->out, "\r\033[K[back to the guest]\n");
	session->attention(session->context, false);
}

static void attend(struct session *session)
{
	uint64_t now = session->now_seconds(session->context);

	if (now - session->used_at >= SESSION_IDLE_SECONDS)
		session->has_logged_in = false;
	session->used_at = now;
	session->is_fresh = true;
	session->attention(session->context, true);
	sink_print(&session->out, "\n[Nestbox console; Ctrl-^ or Ctrl-D: back to the guest]\n");
	enter(session, session->has_logged_in ? SESSION_PROMPT : SESSION_LOGIN);
}

static void try_password(struct session *session)
{
	uint64_t now = session->now_seconds(session->context), wait = login_wait(&session->login, now);
	bool is_right = !wait && login_try(&session->login, session->line.text, now);

	if (wait)
		sink_print(&session->out, "too many wrong passwords: try again in %" PRIu64 " s\n", wait);
	else if (!is_right)
		sink_print(&session->out, session->login.password->iterations
			   ? "wrong password\n"
			   : "this box was built without a password: nobody can log in; build it with `nestbox password make`\n");
	if (!wait)
		session->note(session->context, is_right ? "login" : "wrong password");
	session->has_logged_in = is_right;
	enter(session, is_right ? SESSION_PROMPT : SESSION_LOGIN);
}

static void run_line(struct session *session)
{
	char text[LINE_MAX_BYTES];

	memcpy(text, session->line.text, sizeof(text));
	enum command_end end = session->run(session->context, text);

	if (end == COMMAND_LOGS_OUT)
		session->has_logged_in = false;
	if (end == COMMAND_FOLLOWS) {
		memcpy(session->followed, session->line.text, sizeof(session->followed));
		session->state = SESSION_FOLLOW;
	} else if (end == COMMAND_DEBUGS) {
		session->state = SESSION_DEBUG;
	} else if (end == COMMAND_STAYS) {
		enter(session, SESSION_PROMPT);
	} else {
		leave(session);
	}
}

static void expire(struct session *session, uint64_t now)
{
	if ((session->state == SESSION_PROMPT || session->state == SESSION_FOLLOW) && now - session->used_at >= SESSION_IDLE_SECONDS) {
		session->has_logged_in = false;
		sink_print(&session->out, "\n[logged out: nothing typed for %u minutes]\n", SESSION_IDLE_SECONDS / 60);
		enter(session, SESSION_LOGIN);
	}
	session->used_at = now;
}

static void feed_line(struct session *session, uint8_t byte)
{
	switch (line_feed(&session->line, byte, &session->out)) {
	case LINE_COMPLETE:
		if (session->state == SESSION_LOGIN)
			try_password(session);
		else
			run_line(session);
		break;
	case LINE_CANCELED:
		enter(session, session->state);
		break;
	case LINE_ENDED:
		leave(session);
		break;
	default:
		break;
	}
}

enum session_taken session_feed(struct session *session, uint8_t byte)
{
	if (session->state == SESSION_GUEST) {
		if (byte != SESSION_ESCAPE)
			return SESSION_IS_GUESTS;
		attend(session);
		return SESSION_TAKEN;
	}
	if (byte == SESSION_ESCAPE) {
		leave(session);
		return session->is_fresh ? SESSION_IS_GUESTS : SESSION_TAKEN;
	}
	session->is_fresh = false;
	expire(session, session->now_seconds(session->context));
	if (session->state == SESSION_FOLLOW || (session->state == SESSION_DEBUG && !session->debug(byte)))
		enter(session, SESSION_PROMPT);
	else if (session->state != SESSION_DEBUG)
		feed_line(session, byte);
	return SESSION_TAKEN;
}
void session_tick(struct session *session)
{
	char text[LINE_MAX_BYTES];
	uint64_t now = session->now_seconds(session->context);

	if (session->state != SESSION_FOLLOW)
		return;
	if (now - session->used_at >= SESSION_IDLE_SECONDS) {
		expire(session, now);
		return;
	}
	memcpy(text, session->followed, sizeof(text));
	if (session->run(session->context, text) != COMMAND_FOLLOWS)
		enter(session, SESSION_PROMPT);
}
