/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol on a port; see update_port.h. */
#include "manage/update_port.h"

#include <string.h>

#define LONGEST_LINES 512u /* of one piece of work */

static void keep(void *context, const char *line, size_t length)
{
	struct update_port *up = context;

	if (up->journal)
		journal_line(up->journal, line, length);
	if (length > sizeof(up->lines) - up->used)
		return;
	memcpy(up->lines + up->used, line, length);
	up->used += (uint32_t)length;
}

static void flush(struct update_port *up, struct console_port *port)
{
	uint32_t sent = port_send(port, up->lines, up->used);

	up->used -= sent;
	memmove(up->lines, up->lines + sent, up->used);
}

static void opened(void *context, struct console_port *port, bool is_open)
{
	struct update_port *up = context;

	up->used = 0;
	if (!is_open)
		return;
	protocol_open(up->protocol);
	flush(up, port);
}

static uint32_t receive(void *context, struct console_port *port, const uint8_t *bytes, uint32_t count)
{
	struct update_port *up = context;
	uint32_t taken = (uint32_t)protocol_take(up->protocol, bytes, count);

	flush(up, port);
	port_start_work(port);
	return taken;
}

static bool work(void *context, struct console_port *port)
{
	struct update_port *up = context;
	bool is_more;

	flush(up, port);
	/* Who has asked what is missing listens, and must lose no line of the answer. */
	if (up->protocol->install->phase == INSTALL_SCAN && sizeof(up->lines) - up->used < LONGEST_LINES)
		return true;
	is_more = protocol_work(up->protocol);
	flush(up, port);
	return is_more;
}

static void writable(void *context, struct console_port *port)
{
	flush(context, port);
}

struct port_backend update_port_backend(struct update_port *up)
{
	up->used = 0;
	up->protocol->emit = keep;
	up->protocol->context = up;
	return (struct port_backend){
		.name = "org.nestbox.update", .receive = receive, .opened = opened, .writable = writable, .work = work, .context = up,
	};
}
