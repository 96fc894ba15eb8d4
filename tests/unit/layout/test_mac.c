/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet addresses as text: what is one and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "layout/mac.h"

static void what_is_an_address(void **state)
{
	uint8_t mac[MAC_BYTES];
	char text[MAC_TEXT_BYTES];

	assert_true(mac_parse("02:4e:42:aB:Cd:09", mac));
	assert_memory_equal(mac, "\x02\x4e\x42\xab\xcd\x09", MAC_BYTES);
	mac_print(mac, text);
	assert_string_equal(text, "02:4e:42:ab:cd:09");
}

static void what_is_none(void **state)
{
	static const char *const wrong[] = { "", "02", "02:4e:42:ab:cd:0", "02:4e:42:ab:cd:099", "02-4e-42-ab-cd-09", "02:4e:42:ab:cd:0g",
					     "02:4e:42:ab:cd09:", "/2:4e:42:ab:cd:09", ":2:4e:42:ab:cd:09", "02:4e:42:ab:cd:`9" };
	uint8_t mac[MAC_BYTES] = "abcde", before[MAC_BYTES] = "abcde";

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(mac_parse(wrong[i], mac));
	assert_memory_equal(mac, before, sizeof(before));
}

static void kinds(void **state)
{
	static const struct { uint8_t mac[MAC_BYTES]; bool is_group, is_local, is_zero; } rows[] = {
		{ { 0 }, false, false, true },
		{ { 0, 0, 0, 0, 0, 1 }, false, false, false },
		{ { 2 }, false, true, false },
		{ { 1, 0, 0x5E }, true, false, false },
		{ { 0x33, 0x33 }, true, true, false },
		{ { 0x52, 0x54 }, false, true, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(mac_is_group(rows[i].mac), rows[i].is_group);
		assert_int_equal(mac_is_local(rows[i].mac), rows[i].is_local);
		assert_int_equal(mac_is_zero(rows[i].mac), rows[i].is_zero);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_an_address),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
