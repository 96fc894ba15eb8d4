/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox console: the box's serial line on this terminal; nestbox log: the last lines of its log.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "box.h"
#include "commands.h"
#include "text.h"

#define LEAVE_KEY 0x1D /* Ctrl-] */
#define LOG_LINES_MAX 1000u

static struct {
	const char *password_file, *lines;
} given;

static const struct option_row log_options[] = {
	{ OPTION_TEXT, "lines", "N", "how many, at most 1000 (20)", &given.lines },
	{ OPTION_TEXT, "password-file", "FILE", BOX_PASSWORD_HELP, &given.password_file },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

/* False: the user leaves, or there are no more keys. */
static bool pass_keys(const struct transport *line)
{
	char keys[256];
	ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));
	const char *leave = count > 0 ? memchr(keys, LEAVE_KEY, (size_t)count) : NULL;

	if (count <= 0)
		return false;
	return line->send(line->context, keys, leave ? (size_t)(leave - keys) : (size_t)count) && !leave;
}

static bool pass_output(const struct transport *line)
{
	char bytes[4096];
	long count = line->receive(line->context, bytes, sizeof(bytes), 0);

	if (count > 0 && write(STDOUT_FILENO, bytes, (size_t)count) != count)
		return false;
	return count >= 0;
}

static enum exit_code pass_both(struct serial *serial)
{
	struct transport line = serial_transport(serial);
	struct pollfd waits[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = serial->fd, .events = POLLIN } };

	for (;;) {
		if (poll(waits, 2, -1) < 0)
			return EXIT_OK;
		if (waits[1].revents && !pass_output(&line))
			return report_error(EXIT_IO, "%s: the box's line has ended; is the emulator still running", serial->path);
		if (waits[0].revents && !pass_keys(&line))
			return EXIT_OK;
	}
}

static enum exit_code console(const struct text_list *operands)
{
	struct serial serial;
	struct termios shown, raw;
	bool is_terminal = !tcgetattr(STDIN_FILENO, &shown);
	enum exit_code code = serial_open(&serial, operands->items[0]);

	if (code)
		return code;
	if (is_terminal) {
		raw = shown;
		cfmakeraw(&raw);
		fprintf(stderr, "[Ctrl-] leaves; Ctrl-^ calls the box]\n");
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	code = pass_both(&serial);
	if (is_terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &shown);
	serial_close(&serial);
	return code;
}

static enum exit_code show_log(const struct text_list *operands)
{
	uint32_t lines = 20;
	char command[32];
	enum exit_code code = text_u32("lines", given.lines, &lines);

	if (!code && (!lines || lines > LOG_LINES_MAX))
		return report_error(EXIT_USAGE, "--lines is 1 to %u", LOG_LINES_MAX);
	if (code)
		return code;
	snprintf(command, sizeof(command), "log %u", (unsigned)lines);
	code = box_ask_once(operands->items[0], given.password_file, command, box_print_line, NULL);
	return code ? code : output_flush_stdout();
}

const struct command command_box_console = {
	.name = "console",
	.summary = "the box's serial line on this terminal",
	.operands = "BOX",
	.operands_min = 1,
	.operands_max = 1,
	.run = console,
	.notes = "BOX is the box's serial device, or the socket of `nestbox run`. Ctrl-] leaves; Ctrl-^ (Ctrl-6) calls the box's own console.",
};

const struct command command_box_log = {
	.name = "log",
	.summary = "the last lines of a running box's log",
	.operands = "BOX",
	.operands_min = 1,
	.operands_max = 1,
	.options = log_options,
	.run = show_log,
};
