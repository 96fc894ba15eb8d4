/* SPDX-License-Identifier: Apache-2.0 */
/* The line editor; see line.h. A change is shown by writing the rest of the line again. */
#include "manage/line.h"

#include <string.h>

#define CONTROL(letter) ((letter) - '@')
#define ESCAPE 0x1B
#define DELETE 0x7F

enum escape_state { ESCAPE_NONE, ESCAPE_SEEN, ESCAPE_BRACKET, ESCAPE_SS3 };

static void move_left(const struct sink *out, uint32_t columns)
{
	if (columns)
		sink_print(out, "\033[%uD", (unsigned)columns);
}

static void show_from(const struct line *line, uint32_t at, const struct sink *out)
{
	if (line->is_secret)
		return;
	sink_write(out, line->text + at, line->length - at);
	sink_print(out, "\033[K");
	move_left(out, line->length - line->cursor);
}

void line_show(const struct line *line, const struct sink *out)
{
	sink_print(out, "\r\033[K%s", line->prompt);
	show_from(line, 0, out);
}

static void clear(struct line *line)
{
	memset(line->text, 0, sizeof(line->text));
	line->length = line->cursor = line->back = 0;
}

void line_start(struct line *line, const struct sink *out)
{
	clear(line);
	line->escape = ESCAPE_NONE;
	line_show(line, out);
}

static void insert(struct line *line, char c, const struct sink *out)
{
	if (line->length + 1 >= LINE_MAX_BYTES)
		return;
	memmove(line->text + line->cursor + 1, line->text + line->cursor, line->length - line->cursor);
	line->text[line->cursor++] = c;
	line->length++;
	show_from(line, line->cursor - 1, out);
}

/* Removes [from, to), which ends or starts at the cursor. */
static void erase(struct line *line, uint32_t from, uint32_t to, const struct sink *out)
{
	if (from >= to)
		return;
	if (!line->is_secret)
		move_left(out, line->cursor - from);
	memmove(line->text + from, line->text + to, line->length - to);
	line->length -= to - from;
	memset(line->text + line->length, 0, sizeof(line->text) - line->length);
	line->cursor = from;
	show_from(line, from, out);
}

static void go_to(struct line *line, uint32_t cursor, const struct sink *out)
{
	if (cursor > line->length || line->is_secret)
		return;
	if (cursor < line->cursor)
		move_left(out, line->cursor - cursor);
	else
		sink_write(out, line->text + line->cursor, cursor - line->cursor);
	line->cursor = cursor;
}

static void replace(struct line *line, const char *text, const struct sink *out)
{
	uint32_t back = line->back;

	clear(line);
	line->back = back;
	line->length = line->cursor = (uint32_t)strnlen(text, LINE_MAX_BYTES - 1);
	memcpy(line->text, text, line->length);
	line_show(line, out);
}

static uint32_t history_lines(const struct line *line)
{
	return line->kept < LINE_HISTORY ? line->kept : LINE_HISTORY;
}

static void show_history(struct line *line, uint32_t back, const struct sink *out)
{
	if (line->is_secret || back > history_lines(line))
		return;
	line->back = back;
	replace(line, back ? line->history[(line->kept - back) % LINE_HISTORY] : "", out);
}

static void remember(struct line *line)
{
	const char *last = line->history[(line->kept + LINE_HISTORY - 1) % LINE_HISTORY];

	if (line->is_secret || !line->length || (line->kept && !strcmp(last, line->text)))
		return;
	memcpy(line->history[line->kept++ % LINE_HISTORY], line->text, LINE_MAX_BYTES);
}

static uint32_t word_start(const struct line *line)
{
	uint32_t at = line->cursor;

	while (at && line->text[at - 1] == ' ')
		at--;
	while (at && line->text[at - 1] != ' ')
		at--;
	return at;
}

static void complete(struct line *line, const struct sink *out)
{
	if (!line->complete || line->is_secret || line->cursor != line->length)
		return;
	uint32_t before = line->length;
	bool has_printed = line->complete(out, line->text);

	line->text[LINE_MAX_BYTES - 1] = 0;
	line->length = line->cursor = (uint32_t)strlen(line->text);
	if (has_printed)
		line_show(line, out);
	else
		show_from(line, before < line->length ? before : line->length, out);
}

