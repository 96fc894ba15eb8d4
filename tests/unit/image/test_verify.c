/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification as a whole: who signed, in which order things are refused, and that the payload follows its manifest.
 */
#include "fixture.h"

#include <string.h>

#include "image/bytes.h"

static struct fixture f;

static int open_fixture(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int close_fixture(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static void good_image_is_accepted(void **state)
{
	(void)state;
	assert_error(fixture_verify(&f), IMAGE_OK);
	assert_true(f.result.is_authentic && f.result.is_manifest_accepted);
	assert_ptr_equal(f.result.key, &f.key);
	assert_int_equal(f.result.manifest.version_patch, 3);
	assert_error(image_verify_whole(&f.source, &f.result, NULL), IMAGE_OK);
}

static void every_hash_is_accepted(void **state)
{
	(void)state;
	for (uint16_t algorithm = HASH_SHA256; algorithm <= HASH_SHA512; algorithm++) {
		f.manifest.hash_algorithm = algorithm;
		fixture_seal(&f);
		assert_error(fixture_verify(&f), IMAGE_OK);
		f.bytes[f.source.size - 1] ^= 1;
		assert_error(fixture_verify(&f), IMAGE_ERROR_PAYLOAD_ALTERED);
		f.bytes[f.source.size - 1] ^= 1;
	}
}

static enum image_error verify_with_flip(size_t byte, unsigned int bit)
{
	enum image_error error;

	f.bytes[byte] ^= (uint8_t)(1u << bit);
	error = fixture_verify(&f);
	f.bytes[byte] ^= (uint8_t)(1u << bit);
	return error;
}

static void unsigned_image_is_refused(void **state)
{
	(void)state;
	memset(f.bytes + SIGNATURE_AREA_OFFSET, 0, SIGNATURE_AREA_BYTES);
	assert_error(fixture_verify(&f), IMAGE_ERROR_UNSIGNED);
}

static void other_keys_are_refused(void **state)
{
	struct private_key other;
	struct trusted_key public;

	(void)state;
	fixture_key(KEY_ECDSA_P256, KEY_RELEASE, &other, &public);
	memset(f.bytes + SIGNATURE_AREA_OFFSET, 0, SIGNATURE_AREA_BYTES);
	fixture_sign_also(&f, &other);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY);
	memcpy(f.bytes + SIGNATURE_AREA_OFFSET + 8, f.key.key_id, KEY_ID_BYTES); /* claims to be ours */
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_INVALID);
	f.keyring.count = 0;
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY);
}

/* A signature by a key that is not ours does not count, one by a key of ours must be right. */
static void more_signatures(void **state)
{
	static struct trusted_key keys[2];
	struct private_key other;

	(void)state;
	fixture_key(KEY_ECDSA_P384, KEY_DEV, &other, &keys[1]);
	keys[0] = f.key;
	fixture_sign_also(&f, &other);
	assert_error(fixture_verify(&f), IMAGE_OK);
	f.keyring = (struct keyring){ .keys = keys, .count = 2 };
	assert_error(fixture_verify(&f), IMAGE_OK);
	assert_ptr_equal(f.result.key, &keys[0]);
	assert_error(verify_with_flip(SIGNATURE_AREA_OFFSET + 4 + 40 + 64 + 40 + 5, 0), IMAGE_ERROR_SIGNATURE_INVALID);
	keys[0].partition_count = 1; /* may not sign for this partition, but the other may */
	assert_error(fixture_verify(&f), IMAGE_OK);
	assert_ptr_equal(f.result.key, &keys[1]);
	keys[1].partition_count = 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_KEY_PARTITION);
	keys[1].partition_count = 0;
	f.keyring = (struct keyring){ .keys = &keys[1], .count = 1 };
	assert_error(fixture_verify(&f), IMAGE_OK);
	assert_ptr_equal(f.result.key, &keys[1]);
}

static void algorithm_comes_from_the_key(void **state)
{
	uint8_t *entry = f.bytes + SIGNATURE_AREA_OFFSET + 4;

	(void)state;
	bytes_put32(entry, KEY_ECDSA_P384);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_ALGORITHM);
	bytes_put32(entry, 0);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_ALGORITHM);
	bytes_put32(entry, KEY_ECDSA_P256);
	bytes_put32(entry + 36, 96);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_LENGTH);
	bytes_put32(entry + 36, 64);
	assert_error(fixture_verify(&f), IMAGE_OK);
	memset(entry + 40, 0, 64); /* r = s = 0 */
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_INVALID);
}

static void unsound_keyring_trusts_nobody(void **state)
{
	(void)state;
	f.key.key_id[0] ^= 1;
	memcpy(f.bytes + SIGNATURE_AREA_OFFSET + 8, f.key.key_id, KEY_ID_BYTES);
	assert_error(fixture_verify(&f), IMAGE_ERROR_KEYRING);
}

static uint8_t copy[FIXTURE_PAYLOAD_BYTES];

