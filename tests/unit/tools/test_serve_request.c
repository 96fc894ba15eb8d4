/* SPDX-License-Identifier: Apache-2.0 */
/* Names and ranges that come from the network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "serve_request.h"

static void names(void **state)
{
	static const char *const bad[] = { "", "/", "//", "/..", "/.hidden", "/a/b", "/../x", "/a/..", "a", "/a\n", "/a\x7f", "/./a" };
	char longest[300] = "/";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (serve_name(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
	assert_string_equal(serve_name("/new.bundle"), "new.bundle");
	assert_string_equal(serve_name("/a b..c"), "a b..c");
	memset(longest + 1, 'x', 255);
	assert_non_null(serve_name(longest));
	longest[256] = 'x';
	assert_null(serve_name(longest));
}

static void ranges(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum serve_range_kind kind;
		uint64_t first, count;
	} rows[] = {
		{ NULL, 10, SERVE_WHOLE, 0, 0 },
		{ "", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=0-", 10, SERVE_PART, 0, 10 },
		{ "bytes=3-", 10, SERVE_PART, 3, 7 },
		{ "bytes=3-3", 10, SERVE_PART, 3, 1 },
		{ "bytes=3-100", 10, SERVE_PART, 3, 7 },
		{ "bytes=9-18446744073709551615", 10, SERVE_PART, 9, 1 },
		{ "bytes=9-18446744073709551616", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=10-", 10, SERVE_UNSATISFIABLE, 0, 0 },
		{ "bytes=18446744073709551615-", 10, SERVE_UNSATISFIABLE, 0, 0 },
		{ "bytes=18446744073709551616-", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=0-", 0, SERVE_UNSATISFIABLE, 0, 0 },
		{ "bytes=0-18446744073709551615", UINT64_MAX, SERVE_PART, 0, UINT64_MAX },
		{ "bytes=-4", 10, SERVE_PART, 6, 4 },
		{ "bytes=-40", 10, SERVE_PART, 0, 10 },
		{ "bytes=-0", 10, SERVE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-4", 0, SERVE_UNSATISFIABLE, 0, 0 },
		{ "bytes=-", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=-4x", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=5-4", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=1-2,4-5", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=1", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes=x-2", 10, SERVE_WHOLE, 0, 0 },
		{ "bytes= 1-2", 10, SERVE_WHOLE, 0, 0 },
		{ "lines=1-2", 10, SERVE_WHOLE, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct serve_range range = { 0, 0 };
		enum serve_range_kind kind = serve_range(rows[i].header, rows[i].size, &range);

		if (kind != rows[i].kind || range.first != rows[i].first || range.count != rows[i].count)
			fail_msg("row %zu: '%s'", i, rows[i].header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(ranges) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
