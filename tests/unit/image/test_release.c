/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A release build: linked with keyring_release.c in the place of keyring_dev.c. Development keys
 * are refused.
 */
#include "keyring_fixture.h"

#include <string.h>

static void release_takes_release_keys_only(void **state)
{
	static const uint32_t refused[] = { 0, KEY_DEV, 3, UINT32_MAX };

	(void)state;
	assert_true(keyring_accepts_role(KEY_RELEASE));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(keyring_accepts_role(refused[i]));
}

static void dev_signed_image_is_refused(void **state)
{
	static struct fixture f;

	(void)state;
	fixture_open(&f);
	assert_error(fixture_verify(&f), IMAGE_OK);
	f.key.role = KEY_DEV;
	assert_error(fixture_verify(&f), IMAGE_ERROR_KEY_ROLE);
	assert_false(f.result.is_manifest_accepted);
	fixture_close(&f);
}

/* Signed with both: the release key counts, wherever it stands in the image. */
static void release_signature_counts_beside_a_dev_one(void **state)
{
	static struct fixture f;
	static struct trusted_key keys[2];
	struct private_key release;

	(void)state;
	fixture_open(&f);
	fixture_key(KEY_ECDSA_P384, KEY_RELEASE, &release, &keys[1]);
	fixture_sign_also(&f, &release);
	keys[0] = f.key;
	keys[0].role = KEY_DEV;
	f.keyring = (struct keyring){ .keys = keys, .count = 2 };
	assert_error(fixture_verify(&f), IMAGE_OK);
	assert_ptr_equal(f.result.key, &keys[1]);
	fixture_close(&f);
}

/* Roots that put a development key into a keyring: none of it counts. */
static void keyring_with_a_dev_key_is_refused(void **state)
{
	static struct keyring_fixture f;

	(void)state;
	keyring_fixture_open(&f);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_ROLE);
	f.file.key_count = 1;
	memset(&f.file.keys[1], 0, sizeof(f.file.keys[1]));
	keyring_fixture_seal(&f);
	assert_error(keyring_fixture_verify(&f), IMAGE_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(release_takes_release_keys_only),
		cmocka_unit_test(dev_signed_image_is_refused),
		cmocka_unit_test(release_signature_counts_beside_a_dev_one),
		cmocka_unit_test(keyring_with_a_dev_key_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
