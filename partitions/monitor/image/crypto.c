/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-2 and verification of signatures on mbedtls. The only user of mbedtls on the box, the only allocator.
 * Manuals: FIPS 180-4 (SHA-2), FIPS 186-5 section 6.4.2 "ECDSA Signature Verification Algorithm".
 */
#include "image/crypto.h"

#include <assert.h>
#include <string.h>

#include "image/crypto_mbedtls.h"
#include "image/lms.h"
#include "image/sha256.h"

static_assert(sizeof(struct sha256) <= sizeof(((struct crypto_hash *)0)->context),
	      "context is too small");
static_assert(sizeof(mbedtls_sha512_context) <= sizeof(((struct crypto_hash *)0)->context),
	      "context is too small");

struct hash_operations {
	size_t digest_bytes;
	int (*start)(void *context);
	int (*update)(void *context, const unsigned char *bytes, size_t count);
	int (*finish)(void *context, unsigned char *digest);
};

static int sha256_begin(void *context)
{
	sha256_start(context, sha256_best());
	return 0;
}

static int sha256_add(void *context, const unsigned char *bytes, size_t count)
{
	return !sha256_update(context, bytes, count);
}

static int sha256_end(void *context, unsigned char *digest)
{
	return !sha256_finish(context, digest);
}

static int sha384_start(void *context)
{
	mbedtls_sha512_init(context);
	return mbedtls_sha512_starts(context, 1);
}

static int sha512_start(void *context)
{
	mbedtls_sha512_init(context);
	return mbedtls_sha512_starts(context, 0);
}

static int sha512_update(void *context, const unsigned char *bytes, size_t count)
{
	return mbedtls_sha512_update(context, bytes, count);
}

static int sha512_finish(void *context, unsigned char *digest)
{
	int error = mbedtls_sha512_finish(context, digest);

	mbedtls_sha512_free(context);
	return error;
}

static const struct hash_operations hashes[] = {
	[HASH_SHA256] = { 32, sha256_begin, sha256_add, sha256_end },
	[HASH_SHA384] = { 48, sha384_start, sha512_update, sha512_finish },
	[HASH_SHA512] = { 64, sha512_start, sha512_update, sha512_finish },
};

static const struct {
	size_t point_bytes, signature_bytes;
	mbedtls_ecp_group_id group;
} algorithms[] = {
	[KEY_ECDSA_P256] = { 64, 64, MBEDTLS_ECP_DP_SECP256R1 },
	[KEY_ECDSA_P384] = { 96, 96, MBEDTLS_ECP_DP_SECP384R1 },
	[KEY_LMS] = { LMS_PUBLIC_BYTES, LMS_SIGNATURE_BYTES, MBEDTLS_ECP_DP_NONE },
};

#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

size_t crypto_digest_bytes(uint32_t algorithm)
{
	return algorithm < sizeof(hashes) / sizeof(hashes[0]) ? hashes[algorithm].digest_bytes : 0;
}

size_t crypto_point_bytes(uint32_t algorithm)
{
	return algorithm < ALGORITHM_COUNT ? algorithms[algorithm].point_bytes : 0;
}

size_t crypto_signature_bytes(uint32_t algorithm)
{
	return algorithm < ALGORITHM_COUNT ? algorithms[algorithm].signature_bytes : 0;
}

bool crypto_hash_start(struct crypto_hash *hash, uint32_t algorithm)
{
	memset(hash, 0, sizeof(*hash));
	if (!crypto_digest_bytes(algorithm)) {
		hash->has_failed = 1;
		return false;
	}
	hash->algorithm = algorithm;
	hash->has_failed = hashes[algorithm].start(hash->context) != 0;
	return !hash->has_failed;
}

void crypto_hash_update(struct crypto_hash *hash, const void *bytes, size_t count)
{
	if (!hash->has_failed && count &&
	    hashes[hash->algorithm].update(hash->context, bytes, count))
		hash->has_failed = 1;
}

