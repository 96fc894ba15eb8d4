/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the partitions behind the first: whole, named, without what would change a terminal; and a hostile state of the buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/partition.h"

static char shown[4096];
static u32 shown_bytes;

void console_write(const char *bytes, u32 length);
void console_write_line(const char *bytes, u32 length);

void console_write(const char *bytes, u32 length)
{
	(void)bytes, (void)length;
	fail_msg("in the middle of another's line");
}

void console_write_line(const char *bytes, u32 length)
{
	assert_true(length < sizeof(shown) - shown_bytes);
	assert_int_equal(bytes[length - 1], '\n');
	memcpy(shown + shown_bytes, bytes, length);
	shown_bytes += length;
	shown[shown_bytes] = 0;
}

static const struct partition_plan plan = { .name = "second" };
static struct partition second;

static int fresh(void **state)
{
	(void)state;
	memset(&second, 0, sizeof(second));
	second.plan = &plan;
	shown_bytes = 0;
	shown[0] = 0;
	return 0;
}

static void write(const char *text)
{
	for (; *text; text++)
		partition_lines_console(&second, text, 1);
}

static void lines_are_whole_and_named(void **state)
{
	(void)state;
	write("one, ");
	assert_string_equal(shown, "");
	write("still one\r\ntwo\n\n");
	assert_string_equal(shown, "second| one, still one\nsecond| two\nsecond| \n");
	/* the log has a line of its own under way */
	fresh(state);
	write("half");
	partition_lines_log(&second, "whole\n", 6);
	write(" line\n");
	assert_string_equal(shown, "second| whole\nsecond| half line\n");
}

static void a_terminal_stays_as_it_is(void **state)
{
	(void)state;
	write("\033[2J\a\b\x7Fred\033]0;title\x9B\x31m\n");
	for (u32 i = 0; i < shown_bytes; i++)
		assert_true(shown[i] == '\n' || (shown[i] >= ' ' && shown[i] < 0x7F));
	assert_non_null(strstr(shown, "red"));
}

static void long_lines_are_broken(void **state)
{
	char text[1001];
	u32 letters = 0;

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = 0;
	write(text);
	write("\n");
	for (u32 i = 0; i < shown_bytes; i++)
		letters += shown[i] == 'x';
	assert_int_equal(letters, 1000);
	assert_true(strchr(shown, '\n') - shown < (ptrdiff_t)(PARTITION_LINE_BYTES + 16));
}

/* CPUs of a monitor that keeps to nothing may leave any count. */
static void a_spoilt_count_stays_in_the_buffer(void **state)
{
	(void)state;
	second.console_line.bytes = UINT32_MAX;
	write("a");
	second.console_line.bytes = UINT32_MAX;
	write("\n");
	second.console_line.bytes = PARTITION_LINE_BYTES;
	write("b\n");
	assert_int_equal(second.console_line.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_are_whole_and_named, fresh),
		cmocka_unit_test_setup(a_terminal_stays_as_it_is, fresh),
		cmocka_unit_test_setup(long_lines_are_broken, fresh),
		cmocka_unit_test_setup(a_spoilt_count_stays_in_the_buffer, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
