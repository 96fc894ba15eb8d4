/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification as a whole: what is altered, truncated, unsigned, signed by another or meant for
 * another is refused, with its reason and in the right order; every row of verify.def violated once
 * names itself.
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

/* test_signature proves that each bit reaches the digest; here a spread of them goes all the way.
 */
static void flipped_signed_bits_are_refused(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * MANIFEST_SIGNED_BYTES; bit += 13) {
		enum image_error error = verify_with_flip(bit / 8, bit % 8);

		assert_error(error,
			     bit < 64 ? IMAGE_ERROR_MANIFEST_MAGIC : IMAGE_ERROR_SIGNATURE_INVALID);
		assert_false(f.result.is_authentic);
		assert_int_equal(f.result.manifest.format_major,
				 0); /* nothing unsigned was decoded */
	}
}

static void flipped_signature_bits_are_refused(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * SIGNATURE_AREA_BYTES; bit++) {
		assert_int_not_equal(verify_with_flip(SIGNATURE_AREA_OFFSET + bit / 8, bit % 8),
				     IMAGE_OK);
		assert_false(f.result.is_authentic);
	}
}

static void flipped_padding_is_refused(void **state)
{
	(void)state;
	assert_error(verify_with_flip(MANIFEST_BYTES_TOTAL, 0), IMAGE_ERROR_PADDING);
	assert_error(verify_with_flip(IMAGE_PAYLOAD_OFFSET - 1, 7), IMAGE_ERROR_PADDING);
	for (size_t byte = MANIFEST_BYTES_TOTAL; byte < IMAGE_PAYLOAD_OFFSET; byte += 8191)
		assert_error(verify_with_flip(byte, byte % 8), IMAGE_ERROR_PADDING);
}

static void flipped_payload_bits_are_refused(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * FIXTURE_PAYLOAD_BYTES; bit += 997)
		assert_error(verify_with_flip(IMAGE_PAYLOAD_OFFSET + bit / 8, bit % 8),
			     IMAGE_ERROR_PAYLOAD_ALTERED);
	assert_error(verify_with_flip(FIXTURE_IMAGE_BYTES - 1, 7), IMAGE_ERROR_PAYLOAD_ALTERED);
}

static void truncation_is_refused(void **state)
{
	static const uint64_t sizes[] = {
		0,
		1,
		7,
		8,
		4095,
		4096,
		16383,
		16384,
		IMAGE_PAYLOAD_OFFSET - 1,
		IMAGE_PAYLOAD_OFFSET,
		IMAGE_PAYLOAD_OFFSET + 4096,
		FIXTURE_IMAGE_BYTES - 1,
	};

	(void)state;
	for (int is_slot = 0; is_slot < 2; is_slot++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			f.source.is_slot = is_slot;
			f.source.size = sizes[i];
			assert_error(fixture_verify(&f), IMAGE_ERROR_TRUNCATED);
			assert_error(image_verify_whole(&f.source, &f.result, NULL),
				     IMAGE_ERROR_TRUNCATED);
		}
}

static void trailing_bytes_only_in_slots(void **state)
{
	(void)state;
	f.manifest.payload_bytes -= 100;
	assert_error(manifest_write(&f.manifest, f.bytes), IMAGE_OK);
	fixture_sign(&f);
	assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_ERROR_TRAILING);
	f.source.is_slot = true;
	assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_OK);
}

/* Sizes that are well-formed but larger than any image, around 2 GiB, 4 GiB and the end of 64 bits.
 */
