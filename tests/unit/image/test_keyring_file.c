/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyrings that travel: each row refused by name, every bit of the signed part, thresholds, and the attacks on key distribution that TUF and
 * Uptane list, each as a test of its name. What a clock would stop (an indefinite freeze) is stopped by nothing here: there is no clock.
 */
#include "keyring_fixture.h"

#include <string.h>

#include "image/bytes.h"

static struct keyring_fixture f;

static int set_up(void **state)
{
	keyring_fixture_open(&f);
	return 0;
}

static void a_good_keyring(void **state)
{
	assert_error(keyring_fixture_verify(&f), IMAGE_OK);
	assert_int_equal(f.result.version, 5);
	assert_int_equal(f.result.keyring.count, 2);
	assert_memory_equal(f.result.keys, f.file.keys, sizeof(f.file.keys));
	assert_ptr_equal(keyring_find(&f.result.keyring, f.file.keys[1].key_id), &f.result.keys[1]);
	assert_true(keyring_revokes(&f.result.keyring, f.file.revoked[1]));
	assert_false(keyring_revokes(&f.result.keyring, f.file.keys[0].key_id));
	assert_false(f.result.keyring.needs_hash_based);
}

/* One byte changed in what the parser reads: the row that names it. */
static void each_row_is_refused_by_name(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum image_error error;
	} rows[] = {
		{ 0, 'X', IMAGE_ERROR_KEYRING_MAGIC },
		{ 8, 2, IMAGE_ERROR_KEYRING_FORMAT },
		{ 10, 1, IMAGE_ERROR_KEYRING_FORMAT },
		{ 13, 0x21, IMAGE_ERROR_KEYRING_SIGNED_LENGTH },
		{ 32, 0, IMAGE_ERROR_KEYRING_VERSION_ZERO },
		{ 40, 2, IMAGE_ERROR_KEYRING_FLAG_UNKNOWN },
		{ 40, 1, IMAGE_ERROR_KEYRING_NO_HASH_BASED },
		{ 44, 0, IMAGE_ERROR_KEYRING_KEY_COUNT },
		{ 44, 17, IMAGE_ERROR_KEYRING_KEY_COUNT },
		{ 47, 0xFF, IMAGE_ERROR_KEYRING_KEY_COUNT },
		{ 48, 33, IMAGE_ERROR_KEYRING_REVOKED_COUNT },
		{ 51, 0x80, IMAGE_ERROR_KEYRING_REVOKED_COUNT },
		{ 52, 1, IMAGE_ERROR_KEYRING_RESERVED },
		{ 44, 1, IMAGE_ERROR_KEYRING_RESERVED }, /* the second key lies there unused */
		{ 48, 1, IMAGE_ERROR_KEYRING_RESERVED }, /* the second revocation, too */
		{ 44, 3, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 128, 1, IMAGE_ERROR_KEYRING_RESERVED },
		{ 2047, 1, IMAGE_ERROR_KEYRING_RESERVED },
		{ 8191, 1, IMAGE_ERROR_KEYRING_RESERVED },
		{ 2048, 0, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 2048 + 32, 9, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 2048 + 36, KEY_ROOT, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 2048 + 40, 9, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 2048 + 44, 1, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 2048 + 48, 1, IMAGE_ERROR_KEYRING_KEY_MALFORMED }, /* a partition behind the last */
		{ 2048 + 319, 1, IMAGE_ERROR_KEYRING_KEY_MALFORMED },
		{ 2048 + 320 + 176 + 64, 1, IMAGE_ERROR_KEYRING_KEY_MALFORMED }, /* P-256 has 64 bytes */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t before = f.bytes[rows[i].at];

		f.bytes[rows[i].at] = rows[i].value;
		assert_error(keyring_file_parse(f.bytes, &f.result), rows[i].error);
		f.bytes[rows[i].at] = before;
	}
	assert_error(keyring_file_parse(f.bytes, &f.result), IMAGE_OK);
}

static void lists_are_sets(void **state)
{
	uint8_t bytes[KEYRING_SIGNED_BYTES];
	struct keyring_file file = f.file;

	file.keys[1] = file.keys[0];
	assert_error(keyring_file_write(&file, bytes), IMAGE_ERROR_KEYRING_KEY_TWICE);
	file = f.file;
	memcpy(file.revoked[1], file.revoked[0], KEY_ID_BYTES);
	assert_error(keyring_file_write(&file, bytes), IMAGE_ERROR_KEYRING_REVOKED_TWICE);
	file = f.file;
	memcpy(file.revoked[1], file.keys[0].key_id, KEY_ID_BYTES);
	assert_error(keyring_file_write(&file, bytes), IMAGE_ERROR_KEYRING_REVOKED_KEY);
}

