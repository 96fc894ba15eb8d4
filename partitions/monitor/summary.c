/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches every CPU's counters and prints the largest rows. Up to two CPUs have a column each for
 * L1 and L2; more of them share one, so that a line stays a line.
 */
#include "summary.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bsp/newlib/sys_call.h"

#define WIDTH 78
#define NAME_WIDTH 22
#define TOP_ROWS 10u
#define WIDE_CPUS 2u
#define WIDE 14
#define NARROW 7

#define EXIT_REASON(number, name) [number] = name,
static const char *const exit_names[EXIT_REASON_COUNT] = {
#include "exit_reasons.def"
};

/* What is fetched for one print; too large for a ring-3 stack. */
static struct exit_statistics statistics[MONITOR_MAX_CPUS];
static uint64_t row_totals[EXIT_REASON_COUNT];
static const struct sink *out; /* of the print under way */

const char *summary_exit_name(uint32_t reason)
{
	return reason < EXIT_REASON_COUNT && exit_names[reason] ? exit_names[reason] : "reserved";
}

#define COUNT_BYTES 24u

/* Right-aligned. Three digits of precision are lost before a column is: 1234567 becomes 1234k. */
static void format_count(char text[COUNT_BYTES], int width, uint64_t count)
{
	static const char *const units[] = { "", "k", "M", "G", "T", "P" };
	char short_text[COUNT_BYTES];
	int unit = 0;

	while (snprintf(short_text, sizeof(short_text), "%" PRIu64 "%s", count, units[unit]) >
	       width - 1) {
		count /= 1000;
		unit++;
	}
	snprintf(text, COUNT_BYTES, "%*s", width, count || unit ? short_text : "-");
}

static uint64_t to_ms(uint64_t ticks, uint64_t hz)
{
	return hz < 1000 ? 0 : ticks / (hz / 1000);
}

static uint64_t row_count(const struct exit_statistics *cpu, uint32_t reason, bool is_l2)
{
	return is_l2 ? cpu->l2_count[reason] : cpu->count[reason];
}

/* Appends the columns of one row: the sum over the reasons for which `has` says yes. */
struct row {
	const char *name;
	bool has[EXIT_REASON_COUNT];
};

static uint64_t sum(const struct row *row, const struct exit_statistics *cpu, bool is_l2)
{
	uint64_t total = 0;

	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
		if (row->has[reason])
			total += row_count(cpu, reason, is_l2);
	return total;
}

static void print_row(const struct row *row, uint32_t cpu_count)
{
	char line[WIDTH + 24];
	size_t at = (size_t)snprintf(line, sizeof(line), "%-*s", NAME_WIDTH, row->name);

	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		uint64_t l1 = sum(row, &statistics[cpu], false);
		uint64_t l2 = sum(row, &statistics[cpu], true);

		if (cpu_count > WIDE_CPUS) {
			format_count(line + at, NARROW, l1 + l2);
			at += NARROW;
			continue;
		}
		format_count(line + at, WIDE, l1);
		format_count(line + at + WIDE, WIDE, l2);
		at += 2 * WIDE;
	}
	sink_print(out, "%s\n", line);
}

static void print_heads(uint32_t cpu_count)
{
	char line[WIDTH + 24];
	int at = snprintf(line, sizeof(line), "%-*s", NAME_WIDTH, "exits by reason");

	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		char head[2][16];

		snprintf(head[0], sizeof(head[0]), cpu_count > WIDE_CPUS ? "CPU%u" : "CPU%u L1",
			 cpu % MONITOR_MAX_CPUS);
		snprintf(head[1], sizeof(head[1]), "CPU%u L2", cpu % MONITOR_MAX_CPUS);
		if (cpu_count > WIDE_CPUS)
			at +=
			    snprintf(line + at, sizeof(line) - (size_t)at, "%*s", NARROW, head[0]);
		else
			at += snprintf(line + at, sizeof(line) - (size_t)at, "%*s%*s", WIDE,
				       head[0], WIDE, head[1]);
	}
	sink_print(out, "%s\n", line);
}

static void fetch(uint32_t cpu_count)
{
	memset(statistics, 0, sizeof(statistics));
	memset(row_totals, 0, sizeof(row_totals));
	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		sys_call(SYS_STATISTICS, cpu, (uintptr_t)&statistics[cpu], 0);
		for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
			row_totals[reason] +=
			    statistics[cpu].count[reason] + statistics[cpu].l2_count[reason];
	}
}

/* The reason with most exits that is still in `rest`; EXIT_REASON_COUNT when none has any. */
static uint32_t largest(const struct row *rest)
{
	uint32_t best = EXIT_REASON_COUNT;

	for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
		if (rest->has[reason] && row_totals[reason] &&
		    (best == EXIT_REASON_COUNT || row_totals[reason] > row_totals[best]))
			best = reason;
	return best;
}