bool crypto_hash_finish(struct crypto_hash *hash, uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	memset(digest, 0, CRYPTO_MAX_DIGEST_BYTES);
	if (hash->has_failed || hashes[hash->algorithm].finish(hash->context, digest)) {
		memset(digest, 0, CRYPTO_MAX_DIGEST_BYTES);
		hash->has_failed = 1;
	}
	return !hash->has_failed;
}

/*
 * Reads X || Y into a point of the group and proves that it is one. Not by the library's reader of encoded points: that one knows
 * compressed ones, too, which would be code for square roots that nothing else needs.
 */
static bool point_load(mbedtls_ecp_group *group, mbedtls_ecp_point *point, const uint8_t *bytes,
		       size_t count)
{
	return mbedtls_mpi_read_binary(&point->MBEDTLS_PRIVATE(X), bytes, count / 2) == 0 &&
	       mbedtls_mpi_read_binary(&point->MBEDTLS_PRIVATE(Y), bytes + count / 2, count / 2) == 0 &&
	       mbedtls_mpi_lset(&point->MBEDTLS_PRIVATE(Z), 1) == 0 && mbedtls_ecp_check_pubkey(group, point) == 0;
}

bool crypto_point_is_valid(uint32_t algorithm, const uint8_t *point)
{
	size_t count = crypto_point_bytes(algorithm);
	mbedtls_ecp_group group;
	mbedtls_ecp_point q;
	bool is_valid;

	if (!count)
		return false;
	if (algorithm == KEY_LMS)
		return lms_public_is_known(point);
	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	is_valid = mbedtls_ecp_group_load(&group, algorithms[algorithm].group) == 0 &&
		   point_load(&group, &q, point, count);
	mbedtls_ecp_point_free(&q);
	mbedtls_ecp_group_free(&group);
	return is_valid;
}

/* mbedtls refuses r and s outside [1, n-1] itself; the unit tests hold it to that. */
static bool ecdsa_verify(mbedtls_ecp_group *group, const mbedtls_ecp_point *q,
			 const struct crypto_signed *what, size_t half)
{
	mbedtls_mpi r, s;
	bool is_valid;

	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	is_valid = mbedtls_mpi_read_binary(&r, what->signature, half) == 0 &&
		   mbedtls_mpi_read_binary(&s, what->signature + half, half) == 0 &&
		   mbedtls_ecdsa_verify(group, what->digest, what->digest_bytes, q, &r, &s) == 0;
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	return is_valid;
}

bool crypto_signature_is_valid(uint32_t algorithm, const uint8_t *point,
			       const struct crypto_signed *what)
{
	size_t count = crypto_point_bytes(algorithm);
	mbedtls_ecp_group group;
	mbedtls_ecp_point q;
	bool is_valid;

	if (!count)
		return false;
	if (algorithm == KEY_LMS)
		return lms_verify(point, what->digest, what->digest_bytes, what->signature);
	mbedtls_ecp_group_init(&group);
	mbedtls_ecp_point_init(&q);
	is_valid = mbedtls_ecp_group_load(&group, algorithms[algorithm].group) == 0 &&
		   point_load(&group, &q, point, count) &&
		   ecdsa_verify(&group, &q, what, count / 2);
	mbedtls_ecp_point_free(&q);
	mbedtls_ecp_group_free(&group);
	return is_valid;
}

bool crypto_equal(const void *a, const void *b, size_t count)
{
	const volatile uint8_t *left = a, *right = b;
	uint8_t difference = 0;

	while (count--)
		difference |= *left++ ^ *right++;
	return difference == 0;
}

bool crypto_stretch(const struct crypto_secret *secret, uint8_t *key, size_t bytes)
{
	return secret->iterations && bytes <= UINT32_MAX &&
	       !mbedtls_pkcs5_pbkdf2_hmac_ext(MBEDTLS_MD_SHA256, (const unsigned char *)secret->text,
					      secret->bytes, secret->salt, secret->salt_bytes,
					      secret->iterations, (uint32_t)bytes, key);
}
