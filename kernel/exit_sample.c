/* SPDX-License-Identifier: Apache-2.0 */
/* Timing an exit means handling it from here: exit_handle() is entered a second time, with the counter wound on. See exit_sample.h. */
#include "kernel/exit_sample.h"

#include "bsp/cpu.h"
#include "kernel/exits.h"

struct exit_trace exit_traces[MONITOR_MAX_CPUS] page_aligned;

/* Reasons out of range, entry failures among them, share the last counter. */
static u32 counted_reason(u32 reason)
{
	return reason < EXIT_REASON_COUNT ? reason : EXIT_REASON_COUNT - 1;
}

void exit_sample_note(struct exit_statistics *statistics, struct exit_trace *trace, const struct exit_trace_entry *entry)
{
	u32 reason = counted_reason(entry->reason);

	statistics->cost_samples[entry->level == 2][reason]++;
	statistics->cost_ticks[entry->level == 2][reason] += entry->ticks;
	if (!trace->is_on)
		return;
	trace->entries[trace->written % EXIT_TRACE_ENTRIES] = *entry;
	trace->written++;
}

/* Another CPU may count down meanwhile: then it is as if nobody had asked. */
void exit_sample_soon(struct vcpu *v)
{
	if (exit_traces[v->number].is_on && v->until_sample > 2)
		v->until_sample = 2;
}

struct vcpu *exit_sample(struct vcpu *v)
{
	struct exit_trace *trace = &exit_traces[v->number];
	struct exit_trace_entry entry = { .start_ticks = rdtsc(), .reason = (u16)v->exit_reason, .level = v->in_l2 ? 2 : 1 };

	v->next_note -= sizeof(struct exit_note); /* both are done again */
	v->until_sample = trace->is_on ? 2 : 1 + SAMPLE_LEAST + entry.start_ticks % SAMPLE_LEAST;
	v->sample_started = entry.start_ticks;
	struct vcpu *next = exit_handle(v);
	u64 ticks = rdtsc() - entry.start_ticks;

	entry.ticks = (u32)min_u64(ticks, ~0u);
	if (v->sample_started)
		exit_sample_note(v->statistics, trace, &entry);
	return next;
}
