/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a box's answers to a table, a picture and a trace: numbers, gaps, and answers that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exits_table.h"
#include "exits_trace.h"

static struct exits_table now, before;
static char *text;
static size_t text_bytes;

static void read_lines(struct exits_table *table, const char *const *lines)
{
	memset(table, 0, sizeof(*table));
	for (; *lines; lines++)
		exits_take(table, *lines);
}

static void table_is_read(void **state)
{
	static const char *const lines[] = {
		"1 2 10 5 5 CPUID", /* before its head */
		"exits-raw 50000000 123", "0 1 30 100 1600 I/O port", "partition: nothing at port 80", "1 2 10 7 700 CPUID", "8 1 10 7 700 CPU 8",
		"0 3 10 7 700 level 3", "0 1 80 7 700 no reason", "0 1 10 99999999999999999999999999 1", "end", NULL,
	};

	(void)state;
	read_lines(&now, lines);
	assert_int_equal(now.hz, 50000000);
	assert_int_equal(now.count, 2);
	assert_int_equal(now.rows[1].average, 700);
	assert_int_equal(exits_ticks(&now, 0, 1), 160000);
	assert_int_equal(exits_ticks(&now, 1, 0), 4900);
	assert_int_equal(exits_ticks(&now, 1, 1), 0);
}

static void differences_are_sorted(void **state)
{
	static const char *const old[] = { "exits-raw 1 1", "0 1 10 100 10 x", "0 1 30 5 100 x", "0 1 12 3 1 x", NULL };
	static const char *const new[] = { "exits-raw 1 2", "0 1 10 150 10 x", "0 1 30 25 100 x", "0 1 12 3 1 x", "0 2 10 1 0 x", NULL };

	(void)state;
	read_lines(&before, old);
	read_lines(&now, new);
	exits_since(&now, &before);
	assert_int_equal(now.count, 3);
	assert_int_equal(now.rows[0].reason, 30);
	assert_int_equal(now.rows[0].count, 20);
	assert_int_equal(now.rows[1].count, 50);
	assert_int_equal(now.rows[2].level, 2);
}

static void print_svg(void)
{
	FILE *memory = open_memstream(&text, &text_bytes);

	exits_draw_svg(memory, &now);
	fclose(memory);
}

static void picture(void **state)
{
	static const char *const lines[] = { "exits-raw 1 1", "0 1 30 100 1600 x", "1 2 10 7 700 <script>", NULL };
	static const char *const nothing[] = { "exits-raw 1 1", NULL };

	(void)state;
	read_lines(&now, lines);
	print_svg();
	assert_int_equal(strncmp(text, "<svg ", 5), 0);
	assert_non_null(strstr(text, ">CPU0 L1 I/O port<"));
	assert_non_null(strstr(text, ">7 x 700<"));
	assert_null(strstr(text, "script"));
	free(text);
	read_lines(&now, nothing);
	print_svg();
	assert_non_null(strstr(text, "</svg>"));
	free(text);
}

static void take(struct trace *trace, uint32_t cpu, const char *const *lines)
{
	trace_expect(trace, cpu);
	for (; *lines; lines++)
		assert_true(trace_take(trace, *lines));
}

static void trace_is_read(void **state)
{
	static const char *const first[] = { "trace-raw 1000000 0 2", "3e8 a a 1", "64 14 30 2", "end", NULL };
	static const char *const second[] = { "trace-raw 1000000 5 6", "7d0 5 c 1", "noise from the log", "1 2 3 7", "end", NULL };
	struct trace trace = { .hz = 0 };

	(void)state;
	take(&trace, 0, first);
	assert_int_equal(trace.cpus[0].next, 2);
	assert_false(trace.is_refused);
	take(&trace, 0, second);
	assert_int_equal(trace.count, 3);
	assert_int_equal(trace.exits[1].start, 1100);
	assert_int_equal(trace.exits[1].reason, 48);
	assert_false(trace.exits[1].is_behind_gap);
	assert_int_equal(trace.exits[2].start, 2000);
	assert_true(trace.exits[2].is_behind_gap);
	FILE *memory = open_memstream(&text, &text_bytes);

	trace_write_json(memory, &trace);
	fclose(memory);
	assert_non_null(strstr(text, "{\"name\": \"CPUID\", \"ph\": \"X\", \"pid\": 0, \"tid\": 0, \"ts\": 0.000, \"dur\": 10.000,"));
	assert_non_null(strstr(text, "{\"name\": \"L2 runs\", \"ph\": \"X\", \"pid\": 0, \"tid\": 2, \"ts\": 10.000, \"dur\": 90.000}"));
	assert_null(strstr(text, "L1 runs")); /* not over a gap */
	assert_null(strstr(text, "CPU 1"));
	free(text);
	trace_free(&trace);
}

static void cpu_that_is_not_there(void **state)
{
	static const char *const lines[] = { "`trace on`, `trace off` or `trace read CPU FROM`, FROM being an exit's number", NULL };
	struct trace trace = { .hz = 0 };

	(void)state;
	take(&trace, 3, lines);
	assert_true(trace.is_refused);
	assert_int_equal(trace.count, 0);
	trace_expect(&trace, 4);
	assert_false(trace.is_refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(table_is_read), cmocka_unit_test(differences_are_sorted), cmocka_unit_test(picture),
					    cmocka_unit_test(trace_is_read), cmocka_unit_test(cpu_that_is_not_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
