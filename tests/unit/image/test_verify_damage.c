/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is altered, truncated, too long or of impossible size is refused with its reason, with a digest and with a hash tree.
 */
#include "fixture.h"

#include <string.h>

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

		assert_error(error, bit < 64 ? IMAGE_ERROR_MANIFEST_MAGIC : IMAGE_ERROR_SIGNATURE_INVALID);
		assert_false(f.result.is_authentic);
		assert_int_equal(f.result.manifest.format_major, 0); /* nothing unsigned was decoded */
	}
}

static void flipped_signature_bits_are_refused(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * SIGNATURE_AREA_BYTES; bit++) {
		assert_int_not_equal(verify_with_flip(SIGNATURE_AREA_OFFSET + bit / 8, bit % 8), IMAGE_OK);
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
		assert_error(verify_with_flip(IMAGE_PAYLOAD_OFFSET + bit / 8, bit % 8), IMAGE_ERROR_PAYLOAD_ALTERED);
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
			assert_error(image_verify_whole(&f.source, &f.result, NULL), IMAGE_ERROR_TRUNCATED);
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
		assert_error(verify_with_flip(IMAGE_PAYLOAD_OFFSET + bit / 8, bit % 8), IMAGE_ERROR_PAYLOAD_ALTERED);
	for (size_t at = FIXTURE_IMAGE_BYTES; at < FIXTURE_TREE_OFFSET; at += 101)
		assert_error(verify_with_flip(at, at % 8), IMAGE_ERROR_PADDING);
	for (size_t bit = 0; bit < 8 * 4096; bit += 61)
		assert_error(verify_with_flip(FIXTURE_TREE_OFFSET + bit / 8, bit % 8), IMAGE_ERROR_TREE_ALTERED);
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

#define VERIFY_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(flipped_signed_bits_are_refused),
		VERIFY_TEST(flipped_signature_bits_are_refused),
		VERIFY_TEST(flipped_padding_is_refused),
		VERIFY_TEST(flipped_payload_bits_are_refused),
		VERIFY_TEST(truncation_is_refused),
		VERIFY_TEST(trailing_bytes_only_in_slots),
		VERIFY_TEST(sizes_beyond_the_image_are_refused),
		VERIFY_TEST(every_tree_is_accepted),
		VERIFY_TEST(flips_under_a_tree_are_refused),
		VERIFY_TEST(tree_cannot_be_switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
