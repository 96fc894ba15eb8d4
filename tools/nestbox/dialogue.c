/* SPDX-License-Identifier: Apache-2.0 */
/* See dialogue.h. */
#include "dialogue.h"

#include <stdio.h>
#include <string.h>

#define CONSOLE_KEY "\x1e"
#define PROMPT "nestbox> "
#define ASKS "password: "
#define ERASE_LINE "\x15"
#define KEY_TRIES 3
#define PIECE_BYTES 8u
#define PATIENCE 20 /* times a tenth of a second */

enum event { EVENT_NOTHING, EVENT_LINE, EVENT_PROMPT, EVENT_ASKS };

/* True at the end of a line. Cursor movements and colours are dropped. */
static bool take_byte(struct dialogue *d, char byte)
{
	if (d->escape) {
		d->escape = d->escape == 1 ? (byte == '[' ? 2 : 0) : !(byte >= '@' && byte <= '~') * 2u;
		return false;
	}
	if (byte == '\033')
		d->escape = 1;
	else if (byte == '\n')
		return true;
	else if (byte >= ' ' && byte <= '~' && d->used + 1 < sizeof(d->line))
		d->line[d->used++] = byte;
	return false;
}

static bool starts(const struct dialogue *d, const char *with)
{
	return d->used >= strlen(with) && !memcmp(d->line, with, strlen(with));
}

static enum event prompt_of(const struct dialogue *d)
{
	return starts(d, PROMPT) ? EVENT_PROMPT : starts(d, ASKS) ? EVENT_ASKS : EVENT_NOTHING;
}

/* What comes next: a line, which is then in d->line, or a prompt, before its end. Nothing: time is up. */
static enum event next(struct dialogue *d, int seconds)
{
	for (int waited = 0; waited < seconds * 10;) {
		while (d->at < d->count)
			if (take_byte(d, d->bytes[d->at++])) {
				d->line[d->used] = 0;
				return EVENT_LINE;
			}
		enum event prompt = prompt_of(d);

		if (prompt)
			return prompt;
		long count = d->transport.receive(d->transport.context, d->bytes, sizeof(d->bytes), 100);

		if (count < 0)
			return EVENT_NOTHING;
		waited += !count;
		d->at = 0;
		d->count = (size_t)count;
	}
	return EVENT_NOTHING;
}

static void forget_line(struct dialogue *d)
{
	d->used = 0;
	d->line[0] = 0;
}

static bool say(struct dialogue *d, const char *text)
{
	return d->transport.send(d->transport.context, text, strlen(text));
}

static const struct {
	const char *said, *means;
} refusals[] = {
	{ "too many wrong passwords", "the box takes no password for a while after several wrong ones; wait as long as it says on its console" },
	{ "wrong password", "the password is wrong; keys/console.txt has the one the build made up" },
	{ "built without a password", "this box was built without a password; build it with `nestbox password make`" },
};

static const char *refusal(const char *line)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strstr(line, refusals[i].said))
			return refusals[i].means;
	return NULL;
}

/* Takes what comes within a time, into the line; false when nothing does. */
static bool listen(struct dialogue *d, int milliseconds)
{
	long count = d->transport.receive(d->transport.context, d->bytes, sizeof(d->bytes), milliseconds);

	d->at = 0;
	d->count = count > 0 ? (size_t)count : 0;
	while (d->at < d->count)
		if (take_byte(d, d->bytes[d->at++]))
			forget_line(d); /* somebody else's */
	return count > 0;
}

/* A prompt counts when it stays: what came just before belongs to somebody who has left. */
static enum event settle(struct dialogue *d)
{
	for (int i = 0; i < PATIENCE && listen(d, 150); i++)
		;
	return prompt_of(d);
}

