/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUID text, and roles from names: the derivation is part of the format and must never change.
 */
#include "fixture.h"

#include <string.h>

#include "image/role.h"

static void text_goes_both_ways(void **state)
{
	static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";
	uint8_t uuid[UUID_BYTES];
	char again[UUID_TEXT_BYTES];

	(void)state;
	assert_true(uuid_parse(text, uuid));
	for (unsigned int i = 0; i < UUID_BYTES; i++)
		assert_int_equal(uuid[i], i * 0x11);
	uuid_format(uuid, again);
	assert_string_equal(again, text);
	assert_true(uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", uuid));
}

static void other_text_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"0",
		"00112233",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeeff0",
		"00112233-4455-6677-8899-aabbccddeeff ",
		"00112233445566778899aabbccddeeff",
		"00112233-4455-6677-8899-aabbccddeefg",
		"0011223-34455-6677-8899-aabbccddeeff",
		"{00112233-4455-6677-8899-aabbccddeeff}",
	};
	uint8_t uuid[UUID_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(uuid_parse(texts[i], uuid));
}

static void roles_never_change(void **state)
{
	static const struct {
		const char *name, *uuid;
	} roles[] = {
		{ "debian-kvm", "cded91d1-5eef-8a81-addc-79423bedc5ca" },
		{ "nestbox", "9bc86713-c23e-8f24-bf8e-1b42e3a29ed6" },
		{ "a", "1cbe8955-fc29-8e04-b3ef-8aafb1c7d1bc" },
	};
	uint8_t uuid[UUID_BYTES];
	char text[UUID_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		assert_true(role_uuid_from_name(roles[i].name, uuid));
		uuid_format(uuid, text);
		assert_string_equal(text, roles[i].uuid);
	}
}

static void bad_names_are_refused(void **state)
{
	static const char *const names[] = {
		"", "-a", "A", "a_b", "a.b", "a b", "a/b", "\xC3\xA4"
	};
	char name[ROLE_NAME_BYTES + 1];
	uint8_t uuid[UUID_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(role_uuid_from_name(names[i], uuid));
	memset(name, 'x', sizeof(name));
	name[ROLE_NAME_BYTES] = '\0';
	assert_false(role_uuid_from_name(name, uuid));
	name[ROLE_NAME_BYTES - 1] = '\0';
	assert_true(role_uuid_from_name(name, uuid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_goes_both_ways),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(roles_never_change),
		cmocka_unit_test(bad_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
