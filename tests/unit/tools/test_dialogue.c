/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speaking with a box, against recordings of its serial line: each answer comes when what is in front of it has been typed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dialogue.h"

/* What must be typed, and what the line says then. */
struct step {
	const char *typed, *said;
};

static struct {
	const struct step *step, *end;
	size_t typed, said, heard;
	char line[8192]; /* said, the first `heard` bytes of it heard */
	char lines[1024];
	uint32_t asked, unexpected;
} tape;

static bool type(void *context, const char *bytes, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		if (tape.step == tape.end || tape.step->typed[tape.typed] != bytes[i]) {
			tape.unexpected++;
			continue;
		}
		if (tape.step->typed[++tape.typed])
			continue;
		strcpy(tape.line + tape.said, tape.step->said);
		tape.said += strlen(tape.step->said);
		tape.step++;
		tape.typed = 0;
	}
	return true;
}

/* In odd pieces, as a line gives them. */
static long hear(void *context, char *bytes, size_t room, int timeout_ms)
{
	(void)context, (void)timeout_ms;
	size_t count = 0;

	while (count < room && count < 7 && tape.heard < tape.said)
		bytes[count++] = tape.line[tape.heard++];
	return (long)count;
}

static struct dialogue play(const struct step *steps, size_t count)
{
	memset(&tape, 0, sizeof(tape));
	tape.step = steps;
	tape.end = steps + count;
	return (struct dialogue){ .transport = { .receive = hear, .send = type } };
}
#define PLAY(steps) play(steps, sizeof(steps) / sizeof((steps)[0]))

static const char *password(void *context)
{
	tape.asked++;
	return context;
}

static void keep(void *context, const char *line)
{
	(void)context;
	strcat(tape.lines, line);
	strcat(tape.lines, "|");
}

#define KEY "\x1e"
#define HELLO "\n[Nestbox console; Ctrl-^ or Ctrl-D: back to the guest]\n"
#define ASKS "\r\033[Kpassword: "
#define PROMPT "\r\033[Knestbox> \033[K"
#define BYE "\n\r\033[K[back to the guest]\n"

static void logs_in_and_asks(void **state)
{
	static const struct step steps[] = {
		{ KEY, HELLO ASKS }, { "correct horse\r", "\nconsole: login\n" PROMPT }, { "layout", "\033[Kl\033[Kay\033[Ko\033[Ku\033[Kt\033[K" },
		{ "\r", "\nRAM, 8192 MiB\n        0\033[1m bold\n" PROMPT }, { "logout", "logout" }, { "\r", BYE },
	};
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_null(dialogue_login(&d, password, "correct horse"));
	assert_int_equal(tape.asked, 1);
	assert_true(dialogue_ask(&d, "layout", keep, NULL));
	assert_string_equal(tape.lines, "RAM, 8192 MiB|        0 bold|");
	dialogue_end(&d);
	assert_ptr_equal(tape.step, tape.end);
	assert_int_equal(tape.unexpected, 0);
}

