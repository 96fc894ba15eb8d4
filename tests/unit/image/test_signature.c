/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature area: what is written reads back, everything else is refused with its reason.
 */
#include "fixture.h"

#include <string.h>

#include "image/bytes.h"

static uint8_t area[SIGNATURE_AREA_BYTES];
static struct signatures parsed;

/* `count` signatures of different keys and lengths 64, 96, 64, 96. */
static void area_fill(size_t count)
{
	static uint8_t bytes[96];
	struct signatures s = { .count = count };

	memset(bytes, 0xEE, sizeof(bytes));
	for (size_t i = 0; i < count; i++) {
		s.entries[i].algorithm = i % 2 ? KEY_ECDSA_P384 : KEY_ECDSA_P256;
		s.entries[i].length = i % 2 ? 96 : 64;
		s.entries[i].bytes = bytes;
		memset(s.entries[i].key_id, (int)i + 1, KEY_ID_BYTES);
	}
	signatures_write(&s, area);
}

static void one_to_four_read_back(void **state)
{
	(void)state;
	for (size_t count = 1; count <= SIGNATURE_MAX_COUNT; count++) {
		area_fill(count);
		assert_error(signatures_parse(area, &parsed), IMAGE_OK);
		assert_int_equal(parsed.count, count);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(parsed.entries[i].length, i % 2 ? 96 : 64);
			assert_int_equal(parsed.entries[i].key_id[31], i + 1);
			assert_int_equal(parsed.entries[i].bytes[0], 0xEE);
		}
	}
}

static void none_is_unsigned(void **state)
{
	(void)state;
	area_fill(0);
	assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_UNSIGNED);
	area[SIGNATURE_AREA_BYTES - 1] = 1;
	assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_LAYOUT);
}

static void counts_are_bounded(void **state)
{
	static const uint32_t counts[] = { 5, 6, 0x100, 0x80000001u, UINT32_MAX };

	(void)state;
	area_fill(4);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		bytes_put32(area, counts[i]);
		assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_COUNT);
	}
	bytes_put32(area, 3); /* the fourth is then behind the end */
	assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_LAYOUT);
}

static void lengths_are_bounded(void **state)
{
	static const uint32_t lengths[] = {
		0,
		63,
		SIGNATURE_AREA_BYTES - 44 + 1,
		SIGNATURE_AREA_BYTES,
		0x80000000u,
		UINT32_MAX,
		UINT32_MAX - 43,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		area_fill(1);
		bytes_put32(area + 4 + 36, lengths[i]);
		assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_LAYOUT);
	}
	area_fill(1);
	bytes_put32(area + 4 + 36, SIGNATURE_AREA_BYTES - 44); /* up to the last byte */
	assert_error(signatures_parse(area, &parsed), IMAGE_OK);
	bytes_put32(area, 2); /* no room for another */
	assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_LAYOUT);
	bytes_put32(area + 4 + 36, SIGNATURE_AREA_BYTES - 44 - 39);
	assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_LAYOUT);
}

static void every_byte_behind_is_zero(void **state)
{
	(void)state;
	area_fill(1);
	for (size_t i = 4 + 40 + 64; i < SIGNATURE_AREA_BYTES; i++) {
		area[i] = 0x80;
		assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_LAYOUT);
		area[i] = 0;
	}
	assert_error(signatures_parse(area, &parsed), IMAGE_OK);
}

static void a_key_signs_once(void **state)
{
	(void)state;
	area_fill(2);
	memset(area + 4 + 40 + 64 + 4, 1, KEY_ID_BYTES);
	assert_error(signatures_parse(area, &parsed), IMAGE_ERROR_SIGNATURE_TWICE);
}

/* Every bit of the 4096 reaches the part of the digest that P-256 takes, and so does the domain. */
static void digest_covers_every_bit(void **state)
{
	static uint8_t manifest[MANIFEST_SIGNED_BYTES];
	uint8_t plain[CRYPTO_MAX_DIGEST_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES];
	struct crypto_hash hash;

	(void)state;
	assert_true(signature_digest(manifest, plain));
	for (size_t bit = 0; bit < 8 * sizeof(manifest); bit++) {
		manifest[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_true(signature_digest(manifest, digest));
		assert_memory_not_equal(plain, digest, 32);
		manifest[bit / 8] = 0;
	}
	crypto_hash_start(&hash, HASH_SHA384);
	crypto_hash_update(&hash, manifest, sizeof(manifest));
	assert_true(crypto_hash_finish(&hash, digest));
	assert_memory_not_equal(plain, digest, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_to_four_read_back),     cmocka_unit_test(none_is_unsigned),
		cmocka_unit_test(counts_are_bounded),        cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(every_byte_behind_is_zero), cmocka_unit_test(a_key_signs_once),
		cmocka_unit_test(digest_covers_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
