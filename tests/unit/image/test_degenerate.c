/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Project Wycheproof's ECDSA vectors look for, made here: special values of r and s in all combinations, keys that are the generator or its
 * negative (additions of a point to itself), digests that are zero, the order, or all ones, and points that only look like keys.
 */
#include "fixture.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <string.h>

static const uint32_t algorithms[] = { KEY_ECDSA_P256, KEY_ECDSA_P384 };

struct curve {
	uint32_t algorithm;
	size_t half;
	mbedtls_ecp_group group;
};

static void curve_open(struct curve *c, size_t i)
{
	c->algorithm = algorithms[i];
	c->half = crypto_point_bytes(algorithms[i]) / 2;
	mbedtls_ecp_group_init(&c->group);
	assert_int_equal(mbedtls_ecp_group_load(&c->group, i ? MBEDTLS_ECP_DP_SECP384R1 : MBEDTLS_ECP_DP_SECP256R1), 0);
}

#define FOR_EACH_CURVE(c) \
	for (size_t curve_ = 0; curve_ < 2 && (curve_open(&(c), curve_), true); mbedtls_ecp_group_free(&(c).group), curve_++)

/* The key with this number as its secret; negative: counted from the order. */
static void key_of(struct curve *c, int secret, struct private_key *key)
{
	uint8_t sec1[1 + CRYPTO_MAX_POINT_BYTES];
	mbedtls_ecp_point q;
	mbedtls_mpi d;
	size_t count;

	memset(key, 0, sizeof(*key));
	mbedtls_ecp_point_init(&q);
	mbedtls_mpi_init(&d);
	assert_int_equal(mbedtls_mpi_lset(&d, secret), 0);
	if (secret < 0)
		assert_int_equal(mbedtls_mpi_add_mpi(&d, &d, &c->group.N), 0);
	assert_int_equal(mbedtls_ecp_copy(&q, &c->group.G), 0);
	if (secret < 0) /* only -1 is asked for: the generator's negative */
		assert_int_equal(mbedtls_mpi_sub_mpi(&q.MBEDTLS_PRIVATE(Y), &c->group.P, &q.MBEDTLS_PRIVATE(Y)), 0);
	assert_int_equal(mbedtls_ecp_point_write_binary(&c->group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &count, sec1, sizeof(sec1)), 0);
	assert_int_equal(mbedtls_mpi_write_binary(&d, key->secret, c->half), 0);
	key->public.algorithm = c->algorithm;
	memcpy(key->public.point, sec1 + 1, 2 * c->half);
	mbedtls_mpi_free(&d);
	mbedtls_ecp_point_free(&q);
}

static bool is_valid(const struct private_key *key, const uint8_t digest[48], const uint8_t *signature)
{
	const struct crypto_signed what = { digest, 48, signature };

	return crypto_signature_is_valid(key->public.algorithm, key->public.point, &what);
}

static void keys_that_are_the_generator(void **state)
{
	uint8_t digest[48] = { 0x42 }, signature[CRYPTO_MAX_SIGNATURE_BYTES];
	struct private_key key;
	struct curve c;

	FOR_EACH_CURVE(c)
	{
		for (int secret = -1; secret <= 1; secret += 2) {
			key_of(&c, secret, &key);
			assert_true(crypto_point_is_valid(c.algorithm, key.public.point));
			assert_int_equal(private_key_sign(&key, digest, signature), EXIT_OK);
			assert_true(is_valid(&key, digest, signature));
			digest[47 - curve_ * 10 - 20] ^= 1;
			assert_false(is_valid(&key, digest, signature));
		}
	}
}

/* Whatever a digest is, it is one: zero, the order and more are reduced, and only its own signature is right. */
static void special_digests(void **state)
{
	uint8_t digests[4][48] = { { 0 }, { 0 }, { 0 }, { 0 } }, signature[CRYPTO_MAX_SIGNATURE_BYTES];
	struct private_key key;
	struct trusted_key public;
	struct curve c;

	memset(digests[1], 0xFF, 48);
	FOR_EACH_CURVE(c)
	{
		fixture_key(c.algorithm, KEY_DEV, &key, &public);
		assert_int_equal(mbedtls_mpi_write_binary(&c.group.N, digests[2], c.half), 0);
		assert_int_equal(mbedtls_mpi_write_binary(&c.group.P, digests[3], c.half), 0);
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(private_key_sign(&key, digests[i], signature), EXIT_OK);
			assert_true(is_valid(&key, digests[i], signature));
			assert_false(is_valid(&key, digests[(i + 1) % 4], signature));
			/* zero and the order are the same number: nobody finds a second digest that is, other than by chance */
			assert_int_equal(is_valid(&key, digests[0], signature), i == 0 || i == 2);
		}
	}
}

