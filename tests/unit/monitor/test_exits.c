/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of exits, their cost, the live ones and what tools read, against a fake kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"
#include "fake_kernel.h"
#include "manage/command.h"
#include "manage/exits.h"

static char told[262144];
static struct monitor_info info;

const struct manifest *boot_manifest(void)
{
	return NULL;
}

bool boot_partition(const struct boot_source *source, struct boot_state *boot)
{
	(void)source, (void)boot;
	return false;
}

static void tell(void *context, const char *bytes, size_t count)
{
	(void)context;
	strncat(told, bytes, count);
}

static const struct sink out = { .write = tell };

static int open_box(void **state)
{
	(void)state;
	fake_kernel_reset();
	info = (struct monitor_info){ .cpu_count = 2, .tsc_hz = 1000000000 };
	exits_rings = calloc(MONITOR_MAX_CPUS, sizeof(*exits_rings));
	return 0;
}

static int close_box(void **state)
{
	(void)state;
	free(exits_rings);
	return 0;
}

static struct command_call ask(enum command_caller caller, const char *line, bool is_again)
{
	struct command_call call = { .caller = caller, .info = &info, .out = &out, .is_again = is_again };
	char text[LINE_MAX_BYTES];

	told[0] = 0;
	strcpy(text, line);
	(void)command_run(&call, text);
	return call;
}

#define assert_told(text) assert_non_null(strstr(told, text))

static void a_row_for_each_reason_and_level(void **state)
{
	struct exit_statistics *cpu = fake_kernel.statistics;

	(void)state;
	cpu[0].count[10] = 5;
	cpu[1].count[10] = 50;
	cpu[1].l2_count[10] = 7;
	cpu[1].cost_ticks[1][10] = 3000;
	cpu[1].cost_samples[1][10] = 2;
	cpu[0].cost_ticks[0][10] = 290;
	cpu[0].cost_samples[0][10] = 2;
	(void)ask(CALLER_GUEST, "exits", false);
	assert_told("exits by reason                CPU0  ticks      CPU1  ticks\n");
	assert_told("CPUID                  L1         5    145        50      -\n");
	assert_told("CPUID                  L2         -      -         7   1500\n");
	assert_true(strstr(told, " L1 ") < strstr(told, " L2 "));
	assert_told("interrupts given");
}

static void at_most_three_cpus_beside_each_other(void **state)
{
	(void)state;
	info.cpu_count = 8;
	for (uint32_t cpu = 0; cpu < 8; cpu++)
		for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++)
			fake_kernel.statistics[cpu].count[reason] = 1000000 + reason;
	(void)ask(CALLER_PERSON, "exits", false);
	assert_told("CPU7");
	for (const char *line = told; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 78);
	assert_told("out of range           L1   1000079");
	assert_null(strstr(told, "exception or NMI")); /* the fewest, beyond the rows */
	assert_true(strlen(told) < 8192); /* an answer to a guest */
}

static void live_ones_are_since_the_last(void **state)
{
	(void)state;
	fake_kernel.statistics[0].count[12] = 100;
	fake_kernel.statistics[0].cost_ticks[0][12] = 1000;
	fake_kernel.statistics[0].cost_samples[0][12] = 10;
	assert_int_equal(ask(CALLER_PERSON, "exits -f", false).end, COMMAND_FOLLOWS);
	assert_told("since the start");
	assert_told("HLT                    L1       100    100");
	fake_kernel.statistics[0].count[12] = 130;
	assert_int_equal(ask(CALLER_PERSON, "exits -f", true).end, COMMAND_FOLLOWS);
	assert_told("since the last table");
	assert_told("HLT                    L1        30    100");
	assert_told("CPU0: ");
	(void)ask(CALLER_PERSON, "exits", false);
	assert_told("HLT                    L1       130    100");
	(void)ask(CALLER_PERSON, "exits -f", false);
	assert_told("since the start");
	assert_int_equal(ask(CALLER_GUEST, "exits -f", false).end, COMMAND_STAYS);
	assert_true(ask(CALLER_GUEST, "exits -f", false).is_refused);
}

static void raw(void **state)
{
	(void)state;
	fake_kernel.statistics[1].l2_count[10] = 7;
	fake_kernel.statistics[1].cost_ticks[1][10] = 1400;
	fake_kernel.statistics[1].cost_samples[1][10] = 2;
	(void)ask(CALLER_GUEST, "exits raw", false);
	assert_int_equal(strncmp(told, "exits-raw 1000000000 ", 21), 0);
	assert_told("\n1 2 10 7 700 CPUID\nend\n");
	assert_true(ask(CALLER_PERSON, "exits of mine", false).is_refused);
	assert_true(ask(CALLER_PERSON, "exits mine", false).is_refused);
}

static void trace_switches_all(void **state)
{
	(void)state;
	(void)ask(CALLER_PERSON, "trace on", false);
	assert_int_equal(exits_rings[0].is_on, 1);
	assert_int_equal(exits_rings[1].is_on, 1);
	assert_int_equal(exits_rings[2].is_on, 0);
	(void)ask(CALLER_PERSON, "trace off", false);
	assert_int_equal(exits_rings[1].is_on, 0);
	assert_true(!command_run(&(struct command_call){ .caller = CALLER_GUEST, .info = &info, .out = &out }, (char[]){ "trace on" }));
	assert_int_equal(exits_rings[1].is_on, 0);
}

static void trace_reads_pieces(void **state)
{
	char head[64];

	(void)state;
	exits_rings[1].written = EXIT_TRACE_ENTRIES + 10;
	for (uint32_t i = 0; i < EXIT_TRACE_ENTRIES; i++)
		exits_rings[1].entries[i] = (struct exit_trace_entry){ .start_ticks = 0x1000 + 16 * i, .ticks = 0xA, .reason = 30, .level = 2 };
	(void)ask(CALLER_PERSON, "trace read 1 0", false);
	snprintf(head, sizeof(head), "trace-raw 1000000000 10 %u\n10a0 a 1e 2\n10 a 1e 2\n", EXIT_TRACE_ENTRIES + 10);
	assert_int_equal(strncmp(told, head, strlen(head)), 0);
	(void)ask(CALLER_PERSON, "trace read 1 1032", false);
	assert_string_equal(told, "trace-raw 1000000000 1032 1033\n1090 a 1e 2\nend\n");
	(void)ask(CALLER_PERSON, "trace read 1 18446744073709551614", false);
	assert_told("1033\nend\n");
}

static void trace_refuses_nonsense(void **state)
{
	static const char *const bad[] = { "trace", "trace maybe", "trace on now", "trace read", "trace read 0", "trace read 2 0", "trace read -1 0",
					   "trace read 0 x", "trace read 0 0 0", "trace read 0 -5" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(ask(CALLER_PERSON, bad[i], false).is_refused);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_row_for_each_reason_and_level), T(at_most_three_cpus_beside_each_other), T(live_ones_are_since_the_last), T(raw),
		T(trace_switches_all), T(trace_reads_pieces), T(trace_refuses_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