/* Whatever bit of the signed part changes, the signature says so before anything is parsed. */
static void every_bit_of_a_sample_counts(void **state)
{
	for (size_t bit = 0; bit < 8 * KEYRING_SIGNED_BYTES; bit += 509) {
		f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_SIGNATURE_INVALID);
		f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_error(keyring_fixture_verify(&f), IMAGE_OK);
}

static void thresholds(void **state)
{
	const struct private_key *const all[] = { &f.root_keys[2], &f.root_keys[0], &f.root_keys[1] };

	for (size_t threshold = 0; threshold <= FIXTURE_ROOTS + 1; threshold++)
		for (size_t count = 1; count <= FIXTURE_ROOTS; count++) {
			bool is_sound = threshold >= 1 && threshold <= FIXTURE_ROOTS;

			f.roots.threshold = threshold;
			keyring_fixture_sign(&f, all, count);
			assert_error(keyring_fixture_verify(&f), !is_sound	    ? IMAGE_ERROR_KEYRING_ROOTS :
								 count >= threshold ? IMAGE_OK :
										      IMAGE_ERROR_KEYRING_THRESHOLD);
		}
}

static void unsound_roots(void **state)
{
	f.roots.count = 0;
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_ROOTS);
	f.roots.count = FIXTURE_ROOTS;
	f.root_public[2] = f.root_public[0]; /* one person with two votes */
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_ROOTS);
	f.root_public[2] = f.file.keys[0]; /* an image key is no root */
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_ROOTS);
}

/* TUF "arbitrary software installation": a stranger's keyring, or none's. */
static void attack_arbitrary_keyring(void **state)
{
	struct private_key stranger;
	struct trusted_key public;
	const struct private_key *const one[] = { &stranger };

	fixture_key(KEY_ECDSA_P256, KEY_ROOT, &stranger, &public);
	keyring_fixture_sign(&f, one, 1);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_THRESHOLD);
	memset(f.bytes + KEYRING_SIGNED_BYTES, 0, SIGNATURE_AREA_BYTES);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_UNSIGNED);
}

/* TUF "vulnerability to key compromises": one root's private key is not enough, and its signature twice is one signature. */
static void attack_one_compromised_root(void **state)
{
	const struct private_key *const one[] = { &f.root_keys[0] };
	const struct private_key *const twice[] = { &f.root_keys[0], &f.root_keys[0] };

	keyring_fixture_sign(&f, one, 1);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_THRESHOLD);
	keyring_fixture_sign(&f, twice, 2);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_SIGNATURE_TWICE);
}

/* An image key, even one in force, does not speak for keyrings. */
static void attack_image_keys_as_roots(void **state)
{
	const struct private_key *const keys[] = { &f.image_keys[0], &f.image_keys[1] };
	const struct private_key *const mixed[] = { &f.image_keys[0], &f.root_keys[0] };

	keyring_fixture_sign(&f, keys, 2);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_THRESHOLD);
	keyring_fixture_sign(&f, mixed, 2);
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_THRESHOLD);
}

/* TUF "rollback": an old keyring with keys that have been replaced since. */
static void attack_rollback(void **state)
{
	f.policy.version_floor = 6;
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_OLDER);
	f.policy.version_floor = 0;
	f.roots.version_floor = 6;
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_OLDER);
	f.roots.version_floor = 5;
	assert_error(keyring_fixture_verify(&f), IMAGE_OK);
}

/* The same, where one is to take the other's place: not an older one, not the same, and none that forgets a revocation. */
static void attack_rollback_of_a_revocation(void **state)
{
	struct keyring_file now, next;

	assert_error(keyring_fixture_verify(&f), IMAGE_OK);
	assert_error(keyring_file_parse(f.bytes, &now), IMAGE_OK);
	assert_error(keyring_file_parse(f.bytes, &next), IMAGE_OK);
	assert_error(keyring_file_succeeds(&next, &now), IMAGE_ERROR_KEYRING_OLDER);
	next.version = 4;
	assert_error(keyring_file_succeeds(&next, &now), IMAGE_ERROR_KEYRING_OLDER);
	next.version = UINT64_MAX;
	assert_error(keyring_file_succeeds(&next, &now), IMAGE_OK);
	f.file.revoked_count = 1;
	f.file.version = 6;
	memset(f.file.revoked[1], 0, KEY_ID_BYTES);
	keyring_fixture_seal(&f);
	assert_error(keyring_file_parse(f.bytes, &next), IMAGE_OK);
	assert_error(keyring_file_succeeds(&next, &now), IMAGE_ERROR_KEYRING_FORGETS);
}