/* 0, 1, 2, n-2 .. n+2, p, 2^k, all ones, for r and for s: no combination signs anything. */
static void special_values_of_r_and_s(void **state)
{
	uint8_t values[16][CRYPTO_MAX_POINT_BYTES / 2], signature[CRYPTO_MAX_SIGNATURE_BYTES];
	const uint8_t digest[48] = { 7 };
	struct private_key key;
	struct trusted_key public;
	struct curve c;
	mbedtls_mpi v;

	mbedtls_mpi_init(&v);
	FOR_EACH_CURVE(c)
	{
		size_t count = 0;

		memset(values, 0, sizeof(values));
		for (int i = 0; i < 3; i++)
			values[count++][c.half - 1] = (uint8_t)i;
		for (int i = -2; i <= 2; i++) {
			assert_int_equal(mbedtls_mpi_add_int(&v, &c.group.N, i), 0);
			assert_int_equal(mbedtls_mpi_write_binary(&v, values[count++], c.half), 0);
		}
		assert_int_equal(mbedtls_mpi_write_binary(&c.group.P, values[count++], c.half), 0);
		values[count++][0] = 0x80;
		memset(values[count++], 0xFF, c.half);
		fixture_key(c.algorithm, KEY_DEV, &key, &public);
		for (size_t r = 0; r < count; r++)
			for (size_t s = 0; s < count; s++) {
				memcpy(signature, values[r], c.half);
				memcpy(signature + c.half, values[s], c.half);
				assert_false(is_valid(&key, digest, signature));
			}
	}
	mbedtls_mpi_free(&v);
}

/* A valid r or s with the order added, where it still fits: the same number, not the same bytes. */
static void numbers_that_are_not_reduced(void **state)
{
	uint8_t digest[48] = { 0 }, signature[CRYPTO_MAX_SIGNATURE_BYTES], changed[CRYPTO_MAX_SIGNATURE_BYTES];
	struct private_key key;
	struct trusted_key public;
	struct curve c;
	mbedtls_mpi v;

	mbedtls_mpi_init(&v);
	FOR_EACH_CURVE(c)
	{
		fixture_key(c.algorithm, KEY_DEV, &key, &public);
		for (int half = 0; half < 2; half++) {
			assert_int_equal(private_key_sign(&key, digest, signature), EXIT_OK);
			memcpy(changed, signature, sizeof(changed));
			assert_int_equal(mbedtls_mpi_read_binary(&v, signature + half * c.half, c.half), 0);
			assert_int_equal(mbedtls_mpi_add_mpi(&v, &v, &c.group.N), 0);
			if (mbedtls_mpi_size(&v) <= c.half) {
				assert_int_equal(mbedtls_mpi_write_binary(&v, changed + half * c.half, c.half), 0);
				assert_false(is_valid(&key, digest, changed));
			}
			/* r and s exchanged, r doubled */
			memcpy(changed, signature + c.half, c.half);
			memcpy(changed + c.half, signature, c.half);
			assert_false(is_valid(&key, digest, changed));
			digest[1]++;
		}
	}
	mbedtls_mpi_free(&v);
}

static void points_that_are_no_keys(void **state)
{
	uint8_t point[CRYPTO_MAX_POINT_BYTES];
	struct private_key key;
	struct curve c;

	FOR_EACH_CURVE(c)
	{
		key_of(&c, 1, &key);
		memset(point, 0, sizeof(point));
		assert_false(crypto_point_is_valid(c.algorithm, point)); /* infinity, as some write it */
		memset(point, 0xFF, sizeof(point));
		assert_false(crypto_point_is_valid(c.algorithm, point));
		memcpy(point, key.public.point, sizeof(point));
		point[2 * c.half - 1] ^= 1;
		assert_false(crypto_point_is_valid(c.algorithm, point));
		memcpy(point, key.public.point + c.half, c.half); /* X and Y exchanged */
		memcpy(point + c.half, key.public.point, c.half);
		assert_false(crypto_point_is_valid(c.algorithm, point));
		assert_int_equal(mbedtls_mpi_write_binary(&c.group.P, point, c.half), 0); /* X = p is not 0 */
		assert_false(crypto_point_is_valid(c.algorithm, point));
	}
	curve_open(&c, 0); /* a point of one curve is none of the other */
	key_of(&c, 1, &key);
	assert_false(crypto_point_is_valid(KEY_ECDSA_P384, key.public.point));
	mbedtls_ecp_group_free(&c.group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_that_are_the_generator), cmocka_unit_test(special_digests),
		cmocka_unit_test(special_values_of_r_and_s),   cmocka_unit_test(numbers_that_are_not_reduced),
		cmocka_unit_test(points_that_are_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
