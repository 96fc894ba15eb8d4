/* SPDX-License-Identifier: Apache-2.0 */
/* The crash report: kept over a reset, believed only with its checksum, printed as plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "manage/command.h"
#include "manage/crash.h"

static char told[65536];
static struct crash_report page;

static void tell(void *context, const char *bytes, size_t count)
{
	(void)context;
	strncat(told, bytes, count);
}

static const struct sink out = { .write = tell };

static void show(void)
{
	struct command_call call = { .caller = CALLER_PERSON, .out = &out };

	told[0] = 0;
	command_crash(&call);
}

static void write_page(const char *text)
{
	memset(&page, 0xEE, sizeof(page));
	page.magic = CRASH_REPORT_MAGIC;
	page.bytes = (uint32_t)strlen(text);
	memcpy(page.text, text, page.bytes);
	page.sum = crash_report_sum(page.text, page.bytes);
}

static void survives(void **state)
{
	(void)state;
	write_page("CRASH: check failed: x (y.c:1)\n");
	assert_true(crash_open(&page));
	show();
	assert_string_equal(told, "before the last reset:\nCRASH: check failed: x (y.c:1)\n");
}

static void is_believed_only_whole(void **state)
{
	(void)state;
	write_page("a report");
	page.text[3] ^= 1;
	assert_false(crash_open(&page));
	write_page("a report");
	page.magic++;
	assert_false(crash_open(&page));
	write_page("a report");
	page.bytes = CRASH_REPORT_TEXT + 1;
	assert_false(crash_open(&page));
	write_page("");
	assert_false(crash_open(&page));
	show();
	assert_string_equal(told, "no crash is known\n");
	assert_false(crash_open(NULL));
	show();
	assert_non_null(strstr(told, "no memory that keeps"));
}

static void a_partitions_crash(void **state)
{
	(void)state;
	fake_kernel_reset();
	for (int i = 0; i < 200; i++)
		strcat(fake_kernel.log, "a line of before\n");
	strcat(fake_kernel.log, "partition: CPU 0 triple-faulted\n");
	fake_kernel.log_bytes = (uint32_t)strlen(fake_kernel.log);
	memset(&page, 0, sizeof(page));
	assert_false(crash_open(&page));
	crash_note();
	show();
	assert_int_equal(strncmp(told, "since the last reset:\n", 22), 0);
	assert_non_null(strstr(told, "partition: CPU 0 triple-faulted\n"));
	assert_true(strlen(told) < 2400);
	assert_true(crash_open(&page)); /* the box resets */
	show();
	assert_non_null(strstr(told, "before the last reset:\n"));
	assert_non_null(strstr(told, "triple-faulted\n"));
}

static void is_plain_text(void **state)
{
	(void)state;
	write_page("\033[2Jcleared\x07");
	assert_true(crash_open(&page));
	show();
	assert_string_equal(told, "before the last reset:\n.[2Jcleared.\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(survives), cmocka_unit_test(is_believed_only_whole),
					    cmocka_unit_test(a_partitions_crash), cmocka_unit_test(is_plain_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
