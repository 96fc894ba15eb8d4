/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the guest to the box; see ctl.h. */
#include "manage/ctl.h"

#include <string.h>

/* A sink's function: into the answer. */
static void keep(void *context, const char *bytes, size_t count)
{
	struct ctl *ctl = context;
	size_t room = sizeof(ctl->answer) - ctl->answer_used;

	if (count > room)
		count = room;
	memcpy(ctl->answer + ctl->answer_used, bytes, count);
	ctl->answer_used += (uint32_t)count;
}

/* What a long answer lacks at its end must not be the word that ends it. */
static void end_answer(struct ctl *ctl, const char *word)
{
	uint32_t length = (uint32_t)strlen(word);

	if (ctl->answer_used > sizeof(ctl->answer) - length)
		ctl->answer_used = (uint32_t)sizeof(ctl->answer) - length;
	keep(ctl, word, length);
}

static void end_line(struct ctl *ctl)
{
	const struct sink out = { .write = keep, .context = ctl };
	bool is_good = false;

	ctl->answer_used = 0;
	ctl->answer_sent = 0;
	if (ctl->line_used >= sizeof(ctl->line)) {
		sink_print(&out, "the line is too long\n");
	} else {
		ctl->line[ctl->line_used] = 0;
		is_good = ctl->run(ctl->context, &out, ctl->line);
	}
	end_answer(ctl, is_good ? "ok\n" : "error\n");
	ctl->line_used = 0;
}

/* True when the whole answer is with the guest. */
static bool flush(struct ctl *ctl, struct console_port *port)
{
	ctl->answer_sent += port_send(port, ctl->answer + ctl->answer_sent, ctl->answer_used - ctl->answer_sent);
	return ctl->answer_sent == ctl->answer_used;
}

static uint32_t receive(void *context, struct console_port *port, const uint8_t *bytes, uint32_t count)
{
	struct ctl *ctl = context;
	uint32_t taken = 0;

	while (taken < count && flush(ctl, port)) {
		char byte = (char)bytes[taken++];

		if (byte == '\n')
			end_line(ctl);
		else if (byte != '\r' && ctl->line_used < sizeof(ctl->line))
			ctl->line[ctl->line_used++] = byte;
	}
	(void)flush(ctl, port);
	return taken;
}

static void opened(void *context, struct console_port *port, bool is_open)
{
	struct ctl *ctl = context;

	(void)port;
	(void)is_open;
	ctl->line_used = 0;
	ctl->answer_used = 0;
	ctl->answer_sent = 0;
}

static void writable(void *context, struct console_port *port)
{
	(void)flush(context, port);
}

struct port_backend ctl_backend(struct ctl *ctl)
{
	return (struct port_backend){
		.name = "org.nestbox.ctl", .receive = receive, .opened = opened, .writable = writable, .context = ctl,
	};
}
