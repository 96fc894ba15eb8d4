/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of VM exits; see exits.h. Owns a copy of all counters, and the one before for what is shown live. */
#include "manage/exits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bsp/newlib/sys_call.h"
#include "host.h"
#include "manage/command.h"
#include "summary.h"

#define TOP_ROWS 16u
#define BLOCK_CPUS 3u /* that fit beside each other */
#define TRACE_PIECE 200u

struct exit_trace *exits_rings = (struct exit_trace *)MONITOR_TRACE_VA;

static struct exit_statistics now[MONITOR_MAX_CPUS], before[MONITOR_MAX_CPUS];
static uint64_t now_ticks, before_ticks; /* before_ticks 0: nothing is being followed */

/* One of the exits a table has a row for. */
struct row {
	uint32_t reason, level; /* level 0: L1's */
};

static uint64_t counter(const struct exit_statistics *cpu, struct row row)
{
	return row.level ? cpu->l2_count[row.reason] : cpu->count[row.reason];
}

/* Since the table before where one is followed, since the start where not. */
static uint64_t row_count(uint32_t cpu, struct row row)
{
	return counter(&now[cpu], row) - (before_ticks ? counter(&before[cpu], row) : 0);
}

/* Of all that were ever timed: a second has too few. 0: none was. */
static uint64_t row_average(uint32_t cpu, struct row row)
{
	uint64_t samples = now[cpu].cost_samples[row.level][row.reason];

	return samples ? now[cpu].cost_ticks[row.level][row.reason] / samples : 0;
}

static uint32_t fetch(const struct monitor_info *info)
{
	uint32_t cpus = info->cpu_count < MONITOR_MAX_CPUS ? info->cpu_count : MONITOR_MAX_CPUS;

	memset(now, 0, sizeof(now));
	now_ticks = host_now_ticks();
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		sys_call(SYS_STATISTICS, cpu, (uintptr_t)&now[cpu], 0);
	return cpus;
}

static uint64_t row_total(uint32_t cpus, struct row row)
{
	uint64_t total = 0;

	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		total += row_count(cpu, row);
	return total;
}

/* The rows with most exits first, no more than TOP_ROWS. */
static uint32_t sort(uint32_t cpus, struct row rows[TOP_ROWS])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < 2 * EXIT_REASON_COUNT; i++) {
		struct row row = { i / 2, i % 2 };
		uint64_t total = row_total(cpus, row);
		uint32_t at = count;

		while (at && total > row_total(cpus, rows[at - 1]))
			at--;
		if (!total || at == TOP_ROWS)
			continue;
		count += count < TOP_ROWS;
		memmove(&rows[at + 1], &rows[at], (count - at - 1) * sizeof(rows[0]));
		rows[at] = row;
	}
	return count;
}

static void print_number(const struct sink *out, int width, uint64_t number)
{
	if (number)
		sink_print(out, "%*" PRIu64, width, number);
	else
		sink_print(out, "%*s", width, "-");
}

static void print_block(const struct command_call *call, const struct row *rows, uint32_t count, uint32_t first, uint32_t end)
{
	sink_print(call->out, "%-22s   ", "exits by reason");
	for (uint32_t cpu = first; cpu < end; cpu++)
		sink_print(call->out, "%9s%u%7s", "CPU", (unsigned)cpu, "ticks");
	sink_print(call->out, "\n");
	for (uint32_t i = 0; i < count; i++) {
		sink_print(call->out, "%-22s L%u", summary_exit_name(rows[i].reason), (unsigned)rows[i].level + 1);
		for (uint32_t cpu = first; cpu < end; cpu++) {
			print_number(call->out, 10, row_count(cpu, rows[i]));
			print_number(call->out, 7, row_average(cpu, rows[i]));
		}
		sink_print(call->out, "\n");
	}
}

/* Ticks of the CPU's last second that went into its exits, by their averages. */
static void print_shares(const struct command_call *call, uint32_t cpus)
{
	uint64_t passed = now_ticks - before_ticks;

	for (uint32_t cpu = 0; cpu < cpus && passed; cpu++) {
		uint64_t spent = 0;

		for (uint32_t i = 0; i < 2 * EXIT_REASON_COUNT; i++)
			spent += row_count(cpu, (struct row){ i / 2, i % 2 }) * row_average(cpu, (struct row){ i / 2, i % 2 });
		sink_print(call->out, "CPU%u: %u %% of its time in Nestbox\n", (unsigned)cpu,
			   (unsigned)(spent / (passed / 100 + 1) < 100 ? spent / (passed / 100 + 1) : 100));
	}
}