static void print_exits(uint32_t cpu_count)
{
	struct row all = { .name = "all" };
	struct row rest = { .name = "others" };

	memset(all.has, true, sizeof(all.has));
	memset(rest.has, true, sizeof(rest.has));
	print_heads(cpu_count);
	for (uint32_t i = 0; i < TOP_ROWS; i++) {
		uint32_t reason = largest(&rest);
		struct row row = { .name = summary_exit_name(reason) };

		if (reason == EXIT_REASON_COUNT)
			break;
		row.has[reason] = true;
		rest.has[reason] = false;
		print_row(&row, cpu_count);
	}
	if (largest(&rest) != EXIT_REASON_COUNT)
		print_row(&rest, cpu_count);
	print_row(&all, cpu_count);
}

static void print_total(const char *name, uint64_t count)
{
	char text[COUNT_BYTES];

	format_count(text, WIDE, count);
	sink_print(out, "%-*s%s\n", NAME_WIDTH, name, text);
}

static void print_totals(uint32_t cpu_count)
{
	uint64_t upcalls = 0, interrupts = 0, reflected = 0, fills = 0;

	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		upcalls += statistics[cpu].upcalls;
		interrupts += statistics[cpu].interrupts_injected;
		reflected += statistics[cpu].l2_reflected;
		fills += statistics[cpu].ept02_fills;
	}
	print_total("to the monitor", upcalls);
	print_total("interrupts given", interrupts);
	print_total("L2 exits given to L1", reflected);
	print_total("EPT02 entries made", fills);
}

/* One number for each CPU, in its L2 column where it has one. */
static void print_numbers(const char *name, const uint64_t *numbers, uint32_t cpu_count)
{
	int l1_width = cpu_count > WIDE_CPUS ? 0 : WIDE, width = cpu_count > WIDE_CPUS ? NARROW : WIDE;
	char line[WIDTH + 24];
	size_t at = (size_t)snprintf(line, sizeof(line), "%-*s", NAME_WIDTH, name);

	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%*s", l1_width, "");
		format_count(line + at, width, numbers[cpu]);
		at += (size_t)width;
	}
	sink_print(out, "%s\n", line);
}

static void print_pools(uint32_t cpu_count)
{
	uint64_t now[MONITOR_MAX_CPUS], most[MONITOR_MAX_CPUS];
	char name[NAME_WIDTH + COUNT_BYTES];

	for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
		now[cpu] = statistics[cpu].ept02_tables;
		most[cpu] = statistics[cpu].ept02_tables_most;
	}
	print_numbers("EPT02 tables in use", now, cpu_count);
	snprintf(name, sizeof(name), "at most, of %u", (unsigned)statistics[0].ept02_tables_all);
	print_numbers(name, most, cpu_count);
}

static void print_rule(const char *title)
{
	char line[WIDTH + 1];
	size_t length = strlen(title);

	memset(line, '-', WIDTH);
	memcpy(line + 4, title, length);
	line[WIDTH] = 0;
	sink_print(out, "%s\n", line);
}

static uint32_t start(const struct monitor_info *info, const struct sink *to)
{
	uint32_t cpu_count =
	    info->cpu_count < MONITOR_MAX_CPUS ? info->cpu_count : MONITOR_MAX_CPUS;

	out = to;
	fetch(cpu_count);
	return cpu_count;
}

void summary_print_totals(const struct monitor_info *info, const struct sink *to)
{
	print_totals(start(info, to));
}

void summary_print_pools(const struct monitor_info *info, const struct sink *to)
{
	uint32_t cpu_count = start(info, to);

	if (statistics[0].ept02_tables_all)
		print_pools(cpu_count);
}

void summary_print(const struct monitor_info *info, const struct sink *to)
{
	uint32_t cpu_count = start(info, to);

	print_rule(" Nestbox summary ");
	sink_print(out, "partition %.24s: %" PRIu32 " CPUs, %" PRIu64 " MiB RAM%s\n", info->partition_name,
	      cpu_count, info->ram_bytes >> 20, info->nested ? ", may use VMX" : "");
	sink_print(out, "first guest instruction after %" PRIu64 " ms (%" PRIu64 " ticks)\n",
	      to_ms(statistics[0].first_entry_ticks, info->tsc_hz),
	      statistics[0].first_entry_ticks);
	sink_print(out, "of that, verifying and loading %" PRIu64 " ms (%" PRIu64 " ticks)\n",
	      to_ms(statistics[0].boot_upcall_ticks, info->tsc_hz),
	      statistics[0].boot_upcall_ticks);
	print_exits(cpu_count);
	print_totals(cpu_count);
	if (statistics[0].ept02_tables_all)
		print_pools(cpu_count);
	print_rule("-");
}