/* Presses the key until the console answers: a line that somebody has left at its prompt is given back first. */
static enum event attend(struct dialogue *d)
{
	(void)settle(d);
	for (int i = 0; i < KEY_TRIES; i++) {
		enum event event;

		forget_line(d);
		if (!say(d, CONSOLE_KEY))
			return EVENT_NOTHING;
		bool is_back = false;

		while (!is_back && (event = next(d, 5)) == EVENT_LINE) {
			is_back = strstr(d->line, "[back to the guest]") != NULL;
			forget_line(d);
		}
		if (!is_back && event != EVENT_NOTHING)
			event = settle(d);
		else
			event = EVENT_NOTHING;
		if (event != EVENT_NOTHING)
			return event;
	}
	return EVENT_NOTHING;
}

/* The box's line keeps few bytes while nobody takes them: a few at a time, and on with the next when they have been shown. */
static bool type_slowly(struct dialogue *d, const char *text, bool is_shown)
{
	for (size_t at = 0, count; text[at]; at += count) {
		size_t left = strlen(text + at), shown = d->used;

		count = left < PIECE_BYTES ? left : PIECE_BYTES;
		if (!d->transport.send(d->transport.context, text + at, count))
			return false;
		for (int waited = 0; is_shown && waited < PATIENCE && d->used < shown + count;)
			waited += !listen(d, 100);
		if (!is_shown)
			(void)listen(d, 20);
	}
	d->line[d->used] = 0;
	return true;
}

const char *dialogue_login(struct dialogue *d, const char *(*password)(void *context), void *context)
{
	enum event event = attend(d);
	const char *why = NULL;

	if (event == EVENT_PROMPT)
		return NULL;
	if (event != EVENT_ASKS)
		return "nobody answers as Nestbox's console; is this the box's serial line, and has it a console (menuconfig: Security)";
	const char *word = password(context);

	forget_line(d);
	if (!word)
		(void)say(d, CONSOLE_KEY);
	if (!word || !type_slowly(d, word, false) || !say(d, "\r"))
		return "there is no password to give; give --password-file FILE or NESTBOX_PASSWORD";
	while ((event = next(d, DIALOGUE_LOGIN_SECONDS)) == EVENT_LINE) {
		why = why ? why : refusal(d->line);
		forget_line(d);
	}
	if (event == EVENT_PROMPT)
		return NULL;
	if (event == EVENT_ASKS)
		(void)say(d, CONSOLE_KEY);
	return why ? why : "the box does not answer to the password; try again";
}

/* Until it stands there as it was meant. */
static bool type_command(struct dialogue *d, const char *command)
{
	for (int i = 0; i < KEY_TRIES; i++) {
		forget_line(d);
		if (!type_slowly(d, command, true))
			return false;
		size_t length = strlen(command);

		if (d->used >= length && !strcmp(d->line + d->used - length, command))
			return say(d, "\r");
		if (!say(d, ERASE_LINE))
			return false;
		while (listen(d, 200))
			;
	}
	return false;
}

bool dialogue_ask(struct dialogue *d, const char *command, dialogue_line *take, void *context)
{
	bool is_echo = true;

	if (!type_command(d, command))
		return false;
	for (;;) {
		enum event event = next(d, DIALOGUE_ANSWER_SECONDS);

		/* somebody else's line behind the prompt has made a line of both */
		if (event != EVENT_LINE || (!is_echo && prompt_of(d)))
			return event == EVENT_PROMPT || event == EVENT_LINE;
		if (!is_echo)
			take(context, d->line);
		is_echo = false;
		forget_line(d);
	}
}

const char *dialogue_hand_over(struct dialogue *d, const char *command, const char *ready)
{
	static char said[DIALOGUE_LINE_BYTES];

	said[0] = 0;
	if (!type_command(d, command))
		return said;
	while (next(d, DIALOGUE_ANSWER_SECONDS) == EVENT_LINE) {
		bool is_ready = starts(d, ready);

		if (!strstr(d->line, PROMPT))
			memcpy(said, d->line, sizeof(said));
		forget_line(d);
		if (is_ready)
			return NULL;
	}
	return said;
}

void dialogue_end(struct dialogue *d)
{
	if (type_command(d, "logout"))
		(void)next(d, 2);
	while (listen(d, 200))
		;
}
