/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ten cryptographic functions against published vectors (FIPS 180-4 examples, RFC 6979 appendix
 * A.2.5 and A.2.6) and against degenerate signatures and points.
 */
#include "fixture.h"

#include <string.h>

#include "text.h"

static void hash_of(uint32_t algorithm, const char *text, char *hex)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct crypto_hash hash;

	assert_true(crypto_hash_start(&hash, algorithm));
	for (size_t i = 0; i < strlen(text); i++)
		crypto_hash_update(&hash, text + i, 1);
	crypto_hash_update(&hash, NULL, 0);
	assert_true(crypto_hash_finish(&hash, digest));
	text_hex(digest, crypto_digest_bytes(algorithm), hex);
	for (size_t i = crypto_digest_bytes(algorithm); i < sizeof(digest); i++)
		assert_int_equal(digest[i], 0);
}

static void hashes_match_the_standard(void **state)
{
	char hex[129];

	(void)state;
	hash_of(HASH_SHA256, "abc", hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash_of(HASH_SHA384, "abc", hex);
	assert_string_equal(hex, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
				 "8086072ba1e7cc2358baeca134c825a7");
	hash_of(HASH_SHA512, "abc", hex);
	assert_string_equal(hex,
			    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void unknown_hashes_fail_closed(void **state)
{
	static const uint32_t unknown[] = { 0, 4, 255, 0x80000000u, UINT32_MAX };
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct crypto_hash hash;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(crypto_digest_bytes(unknown[i]), 0);
		assert_false(crypto_hash_start(&hash, unknown[i]));
		crypto_hash_update(&hash, "x", 1);
		memset(digest, 1, sizeof(digest));
		assert_false(crypto_hash_finish(&hash, digest));
		assert_int_equal(digest[0], 0);
	}
}

/* Public points and signatures of "sample" with SHA-384. */
static const struct vector {
	uint32_t algorithm;
	const char *point;
	const char *signature;
	const char *order; /* n of the curve */
} vectors[] = {
	{ KEY_ECDSA_P256,
	  "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	  "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	  "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719"
	  "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551" },
	{ KEY_ECDSA_P384,
	  "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
	  "def8f0ea9055866064a254515480bc13"
	  "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
	  "288b231c3ae0d4fe7344fd2533264720",
	  "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
	  "81a648152e44acf96e36dd1e80fabe46"
	  "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
	  "a329c145786e679e7b82c71a38628ac8",
	  "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
	  "581a0db248b0a77aecec196accc52973" },
};

struct scene {
	const struct vector *vector;
	size_t bytes; /* of point and signature */
	uint8_t point[CRYPTO_MAX_POINT_BYTES];
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES];
	uint8_t order[CRYPTO_MAX_POINT_BYTES / 2];
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
};

static void scene_open(struct scene *s, const struct vector *vector)
{
	struct crypto_hash hash;

	s->vector = vector;
	s->bytes = crypto_point_bytes(vector->algorithm);
	assert_true(text_hex_parse(vector->point, s->point, s->bytes));
	assert_true(text_hex_parse(vector->signature, s->signature, s->bytes));
	assert_true(text_hex_parse(vector->order, s->order, s->bytes / 2));
	crypto_hash_start(&hash, HASH_SHA384);
	crypto_hash_update(&hash, "sample", 6);
	assert_true(crypto_hash_finish(&hash, s->digest));
}

static bool scene_verify(const struct scene *s)
{
	struct crypto_signed what = { s->digest, 48, s->signature };

	return crypto_signature_is_valid(s->vector->algorithm, s->point, &what);
}

#define FOR_EACH_VECTOR(s)                                                                   \
	for (size_t vector_ = 0; vector_ < 2 && (scene_open(&(s), &vectors[vector_]), true); \
	     vector_++)

static void published_signatures_verify(void **state)
{
	struct scene s;

	(void)state;
	FOR_EACH_VECTOR(s)
	{
		assert_true(scene_verify(&s));
		s.digest[0] ^= 1;
		assert_false(scene_verify(&s));
	}
}

static void every_flipped_bit_is_refused(void **state)
{
	struct scene s;

	(void)state;
	FOR_EACH_VECTOR(s)
	{
		for (size_t bit = 0; bit < 8 * s.bytes; bit += vector_ ? 7 : 1) {
			s.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(scene_verify(&s));
			s.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* -1: 0; else n + offset. Degenerate values for r and s, alone and together. */
static void scalar_set(const struct scene *s, uint8_t *scalar, int offset)
{
	size_t half = s->bytes / 2;

	memset(scalar, 0, half);
	if (offset < 0)
		return;
	memcpy(scalar, s->order, half);
	scalar[half - 1] = (uint8_t)(scalar[half - 1] + offset);
}

static void degenerate_signatures_are_refused(void **state)
{
	struct scene s, good;

	(void)state;
	FOR_EACH_VECTOR(good)
	{
		for (int r = -2; r < 2; r++)
			for (int t = -2; t < 2; t++) {
				s = good;
				if (r == -2 && t == -2)
					continue;
				if (r > -2)
					scalar_set(&s, s.signature, r);
				if (t > -2)
					scalar_set(&s, s.signature + s.bytes / 2, t);
				assert_false(scene_verify(&s));
			}
		s = good;
		memset(s.signature, 0xFF, s.bytes);
		assert_false(scene_verify(&s));
		memset(s.signature, 0, s.bytes); /* r = s = 1 */
		s.signature[s.bytes / 2 - 1] = s.signature[s.bytes - 1] = 1;
		assert_false(scene_verify(&s));
	}
}

static void points_off_the_curve_are_refused(void **state)
{
	struct scene s, good;

	(void)state;
	FOR_EACH_VECTOR(good)
	{
		assert_true(crypto_point_is_valid(good.vector->algorithm, good.point));
		s = good;
		s.point[s.bytes - 1] ^= 1;
		assert_false(crypto_point_is_valid(s.vector->algorithm, s.point));
		assert_false(scene_verify(&s));
		memset(s.point, 0, s.bytes);
		assert_false(crypto_point_is_valid(s.vector->algorithm, s.point));
		assert_false(scene_verify(&s));
		memset(s.point, 0xFF, s.bytes);
		assert_false(crypto_point_is_valid(s.vector->algorithm, s.point));
		assert_false(scene_verify(&s));
	}
}

static void unknown_keys_fail_closed(void **state)
{
	static const uint32_t unknown[] = { 0, 4, UINT32_MAX };
	struct scene s;

	(void)state;
	scene_open(&s, &vectors[0]);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct crypto_signed what = { s.digest, 48, s.signature };

		assert_int_equal(crypto_point_bytes(unknown[i]), 0);
		assert_false(crypto_point_is_valid(unknown[i], s.point));
		assert_false(crypto_signature_is_valid(unknown[i], s.point, &what));
	}
}

static void comparison_sees_every_bit(void **state)
{
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	(void)state;
	assert_true(crypto_equal(a, b, sizeof(a)));
	assert_true(crypto_equal(a, b, 0));
	for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
		b[bit / 8] = (uint8_t)(1 << bit % 8);
		assert_false(crypto_equal(a, b, sizeof(a)));
		assert_true(crypto_equal(a, b, bit / 8));
		b[bit / 8] = 0;
	}
}

static void signing_is_deterministic(void **state)
{
	static const uint32_t algorithms[] = { KEY_ECDSA_P256, KEY_ECDSA_P384 };
	uint8_t first[CRYPTO_MAX_SIGNATURE_BYTES], second[CRYPTO_MAX_SIGNATURE_BYTES],
		digest[48] = { 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t bytes = crypto_point_bytes(algorithms[i]);
		struct private_key key;
		struct trusted_key public;

		fixture_key(algorithms[i], KEY_DEV, &key, &public);
		assert_int_equal(private_key_sign(&key, digest, first), EXIT_OK);
		assert_int_equal(private_key_sign(&key, digest, second), EXIT_OK);
		assert_memory_equal(first, second, bytes);
		digest[31] ^= 1; /* P-256 takes the first 32 bytes */
		assert_int_equal(private_key_sign(&key, digest, second), EXIT_OK);
		assert_memory_not_equal(first, second, bytes / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_match_the_standard),
		cmocka_unit_test(unknown_hashes_fail_closed),
		cmocka_unit_test(published_signatures_verify),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(degenerate_signatures_are_refused),
		cmocka_unit_test(points_off_the_curve_are_refused),
		cmocka_unit_test(unknown_keys_fail_closed),
		cmocka_unit_test(comparison_sees_every_bit),
		cmocka_unit_test(signing_is_deterministic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