static enum line_event finish(struct line *line, enum line_event event, const struct sink *out)
{
	if (event == LINE_CANCELED)
		sink_print(out, "^C");
	sink_print(out, "\n");
	if (event == LINE_COMPLETE)
		remember(line);
	return event;
}

static enum line_event control(struct line *line, uint8_t byte, const struct sink *out)
{
	switch (byte) {
	case '\r':
	case '\n':
		return finish(line, LINE_COMPLETE, out);
	case CONTROL('C'):
		return finish(line, LINE_CANCELED, out);
	case CONTROL('D'):
		if (!line->length)
			return finish(line, LINE_ENDED, out);
		erase(line, line->cursor, line->cursor + (line->cursor < line->length), out);
		break;
	case CONTROL('H'):
	case DELETE:
		erase(line, line->cursor - (line->cursor > 0), line->cursor, out);
		break;
	case CONTROL('U'): erase(line, 0, line->cursor, out); break;
	case CONTROL('K'): erase(line, line->cursor, line->length, out); break;
	case CONTROL('W'): erase(line, word_start(line), line->cursor, out); break;
	case CONTROL('A'): go_to(line, 0, out); break;
	case CONTROL('E'): go_to(line, line->length, out); break;
	case CONTROL('B'): go_to(line, line->cursor - (line->cursor > 0), out); break;
	case CONTROL('F'): go_to(line, line->cursor + 1, out); break;
	case CONTROL('P'): show_history(line, line->back + 1, out); break;
	case CONTROL('N'): show_history(line, line->back ? line->back - 1 : LINE_HISTORY + 1, out); break;
	case CONTROL('L'): sink_print(out, "\033[2J\033[H"); line_show(line, out); break;
	case '\t': complete(line, out); break;
	case ESCAPE: line->escape = ESCAPE_SEEN; break;
	default: break;
	}
	return LINE_GOES_ON;
}

/* The control key a final byte of a sequence stands for; 0: none. ECMA-48 section 8.3, and xterm's "~" keys. */
static uint8_t key_of(uint8_t final, uint8_t argument)
{
	static const struct { uint8_t final, argument, key; } keys[] = {
		{ 'A', 0, CONTROL('P') }, { 'B', 0, CONTROL('N') }, { 'C', 0, CONTROL('F') }, { 'D', 0, CONTROL('B') },
		{ 'H', 0, CONTROL('A') }, { 'F', 0, CONTROL('E') }, { '~', '1', CONTROL('A') }, { '~', '7', CONTROL('A') },
		{ '~', '4', CONTROL('E') }, { '~', '8', CONTROL('E') }, { '~', '3', CONTROL('D') },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].final == final && (!keys[i].argument || keys[i].argument == argument))
			return keys[i].key;
	return 0;
}

static enum line_event in_escape(struct line *line, uint8_t byte, const struct sink *out)
{
	if (line->escape == ESCAPE_SEEN) {
		line->escape = byte == '[' ? ESCAPE_BRACKET : byte == 'O' ? ESCAPE_SS3 : ESCAPE_NONE;
		line->argument = 0;
		return LINE_GOES_ON;
	}
	if (byte < '@' && byte >= ' ') {
		line->argument = byte;
		return LINE_GOES_ON;
	}
	line->escape = ESCAPE_NONE;
	uint8_t key = key_of(byte, line->argument);
	/* The Delete key does not end a session. */
	if (!key || (key == CONTROL('D') && !line->length))
		return LINE_GOES_ON;
	return control(line, key, out);
}

enum line_event line_feed(struct line *line, uint8_t byte, const struct sink *out)
{
	bool is_second_half = line->after_return && byte == '\n';

	line->after_return = byte == '\r';
	if (is_second_half)
		return LINE_GOES_ON;
	if (line->escape)
		return in_escape(line, byte, out);
	if (byte >= ' ' && byte < DELETE)
		insert(line, (char)byte, out);
	else
		return control(line, byte, out);
	return LINE_GOES_ON;
}
