/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line editor: what is typed, what a terminal of one line shows for it, history, completion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "manage/line.h"

/* A terminal: the current line and the column, as far as the editor uses one. */
static struct {
	char row[256];
	size_t column;
} terminal;

static void terminal_byte(char c)
{
	if (c == '\r')
		terminal.column = 0;
	else if (c == '\n')
		memset(&terminal, 0, sizeof(terminal));
	else
		terminal.row[terminal.column++] = c;
	assert_true(terminal.column < sizeof(terminal.row));
}

/* CSI: K erases to the end, D goes left; H and J clear. */
static const char *terminal_sequence(const char *at)
{
	char *end;
	unsigned long count = strtoul(at + 2, &end, 10);

	if (*end == 'K') {
		memset(terminal.row + terminal.column, 0, sizeof(terminal.row) - terminal.column);
	} else if (*end == 'D') {
		assert_true(count && count <= terminal.column);
		terminal.column -= count;
	} else {
		assert_true(*end == 'J' || *end == 'H');
		memset(&terminal, 0, sizeof(terminal));
	}
	return end;
}

static void terminal_write(void *context, const char *bytes, size_t count)
{
	char text[1024];

	(void)context;
	assert_true(count < sizeof(text));
	memcpy(text, bytes, count);
	text[count] = 0;
	for (const char *at = text; *at; at++)
		if (*at == '\033')
			at = terminal_sequence(at);
		else
			terminal_byte(*at);
}

static const struct sink out = { .write = terminal_write };
static struct line line;

static int open_line(void **state)
{
	(void)state;
	memset(&terminal, 0, sizeof(terminal));
	line = (struct line){ .prompt = "> " };
	line_start(&line, &out);
	return 0;
}

static enum line_event type(const char *keys)
{
	enum line_event event = LINE_GOES_ON;

	for (; *keys; keys++) {
		assert_int_equal(event, LINE_GOES_ON);
		event = line_feed(&line, (uint8_t)*keys, &out);
	}
	return event;
}

#define LEFT "\033[D"
#define RIGHT "\033[C"
#define UP "\033[A"
#define DOWN "\033OB"

static void edits(void **state)
{
	static const struct {
		const char *keys, *text;
		uint32_t cursor;
	} cases[] = {
		{ "abc", "abc", 3 },
		{ "abc\x7f", "ab", 2 },
		{ "\x08\x7f", "", 0 },
		{ "abc" LEFT LEFT "X", "aXbc", 2 },
		{ "abc\x01\x04", "bc", 0 },
		{ "abc\033[H\033[3~", "bc", 0 },
		{ "abc" LEFT "\x7f", "ac", 1 },
		{ "abc" RIGHT RIGHT "d", "abcd", 4 },
		{ "abc\033[1~X\033[4~Y", "XabcY", 5 },
		{ "abc\033OHX\033OFY", "XabcY", 5 },
		{ "one two  \x17", "one ", 4 },
		{ "one two" LEFT LEFT LEFT "\x0b", "one ", 4 },
		{ "one two" LEFT LEFT LEFT "\x15", "two", 0 },
		{ "ab\x0c" "c", "abc", 3 },
		{ "a\033[15~b\033[1;5Cc\033x\x80\xff" "d", "abcd", 4 },
		{ "\033[3~", "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char shown[256] = "> ";

		open_line(state);
		assert_int_equal(type(cases[i].keys), LINE_GOES_ON);
		assert_string_equal(line.text, cases[i].text);
		assert_int_equal(line.cursor, cases[i].cursor);
		strcat(shown, cases[i].text);
		assert_string_equal(terminal.row, shown);
		assert_int_equal(terminal.column, 2 + cases[i].cursor);
	}
}

static void ends(void **state)
{
	(void)state;
	assert_int_equal(type("help\r"), LINE_COMPLETE);
	assert_string_equal(line.text, "help");
	line_start(&line, &out);
	assert_int_equal(type("\n"), LINE_GOES_ON); /* the rest of CR LF */
	assert_int_equal(type("\n"), LINE_COMPLETE);
	line_start(&line, &out);
	assert_int_equal(type("half\x03"), LINE_CANCELED);
	line_start(&line, &out);
	assert_int_equal(type("\x04"), LINE_ENDED);
}

static void a_long_line_stops_growing(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3 * LINE_MAX_BYTES; i++)
		assert_int_equal(line_feed(&line, 'x', &out), LINE_GOES_ON);
	assert_int_equal(line.length, LINE_MAX_BYTES - 1);
	assert_int_equal(strlen(line.text), LINE_MAX_BYTES - 1);
	assert_int_equal(type("\r"), LINE_COMPLETE);
}