static void somebody_is_logged_in(void **state)
{
	static const struct step steps[] = { { KEY, HELLO PROMPT } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_null(dialogue_login(&d, password, "x"));
	assert_int_equal(tape.asked, 0);
}

/* The key gives the line back when it was the console's: it is pressed again. */
static void the_line_was_left_at_the_prompt(void **state)
{
	static const struct step steps[] = { { KEY, BYE }, { KEY, HELLO ASKS }, { "w\r", "\n" PROMPT } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_null(dialogue_login(&d, password, "w"));
	assert_int_equal(tape.asked, 1);
}

/* A password prompt that is taken away again is no place to type the password at. */
static void a_prompt_that_does_not_stay(void **state)
{
	static const struct step steps[] = { { KEY, HELLO ASKS BYE }, { KEY, HELLO ASKS }, { "w\r", "\n" PROMPT } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_null(dialogue_login(&d, password, "w"));
	assert_int_equal(tape.unexpected, 0);
}

static void wrong_password(void **state)
{
	static const struct step steps[] = { { KEY, HELLO ASKS }, { "w\r", "\nwrong password\nconsole: wrong password\n" ASKS }, { KEY, BYE } };
	struct dialogue d = PLAY(steps);
	const char *why;

	(void)state;
	why = dialogue_login(&d, password, "w");
	assert_non_null(why);
	assert_non_null(strstr(why, "the password is wrong"));
	assert_ptr_equal(tape.step, tape.end); /* the line is given back */
}

static void locked_out(void **state)
{
	static const struct step steps[] = { { KEY, HELLO ASKS }, { "w\r", "\ntoo many wrong passwords: try again in 4 s\n" ASKS } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_non_null(strstr(dialogue_login(&d, password, "w"), "no password for a while"));
}

static void no_password_given(void **state)
{
	static const struct step steps[] = { { KEY, HELLO ASKS }, { KEY, BYE } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_non_null(strstr(dialogue_login(&d, password, NULL), "--password-file"));
	assert_int_equal(tape.unexpected, 0);
}

static void nobody_there(void **state)
{
	static const struct step steps[] = { { KEY, "Debian GNU/Linux 12 ttyS0\nlogin: " }, { "\r", "" } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_non_null(strstr(dialogue_login(&d, password, "w"), "nobody answers"));
	assert_int_equal(tape.asked, 0); /* the password goes to nobody else */
}

/* The log has a word in the middle of the echo: the command is typed again. */
static void a_line_of_the_log_in_between(void **state)
{
	static const struct step steps[] = {
		{ "status", "stapartition: nothing at port 80\ntus" }, { "\x15", "\033[6D\033[K" }, { "status", "status" },
		{ "\r", "\nup 1 s\n" PROMPT },
	};
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_true(dialogue_ask(&d, "status", keep, NULL));
	assert_string_equal(tape.lines, "up 1 s|");
}

/* And behind the prompt, with which it makes one line. */
static void a_line_of_the_log_behind_the_prompt(void **state)
{
	static const struct step steps[] = { { "status", "status" }, { "\r", "\nup 1 s\n" PROMPT "partition test: reset\n" } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_true(dialogue_ask(&d, "status", keep, NULL));
	assert_string_equal(tape.lines, "up 1 s|");
}

static void no_end_of_the_answer(void **state)
{
	static const struct step steps[] = { { "status", "status" }, { "\r", "\nup 1 s\n" } };
	struct dialogue d = PLAY(steps);

	(void)state;
	assert_false(dialogue_ask(&d, "status", keep, NULL));
}

static void keep_cut(void *context, const char *line)
{
	strcpy(context, line);
}

static void long_lines_are_cut_and_plain(void **state)
{
	static char said[4096] = "\n";
	static struct step steps[] = { { "x", "x" }, { "\r", said } };

	(void)state;
	memset(said + 1, 'a', 3000);
	strcat(said, "\007\033]0;title\007\n" PROMPT);
	struct dialogue d = PLAY(steps);
	static char kept[DIALOGUE_LINE_BYTES];

	assert_true(dialogue_ask(&d, "x", keep_cut, kept));
	assert_int_equal(strlen(kept), DIALOGUE_LINE_BYTES - 1);
	assert_null(strpbrk(kept, "\007\033"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logs_in_and_asks), cmocka_unit_test(somebody_is_logged_in), cmocka_unit_test(the_line_was_left_at_the_prompt),
		cmocka_unit_test(a_prompt_that_does_not_stay), cmocka_unit_test(wrong_password), cmocka_unit_test(locked_out),
		cmocka_unit_test(no_password_given), cmocka_unit_test(nobody_there), cmocka_unit_test(a_line_of_the_log_in_between),
		cmocka_unit_test(a_line_of_the_log_behind_the_prompt), cmocka_unit_test(no_end_of_the_answer),
		cmocka_unit_test(long_lines_are_cut_and_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
