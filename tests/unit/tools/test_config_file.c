/* SPDX-License-Identifier: Apache-2.0 */
/* config_file: values, odd lines, changing a line, a configuration inside other bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

static struct config_text text(const char *s)
{
	return (struct config_text){ s, strlen(s) };
}

static void test_values(void **state)
{
	struct config_text c = text("# a comment\nCONFIG_A=y\nCONFIG_AB=12\nCONFIG_S=\"a b\"\n# CONFIG_N is not set\nCONFIG_Q=\"\nCONFIG_LAST=4294967295");
	char value[CONFIG_VALUE_BYTES];
	uint32_t number = 7;

	assert_true(config_is_set(c, "A"));
	assert_false(config_is_set(c, "AB"));
	assert_false(config_is_set(c, "N"));
	assert_true(config_number(c, "AB", &number));
	assert_int_equal(number, 12);
	assert_true(config_value(c, "S", value));
	assert_string_equal(value, "a b");
	assert_true(config_value(c, "Q", value));
	assert_string_equal(value, "\"");
	assert_true(config_number(c, "LAST", &number));
	assert_int_equal(number, 4294967295u);
	assert_false(config_number(c, "A", &number));
	assert_false(config_value(c, "NONE", value));
}

static void test_numbers_that_are_none(void **state)
{
	static const char *const bad[] = { "CONFIG_N=", "CONFIG_N=-1", "CONFIG_N=4294967296", "CONFIG_N=1x", "CONFIG_N=99999999999999999999" };
	uint32_t number;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(config_number(text(bad[i]), "N", &number));
}

static void test_hostile_values(void **state)
{
	char value[CONFIG_VALUE_BYTES], line[300] = "CONFIG_N=";

	memset(line + 9, 'x', sizeof(line) - 9);
	assert_false(config_value((struct config_text){ line, sizeof(line) }, "N", value));
	assert_false(config_value((struct config_text){ "CONFIG_N=a\0b", 12 }, "N", value));
	assert_false(config_value((struct config_text){ "CONFIG_N", 8 }, "N", value));
	assert_false(config_value((struct config_text){ "", 0 }, "N", value));
}

static void test_changes(void **state)
{
	struct config_text a = config_with(text("CONFIG_A=1\nCONFIG_B=2\n"), "A", "3"), b, c;

	assert_memory_equal(a.bytes, "CONFIG_B=2\nCONFIG_A=3\n", a.size);
	b = config_with(a, "B", NULL);
	assert_memory_equal(b.bytes, "CONFIG_A=3\n# CONFIG_B is not set\n", b.size);
	c = config_with(b, "B", "y");
	assert_memory_equal(c.bytes, "CONFIG_A=3\nCONFIG_B=y\n", c.size);
	free((void *)(uintptr_t)a.bytes);
	free((void *)(uintptr_t)b.bytes);
	free((void *)(uintptr_t)c.bytes);
}

static void test_inside_other_bytes(void **state)
{
	static const char whole[] = "junk\0\nnestbox-configuration-v1-start\nCONFIG_A=y\n\nnestbox-configuration-v1-end\nmore";
	struct config_text c;

	assert_true(config_find((const uint8_t *)whole, sizeof(whole), &c));
	assert_true(config_is_set(c, "A"));
	assert_int_equal(c.size, strlen("CONFIG_A=y\n"));
	for (size_t cut = 0; cut < 77; cut++)
		assert_false(config_find((const uint8_t *)whole, cut, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	cmocka_unit_test(test_numbers_that_are_none), cmocka_unit_test(test_hostile_values),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_inside_other_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
