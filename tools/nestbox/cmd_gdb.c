/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox gdb: gdb's remote protocol on standard input and output, the box's serial line on the other side.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "commands.h"
#include "gdb_line.h"

#define READY "the line is gdb's"
#define DETACH "\003$D#44"

static const char *password_file;

static const struct option_row options[] = {
	{ OPTION_TEXT, "password-file", "FILE", BOX_PASSWORD_HELP, &password_file },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

/* Where the line's two halves go. */
struct ends {
	bool has_gone; /* gdb */
	char text[512];
	size_t used;
};

static void to_gdb(void *context, const char *bytes, size_t count)
{
	struct ends *ends = context;

	for (ssize_t done = 0; count; bytes += done, count -= (size_t)done) {
		done = write(STDOUT_FILENO, bytes, count);
		if (done <= 0) {
			ends->has_gone = true;
			return;
		}
	}
}

/* By lines, printable: part of it comes from the guest. */
static void to_person(void *context, const char *bytes, size_t count)
{
	struct ends *ends = context;

	for (size_t i = 0; i < count; i++)
		if (bytes[i] == '\n') {
			fprintf(stderr, "%.*s\n", (int)ends->used, ends->text);
			ends->used = 0;
		} else if (bytes[i] >= ' ' && bytes[i] <= '~' && ends->used < sizeof(ends->text)) {
			ends->text[ends->used++] = bytes[i];
		}
}

/* The box's line keeps few bytes while nobody takes them. */
static bool send_slowly(const struct transport *to, const char *bytes, size_t count)
{
	for (size_t at = 0; at < count; at += 8) {
		if (!to->send(to->context, bytes + at, count - at < 8 ? count - at : 8))
			return false;
		usleep(700); /* as 115200 baud takes */
	}
	return true;
}

static bool pass_command(const struct transport *to)
{
	char bytes[512];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));

	return count > 0 && send_slowly(to, bytes, (size_t)count);
}

/* Logging in takes longer than gdb's patience: of what it has said meanwhile the last packet counts. */
static bool pass_what_waited(const struct transport *to)
{
	static char bytes[16384];
	struct pollfd waits = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t used = 0, length;

	while (used < sizeof(bytes) && poll(&waits, 1, 0) > 0 && waits.revents & POLLIN) {
		ssize_t count = read(STDIN_FILENO, bytes + used, sizeof(bytes) - used);

		if (count <= 0)
			break;
		used += (size_t)count;
	}
	const char *packet = gdb_line_last_packet(bytes, used, &length);

	return !packet || send_slowly(to, packet, length);
}

static bool pass_replies(const struct transport *from, struct gdb_line *line)
{
	char bytes[512];
	long count = from->receive(from->context, bytes, sizeof(bytes), 0);

	for (long i = 0; i < count; i++)
		gdb_line_feed(line, bytes[i]);
	return count >= 0;
}

/* Until gdb goes, or the box. */
static enum exit_code pass_both(struct box *box)
{
	const struct transport *transport = &box->dialogue.transport;
	struct pollfd waits[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = box->serial.fd, .events = POLLIN } };
	struct ends ends = { .has_gone = !pass_what_waited(transport) };
	struct gdb_line line = { .to_gdb = to_gdb, .text = to_person, .context = &ends };

	while (!ends.has_gone) {
		if (poll(waits, 2, -1) < 0)
			break;
		if (waits[1].revents && !pass_replies(transport, &line))
			return report_error(EXIT_IO, "%s: the box's line has ended; is the emulator still running", box->serial.path);
		if (waits[0].revents && !pass_command(transport))
			break;
	}
	return EXIT_OK;
}

static enum exit_code hand_over(struct box *box)
{
	const char *said = dialogue_hand_over(&box->dialogue, "gdb", READY);

	if (!said)
		return EXIT_OK;
	return report_error(EXIT_REFUSED, "%s: the box does not give its line to gdb (%s); build it with Sizes and tests > Debugger of the guest",
			    box->serial.path, said);
}

static enum exit_code run(const struct text_list *operands)
{
	struct box box;

	if (isatty(STDIN_FILENO))
		return report_error(EXIT_USAGE, "this is for gdb to start; in gdb, say: target remote | nestbox gdb %s", operands->items[0]);
	enum exit_code code = box_open(&box, operands->items[0], password_file);

	if (code)
		return code;
	signal(SIGINT, SIG_IGN); /* Ctrl-C in gdb is gdb's, which sends a byte */
	signal(SIGPIPE, SIG_IGN);
	code = hand_over(&box);
	if (code) {
		box_close(&box);
		return code;
	}
	code = pass_both(&box);
	/* a gdb that has just gone away has not said so; one that has, has left a prompt that this is nothing for */
	(void)box.dialogue.transport.send(box.dialogue.transport.context, DETACH, strlen(DETACH));
	(void)box.dialogue.transport.send(box.dialogue.transport.context, "\r", 1);
	box_close(&box);
	return code;
}

const struct command command_box_gdb = {
	.name = "gdb",
	.summary = "the guest of a running box for gdb",
	.operands = "BOX",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "BOX is the box's serial device, or the socket of `nestbox run`. In gdb: target remote | nestbox gdb BOX. A thread is a vCPU; "
		 "`monitor help` lists what else there is. The box must have been built with Sizes and tests > Debugger of the guest.",
};
