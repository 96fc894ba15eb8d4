/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyrings: soundness, look-up, what a key may sign.
 */
#include "fixture.h"

#include <string.h>

#include "image/bytes.h"

static struct private_key private_keys[2];
static struct trusted_key keys[2];
static const struct keyring keyring = { .keys = keys, .count = 2 };

static int keys_make(void **state)
{
	(void)state;
	fixture_key(KEY_ECDSA_P256, KEY_RELEASE, &private_keys[0], &keys[0]);
	fixture_key(KEY_ECDSA_P384, KEY_DEV, &private_keys[1], &keys[1]);
	return 0;
}

static void keys_are_found_by_id(void **state)
{
	uint8_t id[KEY_ID_BYTES];
	const struct keyring empty = { .keys = NULL, .count = 0 };

	(void)state;
	assert_ptr_equal(keyring_find(&keyring, keys[0].key_id), &keys[0]);
	assert_ptr_equal(keyring_find(&keyring, keys[1].key_id), &keys[1]);
	assert_null(keyring_find(&empty, keys[0].key_id));
	for (size_t bit = 0; bit < 8 * KEY_ID_BYTES; bit++) {
		memcpy(id, keys[0].key_id, sizeof(id));
		id[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_null(keyring_find(&keyring, id));
	}
}

static void id_is_of_algorithm_and_point(void **state)
{
	static const char domain[16] = "nestbox-key-v1";
	uint8_t id[KEY_ID_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES], code[4];
	struct crypto_hash hash;

	(void)state;
	bytes_put32(code, KEY_ECDSA_P384);
	crypto_hash_start(&hash, HASH_SHA256);
	crypto_hash_update(&hash, domain, 15);
	crypto_hash_update(&hash, code, 4);
	crypto_hash_update(&hash, keys[1].point, 96);
	assert_true(crypto_hash_finish(&hash, digest));
	assert_memory_equal(digest, keys[1].key_id, KEY_ID_BYTES);
	assert_true(trusted_key_id(KEY_ECDSA_P256, keys[1].point, id));
	assert_memory_not_equal(id, keys[1].key_id, KEY_ID_BYTES);
	assert_false(trusted_key_id(0, keys[1].point, id));
	assert_false(trusted_key_id(4, keys[1].point, id));
}

static void assert_unsound(size_t index)
{
	assert_false(keyring_is_sound(&keyring));
	keys[index] = private_keys[index].public;
	keys[index].role = KEY_RELEASE;
	assert_true(keyring_is_sound(&keyring));
}

static void malformed_keys_are_unsound(void **state)
{
	(void)state;
	assert_true(keyring_is_sound(&keyring));
	keys[0].key_id[31] ^= 1;
	assert_unsound(0);
	keys[1].point[95] ^= 1;
	assert_unsound(1);
	keys[1].algorithm = KEY_ECDSA_P256;
	assert_unsound(1);
	keys[0].algorithm = 0;
	assert_unsound(0);
	keys[0].role = 0;
	assert_unsound(0);
	keys[0].role = 3;
	assert_unsound(0);
	keys[1].partition_count = KEYRING_MAX_PARTITIONS + 1;
	assert_unsound(1);
	memset(keys[0].point, 0,
	       sizeof(keys[0].point)); /* even with the id of what is not a point */
	assert_true(trusted_key_id(KEY_ECDSA_P256, keys[0].point, keys[0].key_id));
	assert_unsound(0);
}

static void partitions_are_a_limit(void **state)
{
	static const uint8_t a[UUID_BYTES] = { 1 }, b[UUID_BYTES] = { 2 }, none[UUID_BYTES] = { 0 };
	struct trusted_key key = keys[0];

	(void)state;
	assert_true(trusted_key_may_sign_for(&key, a));
	key.partition_count = 1;
	memcpy(key.partitions[0], a, UUID_BYTES);
	memcpy(key.partitions[1], b, UUID_BYTES);
	assert_true(trusted_key_may_sign_for(&key, a));
	assert_false(trusted_key_may_sign_for(&key, b));
	assert_false(trusted_key_may_sign_for(&key, none));
	key.partition_count = 2;
	assert_true(trusted_key_may_sign_for(&key, b));
}

static void dev_build_accepts_both_roles(void **state)
{
	(void)state;
	assert_true(keyring_accepts_role(KEY_RELEASE));
	assert_true(keyring_accepts_role(KEY_DEV));
	assert_false(keyring_accepts_role(0));
	assert_false(keyring_accepts_role(3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_id),
		cmocka_unit_test(id_is_of_algorithm_and_point),
		cmocka_unit_test(malformed_keys_are_unsound),
		cmocka_unit_test(partitions_are_a_limit),
		cmocka_unit_test(dev_build_accepts_both_roles),
	};

	return cmocka_run_group_tests(tests, keys_make, NULL);
}
