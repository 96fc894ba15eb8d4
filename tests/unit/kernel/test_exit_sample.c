/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which exits are timed and what is noted of them; exit_sample.c is compiled here over a clock that is a variable and an exit_handle() that takes
 * as long as it is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/types.h"

#define BSP_CPU_H
static u64 clock_ticks;
static u64 rdtsc(void) { return clock_ticks; }

#include "kernel/exit_sample.c"

static struct exit_statistics statistics;
static struct vcpu cpu;
static u32 work_ticks;
static bool waits;

/* As the real one: notes, counts down, works. */
struct vcpu *exit_handle(struct vcpu *v)
{
	v->next_note += sizeof(struct exit_note);
	v->until_sample--;
	clock_ticks += work_ticks;
	if (waits)
		v->sample_started = 0;
	return v;
}

static int reset(void **state)
{
	(void)state;
	memset(&statistics, 0, sizeof(statistics));
	memset(exit_traces, 0, sizeof(exit_traces));
	cpu = (struct vcpu){ .index = 1, .number = 1, .statistics = &statistics, .exit_reason = 10 };
	clock_ticks = 1000000;
	work_ticks = 140;
	waits = false;
	return 0;
}

static void times_one(void **state)
{
	(void)state;
	cpu.next_note = 16;
	assert_ptr_equal(exit_sample(&cpu), &cpu);
	assert_int_equal(cpu.next_note, 16); /* one note for one exit */
	assert_int_equal(statistics.cost_samples[0][10], 1);
	assert_int_equal(statistics.cost_ticks[0][10], 140);
	assert_in_range(cpu.until_sample, SAMPLE_LEAST, 2 * SAMPLE_LEAST);
	assert_int_equal(exit_traces[1].written, 0);
}

static void levels_apart(void **state)
{
	(void)state;
	cpu.in_l2 = true;
	(void)exit_sample(&cpu);
	assert_int_equal(statistics.cost_samples[0][10], 0);
	assert_int_equal(statistics.cost_samples[1][10], 1);
}

static void waiting_is_no_cost(void **state)
{
	(void)state;
	waits = true;
	(void)exit_sample(&cpu);
	assert_int_equal(statistics.cost_samples[0][10], 0);
}

static void reasons_out_of_range_share_one(void **state)
{
	(void)state;
	cpu.exit_reason = 0x80000021;
	(void)exit_sample(&cpu);
	cpu.exit_reason = 500;
	(void)exit_sample(&cpu);
	assert_int_equal(statistics.cost_samples[0][33], 1);
	assert_int_equal(statistics.cost_samples[0][EXIT_REASON_COUNT - 1], 1);
}

static void traces_every_exit(void **state)
{
	const struct exit_trace_entry *entries = exit_traces[1].entries;

	(void)state;
	exit_traces[1].is_on = 1;
	for (u32 i = 0; i < EXIT_TRACE_ENTRIES + 2; i++) {
		cpu.exit_reason = i % 60;
		(void)exit_sample(&cpu);
		assert_int_equal(cpu.until_sample, 1);
	}
	assert_int_equal(exit_traces[1].written, EXIT_TRACE_ENTRIES + 2);
	assert_int_equal(entries[0].start_ticks, 1000000 + EXIT_TRACE_ENTRIES * 140ull); /* the oldest is overwritten */
	assert_int_equal(entries[2].start_ticks, 1000000 + 2 * 140);
	assert_int_equal(entries[2].ticks, 140);
	assert_int_equal(entries[2].level, 1);
	assert_int_equal(exit_traces[0].written, 0);
}

static void a_long_exit_is_cut(void **state)
{
	(void)state;
	exit_traces[1].is_on = 1;
	work_ticks = ~0u;
	cpu.exit_reason = 30;
	(void)exit_sample(&cpu);
	assert_int_equal(exit_traces[1].entries[0].ticks, ~0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(times_one, reset),
		cmocka_unit_test_setup(levels_apart, reset),
		cmocka_unit_test_setup(waiting_is_no_cost, reset),
		cmocka_unit_test_setup(reasons_out_of_range_share_one, reset),
		cmocka_unit_test_setup(traces_every_exit, reset),
		cmocka_unit_test_setup(a_long_exit_is_cut, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
