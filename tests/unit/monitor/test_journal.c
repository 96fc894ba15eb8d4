/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of updates: order, repetition, floods, lines of the dialogue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "manage/journal.h"

static struct journal journal;
static uint64_t now;
static char shown[8192];

static uint64_t seconds(void *context)
{
	assert_ptr_equal(context, &now);
	return now;
}

static void take(void *context, const char *bytes, size_t count)
{
	assert_true(strlen(shown) + count < sizeof(shown));
	strncat(shown, bytes, count);
}

static const char *show(void)
{
	const struct sink out = { .write = take };

	shown[0] = '\0';
	journal_show(&journal, &out);
	return shown;
}

static int set_up(void **state)
{
	journal = (struct journal){ .seconds = seconds, .context = &now };
	now = 7;
	return 0;
}

static void it_is_empty_at_first(void **state)
{
	assert_string_equal(show(), "");
}

static void both_sides_are_shown_in_order(void **state)
{
	journal_note(&journal, JOURNAL_BOX, "slot %s", "a");
	journal_note(&journal, JOURNAL_GUEST, "nonsense");
	now = 100;
	journal_note(&journal, JOURNAL_BOX, "slot %s", "b");
	assert_string_equal(show(), "     7 s  slot a\n     7 s  nonsense\n   100 s  slot b\n");
}

static void the_same_again_is_one_entry(void **state)
{
	for (now = 1; now < 50; now++)
		journal_note(&journal, JOURNAL_GUEST, "nonsense");
	assert_string_equal(show(), "    49 s  nonsense (49 times)\n");
}

static void a_guest_pushes_out_only_its_own(void **state)
{
	journal_note(&journal, JOURNAL_BOX, "tried");
	for (unsigned int i = 0; i < 1000; i++)
		journal_note(&journal, JOURNAL_GUEST, "nonsense %u", i);
	show();
	assert_ptr_equal(strstr(shown, "     7 s  tried\n     7 s  nonsense 984\n"), shown);
	assert_non_null(strstr(shown, "nonsense 999\n"));
	assert_null(strstr(shown, "nonsense 983\n"));
}

static void what_is_long_is_cut(void **state)
{
	char text[1000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	journal_note(&journal, JOURNAL_BOX, "%s", text);
	assert_int_equal(strlen(show()), JOURNAL_TEXT_BYTES - 1 + strlen("     7 s  \n"));
}

static void line(const char *text)
{
	char bytes[200]; /* a line has no terminating zero */
	size_t length = strlen(text);

	memset(bytes, '!', sizeof(bytes));
	memcpy(bytes, text, length);
	journal_line(&journal, bytes, length);
}

static void lines_of_the_dialogue(void **state)
{
	journal.seconds = NULL;
	line("ready 1\n");
	line("manifest 2.0.0 3 20 1 0\n");
	line("progress 50 1 2\n");
	line("error OLDER the image is older\n");
	line("done b\n");
	line("ok CONFIRM\n");
	line("ok REVERT\n");
	line("ok KEYRING\n");
	assert_string_equal(show(), "     0 s  an update begins: version, security version, blocks: 2.0.0 3 20 1 0\n"
				    "     0 s  refused: OLDER the image is older\n"
				    "     0 s  installed, to be tried at the next start: slot b\n"
				    "     0 s  confirmed\n"
				    "     0 s  to go back to the other slot\n"
				    "     0 s  a new keyring is in force\n");
}

#define ON_A_JOURNAL(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_JOURNAL(it_is_empty_at_first),
		ON_A_JOURNAL(both_sides_are_shown_in_order),
		ON_A_JOURNAL(the_same_again_is_one_entry),
		ON_A_JOURNAL(a_guest_pushes_out_only_its_own),
		ON_A_JOURNAL(what_is_long_is_cut),
		ON_A_JOURNAL(lines_of_the_dialogue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
