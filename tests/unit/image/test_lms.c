/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMS: our verification against mbedtls's, which is another implementation of RFC 8554, on good signatures and on altered ones; images that need
 * such a second signature. A public key is made around one leaf and a path drawn at random: a whole tree takes seconds.
 */
#include "fixture.h"

#include <mbedtls/lms.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/lms.h"
#include "lms_private.h"

static struct lms_private key;
static uint8_t public_key[LMS_PUBLIC_BYTES], signature[LMS_SIGNATURE_BYTES];

/* Signs as lms_private.c does, with a path that is no tree's; the root is what it leads to. */
static void sign(uint32_t leaf, const uint8_t digest[48])
{
	const struct lms_place place = { key.id, leaf };
	uint8_t digits[LMS_CHAINS], ends[LMS_CHAINS * LMS_HASH_BYTES], node[LMS_HASH_BYTES];

	memset(signature, 0, sizeof(signature));
	signature[2] = (uint8_t)(leaf >> 8);
	signature[3] = (uint8_t)leaf;
	signature[7] = LMS_OTS_TYPE;
	signature[LMS_AT_TYPE + 3] = LMS_TYPE;
	for (size_t i = 0; i < LMS_HASH_BYTES; i++)
		signature[LMS_AT_RANDOMIZER + i] = (uint8_t)rand();
	for (size_t i = LMS_AT_PATH; i < LMS_SIGNATURE_BYTES; i++)
		signature[i] = (uint8_t)rand();
	assert_true(lms_message_digits(&place, signature + LMS_AT_RANDOMIZER, digest, 48, digits));
	for (uint32_t i = 0; i < LMS_CHAINS; i++) {
		uint8_t *value = signature + LMS_AT_CHAINS + i * LMS_HASH_BYTES, *end = ends + i * LMS_HASH_BYTES;

		for (size_t j = 0; j < LMS_HASH_BYTES; j++)
			value[j] = (uint8_t)rand();
		memcpy(end, value, LMS_HASH_BYTES);
		assert_true(lms_chain(&place, i, digits[i], LMS_CHAIN_LAST, end));
	}
	assert_true(lms_leaf(&place, ends, node));
	const uint8_t *sibling = signature + LMS_AT_PATH;
	for (uint32_t number = LMS_LEAVES + leaf; number > 1; number /= 2, sibling += LMS_HASH_BYTES)
		assert_true(lms_node(key.id, number / 2, number % 2 ? sibling : node, number % 2 ? node : sibling, node));
	memcpy(key.root, node, sizeof(node));
	lms_private_public(&key, public_key);
}

static bool oracle(const uint8_t *digest)
{
	mbedtls_lms_public_t context;
	bool is_valid;

	mbedtls_lms_public_init(&context);
	is_valid = !mbedtls_lms_import_public_key(&context, public_key, sizeof(public_key)) &&
		   !mbedtls_lms_verify(&context, digest, 48, signature, sizeof(signature));
	mbedtls_lms_public_free(&context);
	return is_valid;
}

static void another_implementation_agrees(void **state)
{
	static const uint32_t leaves[] = { 0, 1, 2, 511, 512, 1022, 1023 };
	uint8_t digest[48] = { 0 };

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		digest[5]++;
		sign(leaves[i], digest);
		assert_true(oracle(digest));
		assert_true(lms_verify(public_key, digest, 48, signature));
		digest[47] ^= 1;
		assert_false(oracle(digest));
		assert_false(lms_verify(public_key, digest, 48, signature));
	}
}

/* Every field's first, middle and last bytes, each bit; and each byte of a sample. */
static void every_altered_signature_is_refused(void **state)
{
	const uint8_t digest[48] = { 9 };

	sign(300, digest);
	for (size_t at = 0; at < LMS_SIGNATURE_BYTES; at += at < 40 || at > 1120 ? 1 : 37) {
		signature[at] ^= (uint8_t)(1 << at % 8);
		assert_false(lms_verify(public_key, digest, 48, signature));
		assert_false(oracle(digest));
		signature[at] ^= (uint8_t)(1 << at % 8);
	}
	for (size_t at = 0; at < LMS_PUBLIC_BYTES; at++) {
		public_key[at] ^= 0x80;
		assert_false(lms_verify(public_key, digest, 48, signature));
		public_key[at] ^= 0x80;
	}
	assert_true(lms_verify(public_key, digest, 48, signature));
}