static void sizes_beyond_the_image_are_refused(void **state)
{
	static const uint64_t sizes[] = {
		FIXTURE_PAYLOAD_BYTES + 1,
		0x7FFFFFFFull,
		0x80000000ull,
		0xFFFFFFFFull,
		0x100000000ull,
		0x100000000ull + FIXTURE_PAYLOAD_BYTES,
		INT64_MAX,
		UINT64_MAX - IMAGE_PAYLOAD_OFFSET,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		f.manifest.payload_bytes = sizes[i];
		assert_error(manifest_write(&f.manifest, f.bytes), IMAGE_OK);
		fixture_sign(&f);
		assert_error(fixture_verify(&f), IMAGE_ERROR_TRUNCATED);
	}
	f.manifest.payload_bytes = UINT64_MAX - IMAGE_PAYLOAD_OFFSET + 1;
	assert_error(manifest_write(&f.manifest, f.bytes), IMAGE_ERROR_MANIFEST_PAYLOAD_WRAP);
	fixture_sign(&f); /* even when a trusted key signs it */
	assert_error(fixture_verify(&f), IMAGE_ERROR_MANIFEST_PAYLOAD_WRAP);
	assert_true(f.result.is_authentic);
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
	memcpy(f.bytes + SIGNATURE_AREA_OFFSET + 8, f.key.key_id,
	       KEY_ID_BYTES); /* claims to be ours */
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
	assert_error(verify_with_flip(SIGNATURE_AREA_OFFSET + 4 + 40 + 64 + 40 + 5, 0),
		     IMAGE_ERROR_SIGNATURE_INVALID);
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

struct breakage {
	enum image_error error;
	void (*change)(void);
};

static struct installed_image installed = { .role_uuid = { 9 }, .security_version = 5 };

static void dependency_set(uint32_t patch, uint32_t security_version)
{
	f.manifest.dependencies[0] = (struct manifest_dependency){
		.role_uuid = { 9 },
		.version_major = 2,
		.version_patch = patch,
		.security_version = security_version
	};
	installed.version = manifest_version(2, 0, 8);
	f.policy.installed = &installed;
	f.policy.installed_count = 1;
	fixture_seal(&f);
}

#define BREAK(name, statement)         \
	static void break_##name(void) \
	{                              \
		statement;             \
	}
BREAK(key_partition, f.key.partition_count = 1)
BREAK(role, f.policy.role_uuid[15] ^= 1)
BREAK(product, f.policy.product_uuid[0] ^= 0x80)
BREAK(product_nil, memset(f.policy.product_uuid, 0, 16))
BREAK(hardware_low, f.policy.hardware_revision = 1)
BREAK(hardware_high, f.policy.hardware_revision = 5)
BREAK(abi_low, f.policy.abi_version = 0)
BREAK(abi_high, f.policy.abi_version = 4)
BREAK(floor, f.policy.security_version_floor = 8)
BREAK(dependency_missing, dependency_set(0, 0); f.policy.installed_count = 0)
BREAK(dependency_old, dependency_set(9, 0))
BREAK(dependency_insecure, dependency_set(0, 6))

/* KEY_ROLE is not here: a build decides it when it is linked, see test_release. */
static const struct breakage breakages[] = {
	{ IMAGE_ERROR_KEY_PARTITION, break_key_partition },
	{ IMAGE_ERROR_ROLE, break_role },
	{ IMAGE_ERROR_PRODUCT, break_product },
	{ IMAGE_ERROR_PRODUCT, break_product_nil },
	{ IMAGE_ERROR_HARDWARE, break_hardware_low },
	{ IMAGE_ERROR_HARDWARE, break_hardware_high },
	{ IMAGE_ERROR_ABI, break_abi_low },
	{ IMAGE_ERROR_ABI, break_abi_high },
	{ IMAGE_ERROR_SECURITY_VERSION, break_floor },
	{ IMAGE_ERROR_DEPENDENCY, break_dependency_missing },
	{ IMAGE_ERROR_DEPENDENCY, break_dependency_old },
	{ IMAGE_ERROR_DEPENDENCY, break_dependency_insecure },
};

#define BREAKAGE_COUNT (sizeof(breakages) / sizeof(breakages[0]))

static void every_row_names_itself(void **state)
{
	for (size_t i = 0; i < BREAKAGE_COUNT; i++) {
		close_fixture(state);
		open_fixture(state);
		breakages[i].change();
		assert_error(fixture_verify(&f), breakages[i].error);
		assert_true(f.result.is_authentic);
		assert_false(f.result.is_manifest_accepted);
	}
}

#define VERIFY_CHECK(name, holds, sentence) IMAGE_ERROR_##name,
static const enum image_error rows[] = {
#include "image/verify.def"
};

static void no_row_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t j = 0;

		while (j < BREAKAGE_COUNT && breakages[j].error != rows[i])
			j++;
		if (j == BREAKAGE_COUNT && rows[i] != IMAGE_ERROR_KEY_ROLE)
			fail_msg("%s has no breakage", image_error_name(rows[i]));
	}
}

static void limits_pass(void **state)
{
	(void)state;
	f.policy.hardware_revision = 2;
	f.policy.abi_version = 1;
	assert_error(fixture_verify(&f), IMAGE_OK);
	f.policy.hardware_revision = 4;
	f.policy.abi_version = 3;
	assert_error(fixture_verify(&f), IMAGE_OK);
	dependency_set(8, 5);
	assert_error(fixture_verify(&f), IMAGE_OK);
	f.key.partition_count = 1;
	memcpy(f.key.partitions[0], f.manifest.role_uuid, UUID_BYTES);
	assert_error(fixture_verify(&f), IMAGE_OK);
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
	assert_error(image_load_payload(&f.source, copy, &f.result, NULL),
		     IMAGE_ERROR_PAYLOAD_ALTERED);
	f.bytes[IMAGE_PAYLOAD_OFFSET] ^= 1;
	assert_error(image_load_payload(&f.source, copy, &f.result, NULL),
		     IMAGE_ERROR_PAYLOAD_ALTERED);
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

static const struct image_source disk = {
	.size = FIXTURE_TREE_IMAGE_BYTES, .is_slot = true, .read = disk_read, .context = &f
};

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
	static const uint64_t limits[] = { 0, MANIFEST_BYTES_TOTAL, IMAGE_PAYLOAD_OFFSET,
					   IMAGE_PAYLOAD_OFFSET + 4096, FIXTURE_TREE_OFFSET };

	(void)state;
	fixture_add_tree(&f, HASH_SHA256);
	f.source = disk;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		unreadable = limits[i];
		assert_error(fixture_verify(&f), IMAGE_ERROR_UNREADABLE);
	}
}

