/* SPDX-License-Identifier: Apache-2.0 */
/* pins: what is a list of CPUs and what is not, and which CPUs are added to one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "layout/pins.h"

static void test_lists(void **state)
{
	static const struct {
		const char *text, *printed;
	} good[] = {
		{ "", "" }, { " ", "" }, { "0", "0" }, { "63", "63" }, { "2,0", "2,0" }, { " 2 , 0 ", "2,0" }, { "4-7", "4,5,6,7" },
		{ "5-5,0-1", "5,0,1" }, { "1,1", "1,1" },
	};
	char text[PINS_TEXT_BYTES];
	struct pins pins;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(pins_parse(good[i].text, &pins));
		pins_print(&pins, text);
		assert_string_equal(text, good[i].printed);
	}
}

static void test_what_is_no_list(void **state)
{
	static const char *const bad[] = { ",", "1,", ",1", "1,,2", "-1", "1-", "3-2", "64", "0-64", "1 2", "a", "1;2", "0x1", "18446744073709551617",
					   "0-63,0" };
	struct pins pins = { .count = 1, .cpus = { 7 } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(pins_parse(bad[i], &pins));
		assert_int_equal(pins.count, 1);
		assert_int_equal(pins.cpus[0], 7);
	}
}

static void test_all_of_them(void **state)
{
	char text[PINS_TEXT_BYTES];
	struct pins pins, again;

	assert_true(pins_parse("0-63", &pins));
	assert_true(pins_mask(&pins) == UINT64_MAX);
	pins_print(&pins, text);
	assert_true(pins_parse(text, &again));
	assert_memory_equal(&pins, &again, sizeof(pins));
	pins_fill(&pins, 65, 0);
	assert_int_equal(pins.count, 64);
}

static void test_filling(void **state)
{
	struct pins pins;
	char text[PINS_TEXT_BYTES];

	assert_true(pins_parse("5,1", &pins));
	pins_fill(&pins, 2, 0);
	assert_int_equal(pins.count, 2);
	pins_fill(&pins, 5, 1u << 2);
	pins_print(&pins, text);
	assert_string_equal(text, "5,1,0,3,4");
	assert_true(pins_mask(&pins) == 0x3B);
	pins_fill(&pins, 60, UINT64_MAX);
	assert_int_equal(pins.count, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists), cmocka_unit_test(test_what_is_no_list), cmocka_unit_test(test_all_of_them), cmocka_unit_test(test_filling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