/* A leaf number above the tree, other parameter sets, all zeros, all ones. */
static void degenerate_signatures(void **state)
{
	const uint8_t digest[48] = { 1 };
	static const uint8_t leaves[][4] = { { 0, 0, 4, 0 }, { 0, 1, 0, 0 }, { 0x80, 0, 0, 0 }, { 0xFF, 0xFF, 0xFF, 0xFF } };

	sign(0, digest);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		memcpy(signature, leaves[i], 4);
		assert_false(lms_verify(public_key, digest, 48, signature));
	}
	memset(signature, 0, sizeof(signature));
	assert_false(lms_verify(public_key, digest, 48, signature));
	memset(signature, 0xFF, sizeof(signature));
	assert_false(lms_verify(public_key, digest, 48, signature));
	public_key[3] = 5; /* height 5 */
	assert_false(crypto_point_is_valid(KEY_LMS, public_key));
	public_key[3] = LMS_TYPE;
	public_key[7] = 3; /* Winternitz parameter 4 */
	assert_false(crypto_point_is_valid(KEY_LMS, public_key));
}

/* A box whose keyring asks for both kinds of signature. */
static void the_second_signature(void **state)
{
	static struct fixture f;
	struct trusted_key keys[2];
	struct signatures both;
	uint8_t area[SIGNATURE_AREA_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES];

	fixture_open(&f);
	keys[0] = f.key;
	f.keyring.keys = keys;
	f.keyring.needs_hash_based = true;
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_SECOND);
	assert_true(signature_digest(f.bytes, digest));
	sign(77, digest);
	keys[1] = (struct trusted_key){ .algorithm = KEY_LMS, .role = KEY_RELEASE };
	memcpy(keys[1].point, public_key, sizeof(public_key));
	assert_true(trusted_key_id(KEY_LMS, public_key, keys[1].key_id));
	f.keyring.count = 2;
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_SECOND);
	memcpy(area, f.bytes + SIGNATURE_AREA_OFFSET, sizeof(area));
	assert_error(signatures_parse(area, &both), IMAGE_OK);
	both.entries[both.count++] = (struct signature){ .algorithm = KEY_LMS, .length = sizeof(signature), .bytes = signature };
	memcpy(both.entries[1].key_id, keys[1].key_id, KEY_ID_BYTES);
	signatures_write(&both, f.bytes + SIGNATURE_AREA_OFFSET);
	assert_error(fixture_verify(&f), IMAGE_OK);
	keys[1].partition_count = 1; /* a signature that may not speak for this partition does not count */
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_SECOND);
	keys[1].partition_count = 0;
	signatures_write(&(struct signatures){ .count = 1, .entries = { both.entries[1] } }, f.bytes + SIGNATURE_AREA_OFFSET);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_SECOND);
	f.keyring.needs_hash_based = false;
	assert_error(fixture_verify(&f), IMAGE_OK);
	fixture_close(&f);
}

static void key_files(void **state)
{
	char text[LMS_KEY_TEXT_BYTES], name[4096];
	struct lms_private back;
	uint32_t leaf = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/lms-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(name);

	key.next = LMS_LEAVES - 1;
	lms_private_format(&key, text);
	assert_true(lms_private_parse(text, &back));
	assert_memory_equal(&back, &key, sizeof(key));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lms_private_take(name, &leaf), EXIT_OK);
	assert_int_equal(leaf, LMS_LEAVES - 1);
	assert_int_equal(lms_private_take(name, &leaf), EXIT_REFUSED);
	for (size_t length = 0; length < strlen(text); length++) {
		char cut[LMS_KEY_TEXT_BYTES] = "";

		memcpy(cut, text, length);
		assert_false(lms_private_parse(cut, &back));
	}
	text[strlen(text) - 2] = '9'; /* 1029 */
	text[strlen(text) - 5] = '1';
	assert_false(lms_private_parse(text, &back));
	close(fd);
	unlink(name);
}

static int start(void **state)
{
	srand(1);
	for (size_t i = 0; i < sizeof(key.id); i++)
		key.id[i] = (uint8_t)rand();
	return psa_crypto_init() != PSA_SUCCESS;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_implementation_agrees),
		cmocka_unit_test(every_altered_signature_is_refused),
		cmocka_unit_test(degenerate_signatures),
		cmocka_unit_test(the_second_signature),
		cmocka_unit_test(key_files),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
