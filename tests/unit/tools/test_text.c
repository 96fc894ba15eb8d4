/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people type: limits are exact, anything else is refused and leaves the value alone.
 */
#include "fixture.h"

#include <string.h>

#include "text.h"

static void numbers_have_limits(void **state)
{
	static const char *const bad[] = { "",
					   "x",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "1.0",
					   "0x",
					   "0xg",
					   "4294967296",
					   "99999999999999999999" };
	uint32_t value = 5;

	(void)state;
	assert_int_equal(text_u32("n", NULL, &value), EXIT_OK);
	assert_int_equal(value, 5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_u32("n", bad[i], &value), EXIT_USAGE);
	assert_int_equal(text_u32("n", "4294967295", &value), EXIT_OK);
	assert_int_equal(value, UINT32_MAX);
	assert_int_equal(text_u32("n", "0x1F", &value), EXIT_OK);
	assert_int_equal(value, 31);
	assert_int_equal(text_u32("n", "010", &value), EXIT_OK);
	assert_int_equal(value, 10);
}

static void ranges(void **state)
{
	static const char *const bad[] = { "",    "-",     "1-",           "-1",
					   "2-1", "1-2-3", "1-4294967296", "a-b" };
	uint32_t min = 7, max = 8;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_range("r", bad[i], &min, &max), EXIT_USAGE);
	assert_int_equal(min, 7);
	assert_int_equal(text_range("r", "3", &min, &max), EXIT_OK);
	assert_true(min == 3 && max == 3);
	assert_int_equal(text_range("r", "0-4294967295", &min, &max), EXIT_OK);
	assert_true(min == 0 && max == UINT32_MAX);
}

static void versions(void **state)
{
	static const char *const bad[] = { "",        ".",        "1.",      ".1",
					   "1.2.3.4", "65536",    "1.65536", "1.2.4294967296",
					   "v1",      "1.2.3-rc1" };
	struct version v = { 9, 9, 9 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(text_version("v", bad[i], &v), EXIT_USAGE);
	assert_int_equal(v.major, 9);
	assert_int_equal(text_version("v", "1", &v), EXIT_OK);
	assert_true(v.major == 1 && v.minor == 0 && v.patch == 0);
	assert_int_equal(text_version("v", "65535.65535.4294967295", &v), EXIT_OK);
	assert_true(v.major == 65535 && v.minor == 65535 && v.patch == UINT32_MAX);
}

static void dependencies(void **state)
{
	struct manifest_dependency d, by_name;

	(void)state;
	assert_int_equal(text_dependency("d", "other:1.2.3:4", &by_name), EXIT_OK);
	assert_int_equal(by_name.version_patch, 3);
	assert_int_equal(by_name.security_version, 4);
	assert_int_equal(text_dependency("d", "other", &d), EXIT_OK);
	assert_memory_equal(d.role_uuid, by_name.role_uuid, UUID_BYTES);
	assert_int_equal(d.version_major, 0);
	assert_int_equal(text_dependency("d", "", &d), EXIT_USAGE);
	assert_int_equal(text_dependency("d", "other:", &d), EXIT_USAGE);
	assert_int_equal(text_dependency("d", "other:1:2:3", &d), EXIT_USAGE);
	assert_int_equal(text_dependency("d", "Other", &d), EXIT_USAGE);
}

static void hexadecimal(void **state)
{
	uint8_t bytes[2] = { 0 };
	char text[5];

	(void)state;
	assert_true(text_hex_parse("0aff", bytes, 2));
	assert_int_equal(bytes[0], 0x0A);
	text_hex(bytes, 2, text);
	assert_string_equal(text, "0aff");
	assert_false(text_hex_parse("0aff0", bytes, 2));
	assert_false(text_hex_parse("0af", bytes, 2));
	assert_false(text_hex_parse("0AFF", bytes, 2));
	assert_false(text_hex_parse("0a f", bytes, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_limits),
		cmocka_unit_test(ranges),
		cmocka_unit_test(versions),
		cmocka_unit_test(dependencies),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