static void payload_needs_an_accepted_manifest(void **state)
{
	static struct verify_result fresh;

	(void)state;
	assert_error(image_load_payload(&f.source, copy, &fresh, NULL), IMAGE_ERROR_UNSIGNED);
	fresh.error = IMAGE_OK;
	assert_error(image_verify_whole(&f.source, &fresh, NULL), IMAGE_ERROR_UNSIGNED);
	f.policy.role_uuid[0] ^= 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_ROLE);
	assert_error(image_load_payload(&f.source, copy, &f.result, NULL), IMAGE_ERROR_ROLE);
}

static void refusal_is_final(void **state)
{
	(void)state;
	assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_OK);
	f.bytes[IMAGE_PAYLOAD_OFFSET] ^= 1;
	assert_error(image_load_payload(&f.source, copy, &f.result, NULL), IMAGE_ERROR_PAYLOAD_ALTERED);
	f.bytes[IMAGE_PAYLOAD_OFFSET] ^= 1;
	assert_error(image_load_payload(&f.source, copy, &f.result, NULL), IMAGE_ERROR_PAYLOAD_ALTERED);
}

/* A disk: read in order, in pieces; fails from `unreadable` on. */
static uint64_t unreadable, read_bytes;

static bool disk_read(const void *context, uint64_t offset, void *to, uint64_t count)
{
	assert_ptr_equal(context, &f);
	read_bytes += count;
	if (offset + count > unreadable)
		return false;
	memcpy(to, f.bytes + offset, count);
	return true;
}

static const struct image_source disk = { .size = FIXTURE_TREE_IMAGE_BYTES, .is_slot = true, .read = disk_read, .context = &f };

static void slot_is_read_where_it_lies(void **state)
{
	(void)state;
	fixture_add_tree(&f, HASH_SHA256);
	f.source = disk;
	unreadable = UINT64_MAX;
	assert_error(fixture_verify(&f), IMAGE_OK);
	read_bytes = 0;
	assert_error(image_verify_head(&f.source, &f.policy, &f.result), IMAGE_OK);
	assert_int_equal(read_bytes, MANIFEST_BYTES_TOTAL);
}

static void unreadable_slot_is_refused(void **state)
{
	static const uint64_t limits[] = { 0, MANIFEST_BYTES_TOTAL, IMAGE_PAYLOAD_OFFSET, IMAGE_PAYLOAD_OFFSET + 4096,
					   FIXTURE_TREE_OFFSET };

	(void)state;
	fixture_add_tree(&f, HASH_SHA256);
	f.source = disk;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		unreadable = limits[i];
		assert_error(fixture_verify(&f), IMAGE_ERROR_UNREADABLE);
	}
}

/* The verified bytes are the parsed bytes: later changes of the source do not reach the result. */
static void manifest_is_read_once(void **state)
{
	(void)state;
	assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_OK);
	memset(f.bytes, 0xFF, MANIFEST_BYTES_TOTAL);
	assert_error(image_load_payload(&f.source, copy, &f.result, NULL), IMAGE_OK);
}

static uint64_t reported, reports;

static void on_progress(void *context, uint64_t done, uint64_t total)
{
	assert_ptr_equal(context, &reported);
	assert_int_equal(total, FIXTURE_PAYLOAD_BYTES);
	assert_true(done > reported && done <= total);
	reported = done;
	reports++;
}

static void progress_reaches_the_end(void **state)
{
	static const struct verify_progress progress = { on_progress, &reported };

	(void)state;
	assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_OK);
	assert_error(image_verify_whole(&f.source, &f.result, &progress), IMAGE_OK);
	assert_int_equal(reported, FIXTURE_PAYLOAD_BYTES);
	assert_int_equal(reports, 1);
}

static void bad_parts_are_refused_after_the_digest(void **state)
{
	(void)state;
	f.bytes[IMAGE_PAYLOAD_OFFSET] = 0;
	assert_error(fixture_verify(&f), IMAGE_ERROR_PAYLOAD_ALTERED);
	fixture_seal(&f);
	assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_OK);
	assert_error(image_verify_whole(&f.source, &f.result, NULL), IMAGE_ERROR_PAYLOAD_MAGIC);
}

#define VERIFY_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(good_image_is_accepted),
		VERIFY_TEST(every_hash_is_accepted),
		VERIFY_TEST(unsigned_image_is_refused),
		VERIFY_TEST(other_keys_are_refused),
		VERIFY_TEST(more_signatures),
		VERIFY_TEST(algorithm_comes_from_the_key),
		VERIFY_TEST(unsound_keyring_trusts_nobody),
		VERIFY_TEST(payload_needs_an_accepted_manifest),
		VERIFY_TEST(refusal_is_final),
		VERIFY_TEST(slot_is_read_where_it_lies),
		VERIFY_TEST(unreadable_slot_is_refused),
		VERIFY_TEST(manifest_is_read_once),
		VERIFY_TEST(progress_reaches_the_end),
		VERIFY_TEST(bad_parts_are_refused_after_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