static void print_table(const struct command_call *call, uint32_t cpus)
{
	struct row rows[TOP_ROWS + 1];
	uint32_t count = sort(cpus, rows);

	for (uint32_t cpu = 0; cpu < cpus; cpu += BLOCK_CPUS)
		print_block(call, rows, count, cpu, cpu + BLOCK_CPUS < cpus ? cpu + BLOCK_CPUS : cpus);
}

static void follow(struct command_call *call)
{
	uint32_t cpus = fetch(call->info);

	if (!call->is_again)
		before_ticks = 0;
	sink_print(call->out, "\033[H\033[J%s; any key ends this\n", before_ticks ? "since the last table" : "since the start");
	print_table(call, cpus);
	if (before_ticks)
		print_shares(call, cpus);
	memcpy(before, now, sizeof(before));
	before_ticks = now_ticks;
	call->end = COMMAND_FOLLOWS;
}

static void print_raw(const struct command_call *call, uint32_t cpus)
{
	sink_print(call->out, "exits-raw %" PRIu64 " %" PRIu64 "\n", call->info->tsc_hz, now_ticks);
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		for (uint32_t i = 0; i < 2 * EXIT_REASON_COUNT; i++) {
			struct row row = { i / 2, i % 2 };

			if (counter(&now[cpu], row))
				sink_print(call->out, "%u %u %u %" PRIu64 " %" PRIu64 " %s\n", (unsigned)cpu, (unsigned)row.level + 1,
					   (unsigned)row.reason, counter(&now[cpu], row), row_average(cpu, row), summary_exit_name(row.reason));
		}
	sink_print(call->out, "end\n");
}

void command_exits(struct command_call *call)
{
	const char *how = call->word_count > 1 ? call->words[1] : "";

	if (!strcmp(how, "-f") && call->caller == CALLER_PERSON && call->word_count == 2) {
		follow(call);
		return;
	}
	before_ticks = 0;
	uint32_t cpus = fetch(call->info);
	if (!strcmp(how, "raw") && call->word_count == 2) {
		print_raw(call, cpus);
	} else if (call->word_count > 1) {
		sink_print(call->out, "`exits`, `exits raw`%s\n", call->caller == CALLER_PERSON ? " or `exits -f`" : "");
		call->is_refused = true;
	} else {
		print_table(call, cpus);
		summary_print_totals(call->info, call->out);
	}
}

static void trace_switch(const struct command_call *call, bool is_on)
{
	for (uint32_t cpu = 0; cpu < call->info->cpu_count && cpu < MONITOR_MAX_CPUS; cpu++)
		exits_rings[cpu].is_on = is_on;
	(void)fetch(call->info); /* a CPU with few exits would not look for long */
	sink_print(call->out, is_on ? "every exit is noted, which slows each of them down; `trace off` ends it\n" : "tracing is off\n");
}

/* A piece of a ring, so that the line is not held for long: the first entry's number and time, then what each adds to the time before. */
static void trace_read(const struct command_call *call, uint64_t cpu, uint64_t from)
{
	const struct exit_trace *ring = &exits_rings[cpu];
	uint64_t written = ring->written, at = written > EXIT_TRACE_ENTRIES ? written - EXIT_TRACE_ENTRIES : 0, last = 0;

	at = from > at ? from : at;
	sink_print(call->out, "trace-raw %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", call->info->tsc_hz, at, written);
	for (uint32_t i = 0; i < TRACE_PIECE && at < written; i++, at++) {
		struct exit_trace_entry entry = ring->entries[at % EXIT_TRACE_ENTRIES];

		sink_print(call->out, "%" PRIx64 " %" PRIx32 " %x %x\n", entry.start_ticks - last, entry.ticks, (unsigned)entry.reason,
			   (unsigned)entry.level);
		last = entry.start_ticks;
	}
	sink_print(call->out, "end\n");
}

static bool number(const char *text, uint64_t limit, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *value < limit;
}

void command_trace(struct command_call *call)
{
	const char *verb = call->word_count > 1 ? call->words[1] : "";
	uint64_t cpu, from;
	uint64_t cpus = call->info->cpu_count < MONITOR_MAX_CPUS ? call->info->cpu_count : MONITOR_MAX_CPUS;

	if (call->word_count == 2 && (!strcmp(verb, "on") || !strcmp(verb, "off"))) {
		trace_switch(call, !strcmp(verb, "on"));
		return;
	}
	if (call->word_count == 4 && !strcmp(verb, "read") && number(call->words[2], cpus, &cpu) && number(call->words[3], UINT64_MAX, &from)) {
		trace_read(call, cpu, from);
		return;
	}
	sink_print(call->out, "`trace on`, `trace off` or `trace read CPU FROM`, FROM being an exit's number\n");
	call->is_refused = true;
}
