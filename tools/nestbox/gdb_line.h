/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box's serial line while gdb has it: replies and acknowledgements are gdb's, everything else is text of the box's log. What looks like a
 * packet and has another sum is text, too.
 */
#ifndef NESTBOX_GDB_LINE_H
#define NESTBOX_GDB_LINE_H

#include <stdbool.h>
#include <stddef.h>

#define GDB_LINE_BYTES 4096u

struct gdb_line {
	enum { GDB_LINE_START, GDB_LINE_TEXT, GDB_LINE_PACKET, GDB_LINE_SUM } state;
	unsigned int sum_digits;
	bool has_plus; /* in text: an acknowledgement, if a packet follows */
	char packet[GDB_LINE_BYTES];
	size_t count;
	void (*to_gdb)(void *context, const char *bytes, size_t count);
	void (*text)(void *context, const char *bytes, size_t count);
	void *context;
};

void gdb_line_feed(struct gdb_line *line, char byte);

/* The last whole packet of what gdb has sent, *length bytes; null: there is none. It sends the same one again while nobody answers. */
const char *gdb_line_last_packet(const char *bytes, size_t count, size_t *length);

#endif
