/* SPDX-License-Identifier: Apache-2.0 */
/* See gdb_line.h. */
#include "gdb_line.h"

#include <stdio.h>
#include <string.h>

static void begin_packet(struct gdb_line *line)
{
	line->state = GDB_LINE_PACKET;
	line->packet[0] = '$';
	line->count = 1;
	line->sum_digits = 0;
}

static void put_text(struct gdb_line *line, char byte)
{
	line->text(line->context, &byte, 1);
	line->state = byte == '\n' ? GDB_LINE_START : GDB_LINE_TEXT;
}

static void outside(struct gdb_line *line, char byte)
{
	bool has_plus = line->has_plus;

	line->has_plus = false;
	if (has_plus && byte != '$')
		put_text(line, '+');
	else if (has_plus)
		line->to_gdb(line->context, "+", 1);
	if (byte == '$')
		begin_packet(line);
	else if (line->state == GDB_LINE_START && (byte == '+' || byte == '-'))
		line->to_gdb(line->context, &byte, 1);
	else if (byte == '+')
		line->has_plus = true;
	else
		put_text(line, byte);
}

static bool is_sound(const struct gdb_line *line)
{
	unsigned char sum = 0;
	char digits[3];

	for (size_t i = 1; i + 3 < line->count; i++)
		sum = (unsigned char)(sum + line->packet[i]);
	snprintf(digits, sizeof(digits), "%02x", sum);
	return !memcmp(digits, line->packet + line->count - 2, 2);
}

static void end_packet(struct gdb_line *line)
{
	if (is_sound(line)) {
		line->state = GDB_LINE_START;
		line->to_gdb(line->context, line->packet, line->count);
	} else {
		line->state = GDB_LINE_TEXT;
		line->text(line->context, line->packet, line->count);
	}
}

void gdb_line_feed(struct gdb_line *line, char byte)
{
	if (line->state < GDB_LINE_PACKET) {
		outside(line, byte);
		return;
	}
	line->packet[line->count++] = byte;
	if (line->state == GDB_LINE_SUM && ++line->sum_digits == 2)
		end_packet(line);
	else if (line->state == GDB_LINE_PACKET && byte == '#')
		line->state = GDB_LINE_SUM;
	else if (byte == '\n' || line->count == sizeof(line->packet)) {
		line->text(line->context, line->packet, line->count);
		line->state = byte == '\n' ? GDB_LINE_START : GDB_LINE_TEXT;
	}
}

const char *gdb_line_last_packet(const char *bytes, size_t count, size_t *length)
{
	for (size_t start = count; start--;) {
		const char *end = bytes[start] == '$' ? memchr(bytes + start, '#', count - start) : NULL;

		if (end && (size_t)(end - bytes) + 2 < count) {
			*length = (size_t)(end - bytes) + 3 - start;
			return bytes + start;
		}
	}
	return NULL;
}
