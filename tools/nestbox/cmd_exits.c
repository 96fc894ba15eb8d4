/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox exits: what a running box's VM exits are and cost, once or live, as a trace or as a picture.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "box.h"
#include "commands.h"
#include "exits_table.h"
#include "exits_trace.h"
#include "text.h"

#define DEFAULT_SECONDS 2u
#define SHOWN_ROWS 30u
#define ROUND_MICROSECONDS 300000u

static struct {
	bool follow;
	const char *trace, *svg, *seconds, *password_file;
} given;

static const struct option_row options[] = {
	{ OPTION_FLAG, "f", NULL, "every second those of the last one, until Ctrl-C", &given.follow },
	{ OPTION_TEXT, "trace", "FILE", "write a trace of every exit for Chrome or Perfetto (ui.perfetto.dev)", &given.trace },
	{ OPTION_TEXT, "svg", "FILE", "write a picture of where time goes", &given.svg },
	{ OPTION_TEXT, "seconds", "N", "how long to trace, or how much time the picture is of (2)", &given.seconds },
	{ OPTION_TEXT, "password-file", "FILE", BOX_PASSWORD_HELP, &given.password_file },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static volatile sig_atomic_t is_over;

static void end(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

static void take_row(void *context, const char *line)
{
	exits_take(context, line);
}

static enum exit_code read_table(struct box *box, struct exits_table *table)
{
	table->hz = 0;
	table->count = 0;
	enum exit_code code = box_ask(box, "exits raw", take_row, table);

	if (!code && !table->hz)
		return report_error(EXIT_REFUSED, "the box does not tell its exits; is it of another version");
	return code;
}

/* Those of the time between two readings. */
static enum exit_code read_interval(struct box *box, struct exits_table *table, unsigned int seconds)
{
	static struct exits_table before;
	enum exit_code code = read_table(box, &before);

	for (unsigned int i = 0; !code && i < seconds && !is_over; i++)
		sleep(1);
	if (!code)
		code = read_table(box, table);
	if (!code)
		exits_since(table, &before);
	return code;
}

static enum exit_code follow(struct box *box)
{
	static struct exits_table before, now, shown;
	enum exit_code code = read_table(box, &before);

	while (!code && !is_over) {
		sleep(1);
		code = read_table(box, &now);
		if (code)
			break;
		shown = now;
		exits_since(&shown, &before);
		before = now;
		printf("%s", isatty(STDOUT_FILENO) ? "\033[H\033[J" : "\n");
		exits_print(&shown, SHOWN_ROWS);
		fflush(stdout);
	}
	return code;
}

static enum exit_code write_at_once(const char *path, void (*print)(FILE *out, const void *what), const void *what)
{
	char *bytes = NULL;
	size_t count = 0;
	FILE *memory = open_memstream(&bytes, &count);

	if (!memory)
		return report_system_error("no memory for %s", path);
	print(memory, what);
	fclose(memory);
	enum exit_code code = output_file_at_once(path, 0644, bytes, count);

	free(bytes);
	return code;
}

static void print_svg(FILE *out, const void *table)
{
	exits_draw_svg(out, table);
}

static void print_trace(FILE *out, const void *trace)
{
	trace_write_json(out, trace);
}

struct taking {
	struct trace trace;
	bool is_out_of_memory;
};

static void take_exit(void *context, const char *line)
{
	struct taking *taking = context;

	taking->is_out_of_memory |= !trace_take(&taking->trace, line);
}

static void take_nothing(void *context, const char *line)
{
	(void)context, (void)line;
}

/* What an earlier trace has left in the rings is not asked for. */
static enum exit_code skip_old(struct box *box, struct taking *taking)
{
	char command[64];

	for (uint32_t cpu = 0; cpu < TRACE_CPUS; cpu++) {
		snprintf(command, sizeof(command), "trace read %u %llu", (unsigned)cpu, (unsigned long long)UINT64_MAX - 1);
		trace_expect(&taking->trace, cpu);
		enum exit_code code = box_ask(box, command, take_exit, taking);

		if (code || taking->trace.is_refused)
			return code;
		taking->trace.cpus[cpu].next = taking->trace.cpus[cpu].written;
	}
	return EXIT_OK;
}

/* One piece of each CPU's ring; the box refuses the first CPU it has not. */
static enum exit_code read_pieces(struct box *box, struct taking *taking)
{
	char command[64];

	for (uint32_t cpu = 0; cpu < TRACE_CPUS; cpu++) {
		snprintf(command, sizeof(command), "trace read %u %llu", (unsigned)cpu, (unsigned long long)taking->trace.cpus[cpu].next);
		trace_expect(&taking->trace, cpu);
		enum exit_code code = box_ask(box, command, take_exit, taking);

		if (code)
			return code;
		if (taking->trace.is_refused)
			break;
	}
	return taking->is_out_of_memory ? report_error(EXIT_IO, "no memory for this many exits; trace fewer seconds") : EXIT_OK;
}

static enum exit_code record(struct box *box, unsigned int seconds)
{
	struct taking taking = { .is_out_of_memory = false };
	enum exit_code code = skip_old(box, &taking), ended;

	code = code ? code : box_ask(box, "trace on", take_nothing, NULL);
	time_t until = time(NULL) + (time_t)seconds;

	do {
		usleep(ROUND_MICROSECONDS); /* the guest waits while its first CPU answers us */
		code = code ? code : read_pieces(box, &taking);
	} while (!code && !is_over && time(NULL) < until);
	ended = box_ask(box, "trace off", take_nothing, NULL);
	code = code ? code : ended;
	if (!code)
		code = write_at_once(given.trace, print_trace, &taking.trace);
	if (!code)
		printf("%zu exits in %s\n", taking.trace.count, given.trace);
	trace_free(&taking.trace);
	return code;
}

static enum exit_code tell(struct box *box, unsigned int seconds)
{
	static struct exits_table table, nothing;
	enum exit_code code;

	if (given.follow)
		return follow(box);
	if (given.trace)
		return record(box, seconds);
	code = given.svg ? read_interval(box, &table, seconds) : read_table(box, &table);
	if (code)
		return code;
	if (given.svg)
		return write_at_once(given.svg, print_svg, &table);
	exits_since(&table, &nothing); /* sorted */
	exits_print(&table, EXITS_ROWS_MAX);
	return EXIT_OK;
}

static enum exit_code run(const struct text_list *operands)
{
	uint32_t seconds = DEFAULT_SECONDS;
	struct box box;
	enum exit_code code = text_u32("seconds", given.seconds, &seconds);

	if (!code && (given.follow != 0) + (given.trace != NULL) + (given.svg != NULL) > 1)
		return report_error(EXIT_USAGE, "-f, --trace and --svg are three ways to look; give one of them");
	if (!code)
		code = box_open(&box, operands->items[0], given.password_file);
	if (code)
		return code;
	signal(SIGINT, end);
	signal(SIGTERM, end);
	code = tell(&box, seconds);
	box_close(&box);
	return code ? code : output_flush_stdout();
}

const struct command command_box_exits = {
	.name = "exits",
	.summary = "show a running box's VM exits and what they cost",
	.operands = "BOX",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "BOX is the box's serial device, or the socket of `nestbox run`. Ticks are of its TSC.",
};