static void every_tree_is_accepted(void **state)
{
	(void)state;
	for (uint16_t algorithm = HASH_SHA256; algorithm <= HASH_SHA512; algorithm++) {
		fixture_add_tree(&f, algorithm);
		assert_error(fixture_verify(&f), IMAGE_OK);
		assert_error(image_verify_manifest(&f.source, &f.policy, &f.result), IMAGE_OK);
		assert_error(image_verify_whole(&f.source, &f.result, NULL), IMAGE_OK);
	}
}

/* With a tree, too, each byte of the image has one value only. */
static void flips_under_a_tree_are_refused(void **state)
{
	(void)state;
	fixture_add_tree(&f, HASH_SHA256);
	assert_error(verify_with_flip(IMAGE_PAYLOAD_OFFSET - 1, 0), IMAGE_ERROR_PADDING);
	for (size_t bit = 0; bit < 8 * FIXTURE_PAYLOAD_BYTES; bit += 997)
		assert_error(verify_with_flip(IMAGE_PAYLOAD_OFFSET + bit / 8, bit % 8),
			     IMAGE_ERROR_PAYLOAD_ALTERED);
	for (size_t at = FIXTURE_IMAGE_BYTES; at < FIXTURE_TREE_OFFSET; at += 101)
		assert_error(verify_with_flip(at, at % 8), IMAGE_ERROR_PADDING);
	for (size_t bit = 0; bit < 8 * 4096; bit += 61)
		assert_error(verify_with_flip(FIXTURE_TREE_OFFSET + bit / 8, bit % 8),
			     IMAGE_ERROR_TREE_ALTERED);
}

/* A wrong root hash cannot be made up for by the payload's digest: there is none. */
static void tree_cannot_be_switched_off(void **state)
{
	(void)state;
	fixture_add_tree(&f, HASH_SHA256);
	f.manifest.root_hash[0] ^= 1;
	assert_error(manifest_write(&f.manifest, f.bytes), IMAGE_OK);
	fixture_sign(&f);
	assert_error(fixture_verify(&f), IMAGE_ERROR_TREE_ALTERED);
	memset(f.manifest.payload_digest, 1, 32);
	assert_error(manifest_write(&f.manifest, f.bytes), IMAGE_ERROR_MANIFEST_PAYLOAD_DIGEST);
	fixture_sign(&f);
	assert_error(fixture_verify(&f), IMAGE_ERROR_MANIFEST_PAYLOAD_DIGEST);
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
		VERIFY_TEST(flipped_signed_bits_are_refused),
		VERIFY_TEST(flipped_signature_bits_are_refused),
		VERIFY_TEST(flipped_padding_is_refused),
		VERIFY_TEST(flipped_payload_bits_are_refused),
		VERIFY_TEST(truncation_is_refused),
		VERIFY_TEST(trailing_bytes_only_in_slots),
		VERIFY_TEST(sizes_beyond_the_image_are_refused),
		VERIFY_TEST(unsigned_image_is_refused),
		VERIFY_TEST(other_keys_are_refused),
		VERIFY_TEST(more_signatures),
		VERIFY_TEST(algorithm_comes_from_the_key),
		VERIFY_TEST(unsound_keyring_trusts_nobody),
		VERIFY_TEST(every_row_names_itself),
		VERIFY_TEST(no_row_is_left_out),
		VERIFY_TEST(limits_pass),
		VERIFY_TEST(payload_needs_an_accepted_manifest),
		VERIFY_TEST(refusal_is_final),
		VERIFY_TEST(slot_is_read_where_it_lies),
		VERIFY_TEST(unreadable_slot_is_refused),
		VERIFY_TEST(every_tree_is_accepted),
		VERIFY_TEST(flips_under_a_tree_are_refused),
		VERIFY_TEST(tree_cannot_be_switched_off),
		VERIFY_TEST(manifest_is_read_once),
		VERIFY_TEST(progress_reaches_the_end),
		VERIFY_TEST(bad_parts_are_refused_after_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