/* Uptane "mix and match": another product's keyring, signed by the same roots. */
static void attack_keyring_of_another_product(void **state)
{
	f.policy.product_uuid[0] ^= 1;
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_PRODUCT);
}

/* A signature over an image is none over a keyring that has the same bytes: the domains differ. */
static void attack_signature_of_another_kind(void **state)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], other[CRYPTO_MAX_DIGEST_BYTES];

	assert_true(keyring_file_digest(f.bytes, digest));
	assert_true(signature_digest(f.bytes, other));
	assert_memory_not_equal(digest, other, SIGNATURE_DIGEST_BYTES);
}

/* Uptane "drop request" and power cuts: whatever one copy is, the other counts; of two, the newer. */
static void two_copies(void **state)
{
	static struct keyring_file files[2];
	static uint8_t newer[KEYRING_FILE_BYTES], broken[KEYRING_FILE_BYTES];
	enum image_error errors[2];
	const uint8_t *copies[2] = { f.bytes, newer };
	uint8_t old[KEYRING_FILE_BYTES];

	memcpy(old, f.bytes, sizeof(old));
	f.file.version = 6;
	keyring_fixture_seal(&f);
	memcpy(newer, f.bytes, sizeof(newer));
	memcpy(f.bytes, old, sizeof(old));
	for (int order = 0; order < 2; order++) {
		copies[order] = newer;
		copies[!order] = f.bytes;
		assert_ptr_equal(keyring_newest(copies, &f.policy, files, errors), &files[order].keyring);
		assert_int_equal(files[order].keyring.version, 6);
	}
	for (size_t torn = 0; torn < KEYRING_FILE_BYTES; torn += 512) {
		memcpy(broken, old, sizeof(broken));
		memcpy(broken, newer, torn);
		copies[0] = old;
		copies[1] = broken;
		const struct keyring *keyring = keyring_newest(copies, &f.policy, files, errors);
		assert_non_null(keyring);
		assert_error(errors[0], IMAGE_OK);
		assert_int_equal(keyring->version, memcmp(broken, newer, sizeof(broken)) ? 5 : 6);
	}
	copies[0] = copies[1] = NULL;
	assert_null(keyring_newest(copies, &f.policy, files, errors));
	assert_error(errors[1], IMAGE_ERROR_UNREADABLE);
}

/* P-384 and LMS roots beside P-256 ones are a matter of their entries. */
static void roots_of_several_algorithms(void **state)
{
	const struct private_key *const two[] = { &f.root_keys[2], &f.root_keys[0] };

	fixture_key(KEY_ECDSA_P384, KEY_ROOT, &f.root_keys[2], &f.root_public[2]);
	keyring_fixture_sign(&f, two, 2);
	assert_error(keyring_fixture_verify(&f), IMAGE_OK);
	f.root_public[2].algorithm = KEY_ECDSA_P256;
	assert_error(keyring_fixture_verify(&f), IMAGE_ERROR_KEYRING_ROOTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_keyring, set_up),
		cmocka_unit_test_setup(each_row_is_refused_by_name, set_up),
		cmocka_unit_test_setup(lists_are_sets, set_up),
		cmocka_unit_test_setup(every_bit_of_a_sample_counts, set_up),
		cmocka_unit_test_setup(thresholds, set_up),
		cmocka_unit_test_setup(unsound_roots, set_up),
		cmocka_unit_test_setup(attack_arbitrary_keyring, set_up),
		cmocka_unit_test_setup(attack_one_compromised_root, set_up),
		cmocka_unit_test_setup(attack_image_keys_as_roots, set_up),
		cmocka_unit_test_setup(attack_rollback, set_up),
		cmocka_unit_test_setup(attack_rollback_of_a_revocation, set_up),
		cmocka_unit_test_setup(attack_keyring_of_another_product, set_up),
		cmocka_unit_test_setup(attack_signature_of_another_kind, set_up),
		cmocka_unit_test_setup(two_copies, set_up),
		cmocka_unit_test_setup(roots_of_several_algorithms, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
