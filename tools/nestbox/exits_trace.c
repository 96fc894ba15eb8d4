/* SPDX-License-Identifier: Apache-2.0 */
/* See exits_trace.h. Numbers of the box are bounded before they count; names are the tool's own. */
#include "exits_trace.h"

#include <inttypes.h>
#include <stdlib.h>

#include "exits_table.h"

void trace_expect(struct trace *trace, uint32_t cpu)
{
	trace->cpu = cpu;
	trace->is_in_piece = trace->is_refused = false;
}

static bool add(struct trace *trace, struct trace_exit exit)
{
	if (trace->count == TRACE_EXITS_MAX)
		return true; /* enough */
	if (trace->count == trace->room) {
		size_t room = trace->room ? 2 * trace->room : 4096;
		struct trace_exit *exits = realloc(trace->exits, room * sizeof(*exits));

		if (!exits)
			return false;
		trace->exits = exits;
		trace->room = room;
	}
	trace->exits[trace->count++] = exit;
	return true;
}

static bool take_head(struct trace *trace, const char *line)
{
	uint64_t hz, first, written;

	if (sscanf(line, "trace-raw %20" SCNu64 " %20" SCNu64 " %20" SCNu64, &hz, &first, &written) != 3)
		return false;
	trace->hz = hz;
	trace->has_gap = first != trace->cpus[trace->cpu].next;
	trace->cpus[trace->cpu].next = first;
	trace->cpus[trace->cpu].written = written;
	trace->cpus[trace->cpu].last = 0; /* the piece's first time is whole */
	trace->is_in_piece = true;
	return true;
}

bool trace_take(struct trace *trace, const char *line)
{
	struct trace_exit exit = { .cpu = (uint8_t)trace->cpu, .is_behind_gap = trace->has_gap };
	uint64_t delta;
	unsigned int reason, level;

	if (take_head(trace, line))
		return true;
	if (!trace->is_in_piece) {
		trace->is_refused = true;
		return true;
	}
	if (sscanf(line, "%16" SCNx64 " %8" SCNx32 " %4x %1x", &delta, &exit.ticks, &reason, &level) != 4 || level < 1 || level > 2)
		return true; /* `end`, or a line of the log */
	exit.start = trace->cpus[trace->cpu].last + delta;
	if (!trace->count || exit.start < trace->first)
		trace->first = exit.start;
	exit.reason = (uint16_t)reason;
	exit.level = (uint8_t)level;
	trace->cpus[trace->cpu].last = exit.start;
	trace->cpus[trace->cpu].next++;
	trace->has_gap = false;
	return add(trace, exit);
}

void trace_free(struct trace *trace)
{
	free(trace->exits);
	*trace = (struct trace){ .hz = 0 };
}

static double microseconds(const struct trace *trace, uint64_t ticks)
{
	return (double)ticks * 1e6 / (double)(trace->hz ? trace->hz : 1);
}

static void event(FILE *out, const char *name, const struct trace_exit *exit, unsigned int thread)
{
	fprintf(out, ",\n{\"name\": \"%s\", \"ph\": \"X\", \"pid\": %u, \"tid\": %u", name, exit->cpu, thread);
}

static void write_names(FILE *out, uint32_t cpu)
{
	static const char *const threads[] = { "Nestbox", "L1", "L2" };

	fprintf(out, "%s{\"name\": \"process_name\", \"ph\": \"M\", \"pid\": %u, \"args\": {\"name\": \"CPU %u\"}}", cpu ? ",\n" : "\n", (unsigned)cpu,
		(unsigned)cpu);
	for (unsigned int i = 0; i < 3; i++)
		fprintf(out, ",\n{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": %u, \"tid\": %u, \"args\": {\"name\": \"%s\"}}", (unsigned)cpu, i,
			threads[i]);
}

/* The guest of an exit has run since the exit before, which is not known behind a gap. */
static void write_exit(FILE *out, const struct trace *trace, const struct trace_exit *exit, uint64_t *ended)
{
	uint64_t zero = trace->first;

	if (*ended && !exit->is_behind_gap && exit->start > *ended) {
		event(out, exit->level == 1 ? "L1 runs" : "L2 runs", exit, exit->level);
		fprintf(out, ", \"ts\": %.3f, \"dur\": %.3f}", microseconds(trace, *ended - zero), microseconds(trace, exit->start - *ended));
	}
	event(out, exits_name(exit->reason), exit, 0);
	fprintf(out, ", \"ts\": %.3f, \"dur\": %.3f, \"args\": {\"level\": %u, \"reason\": %u, \"ticks\": %" PRIu32 "}}",
		microseconds(trace, exit->start - zero), microseconds(trace, exit->ticks), exit->level, exit->reason, exit->ticks);
	*ended = exit->start + exit->ticks;
}

void trace_write_json(FILE *out, const struct trace *trace)
{
	uint64_t ended[TRACE_CPUS] = { 0 };

	fprintf(out, "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [");
	for (uint32_t cpu = 0; cpu < TRACE_CPUS; cpu++)
		if (!cpu || trace->cpus[cpu].written)
			write_names(out, cpu);
	for (size_t i = 0; i < trace->count; i++)
		write_exit(out, trace, &trace->exits[i], &ended[trace->exits[i].cpu]);
	fprintf(out, "\n]}\n");
}
