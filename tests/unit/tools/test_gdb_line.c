/* SPDX-License-Identifier: Apache-2.0 */
/* What of the box's line is gdb's and what is text, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gdb_line.h"

static char gdb[8192], text[8192];

static void append(void *context, const char *bytes, size_t count)
{
	strncat(context, bytes, count);
}

static void to_gdb(void *context, const char *bytes, size_t count)
{
	(void)context;
	append(gdb, bytes, count);
}

static void to_text(void *context, const char *bytes, size_t count)
{
	(void)context;
	append(text, bytes, count);
}

static void feed(const char *bytes)
{
	struct gdb_line line = { .to_gdb = to_gdb, .text = to_text };

	gdb[0] = text[0] = 0;
	for (; *bytes; bytes++)
		gdb_line_feed(&line, *bytes);
}

static void sorts(void **state)
{
	static const struct { const char *line, *gdb, *text; } rows[] = {
		{ "+$OK#9a", "+$OK#9a", "" },
		{ "--+", "--+", "" },
		{ "partition: 0-1 + 2\n+$OK#9a", "+$OK#9a", "partition: 0-1 + 2\n" },
		{ "half a line+$OK#9a", "+$OK#9a", "half a line" },
		{ "half$OK#9aand on", "$OK#9a", "halfand on" },
		{ "$OK#9b\n", "", "$OK#9b\n" },
		{ "costs $5\n+", "+", "costs $5\n" },
		{ "$OK#9a$OK#9a+", "$OK#9a$OK#9a+", "" },
		{ "1+1=2\n", "", "1+1=2\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		feed(rows[i].line);
		assert_string_equal(gdb, rows[i].gdb);
		assert_string_equal(text, rows[i].text);
	}
}

static void one_without_end_is_text(void **state)
{
	static char endless[GDB_LINE_BYTES + 100];

	(void)state;
	memset(endless, 'a', sizeof(endless) - 1);
	endless[0] = '$';
	feed(endless);
	assert_string_equal(gdb, "");
	assert_int_equal(strlen(text), sizeof(endless) - 1);
}

static void of_what_waited_the_last_packet_counts(void **state)
{
	static const struct { const char *bytes, *packet; } rows[] = {
		{ "+$qSupported:a#11+$qSupported:a#11", "$qSupported:a#11" }, { "+$g#67$m0,", "$g#67" }, { "+$g#6", NULL }, { "+", NULL },
		{ "", NULL }, { "$#00\003", "$#00" },
	};
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *packet = gdb_line_last_packet(rows[i].bytes, strlen(rows[i].bytes), &length);

		assert_int_equal(packet != NULL, rows[i].packet != NULL);
		if (packet) {
			assert_int_equal(length, strlen(rows[i].packet));
			assert_memory_equal(packet, rows[i].packet, length);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sorts), cmocka_unit_test(one_without_end_is_text),
					    cmocka_unit_test(of_what_waited_the_last_packet_counts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