static void enter(const char *keys)
{
	char text[LINE_MAX_BYTES + 1];

	strcpy(text, keys);
	strcat(text, "\r");
	assert_int_equal(type(text), LINE_COMPLETE);
	line_start(&line, &out);
}

static void history(void **state)
{
	(void)state;
	enter("first");
	enter("second");
	enter("second");
	enter("");
	type(UP);
	assert_string_equal(line.text, "second");
	type(UP UP UP);
	assert_string_equal(line.text, "first");
	type(DOWN);
	assert_string_equal(line.text, "second");
	type(DOWN);
	assert_string_equal(line.text, "");
	type(DOWN);
	assert_string_equal(line.text, "");
	for (char c = 'a'; c < 'a' + 20; c++)
		enter((char[]){ c, 0 });
	for (uint32_t i = 0; i < 40; i++)
		type(UP);
	assert_string_equal(line.text, "e"); /* the 16th back */
}

static void secrets_are_neither_shown_nor_kept(void **state)
{
	(void)state;
	line.is_secret = true;
	type("secret" LEFT "\x7f\x01x");
	assert_string_equal(line.text, "secrex");
	assert_string_equal(terminal.row, "> ");
	enter("");
	line.is_secret = false;
	type(UP);
	assert_string_equal(line.text, "");
	line.is_secret = true;
	enter("hidden");
	line.is_secret = false;
	type(UP);
	assert_string_equal(line.text, "");
}

static bool complete_he(const struct sink *to, char text[LINE_MAX_BYTES])
{
	if (!strcmp(text, "he"))
		strcpy(text, "help ");
	else
		sink_print(to, "\nhelp here\n");
	return strcmp(text, "help ") != 0;
}

static void completion(void **state)
{
	(void)state;
	line.complete = complete_he;
	type("he\t");
	assert_string_equal(line.text, "help ");
	assert_string_equal(terminal.row, "> help ");
	type("\x15h\t");
	assert_string_equal(line.text, "h");
	assert_string_equal(terminal.row, "> h");
	type("\x15he" LEFT "\t");
	assert_string_equal(line.text, "he");
}

static void any_bytes_keep_it_in_bounds(void **state)
{
	uint32_t seed = 1;

	(void)state;
	line.complete = complete_he;
	for (uint32_t i = 0; i < 200000; i++) {
		seed = seed * 1103515245 + 12345;
		uint8_t byte = (uint8_t)(seed >> 16);

		if (line_feed(&line, seed & 0x8000 ? byte & 0x1F : byte, &out))
			line_start(&line, &out);
		assert_true(line.cursor <= line.length && line.length < LINE_MAX_BYTES);
		assert_int_equal(strlen(line.text), line.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(edits, open_line),
		cmocka_unit_test_setup(ends, open_line),
		cmocka_unit_test_setup(a_long_line_stops_growing, open_line),
		cmocka_unit_test_setup(history, open_line),
		cmocka_unit_test_setup(secrets_are_neither_shown_nor_kept, open_line),
		cmocka_unit_test_setup(completion, open_line),
		cmocka_unit_test_setup(any_bytes_keep_it_in_bounds, open_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
