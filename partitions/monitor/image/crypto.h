/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of the cryptography the box uses, in eleven functions. Nothing else on the box includes mbedtls.
 * Everything fails closed: a wrong argument or an exhausted heap is "no", never "yes".
 */
#ifndef IMAGE_CRYPTO_H
#define IMAGE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_MAX_DIGEST_BYTES 64
#define CRYPTO_MAX_POINT_BYTES 96       /* X || Y, big-endian, no prefix; or an LMS public key */
#define CRYPTO_MAX_SIGNATURE_BYTES 1452 /* of LMS; of ECDSA at most 96: r || s, big-endian */

/* The values are the manifest's hash_alg. */
enum hash_algorithm { HASH_SHA256 = 1, HASH_SHA384 = 2, HASH_SHA512 = 3 };

/* The values are the signature area's alg and go into key ids. */
enum key_algorithm { KEY_ECDSA_P256 = 1, KEY_ECDSA_P384 = 2, KEY_LMS = 3 };

/* A running hash; holds mbedtls's context, whose types stay inside crypto.c. */
struct crypto_hash {
	uint32_t algorithm;
	uint32_t has_failed;
	uint64_t context[32];
};

/* Gives mbedtls its static heap (box only, in crypto_heap.c). `heap` must outlive all use. */
void crypto_heap_init(void *heap, size_t bytes);

/* Bytes in a digest; 0 for an unknown algorithm. */
size_t crypto_digest_bytes(uint32_t algorithm);

/* Bytes in a public key (a point X || Y), and in a signature; 0 for an unknown algorithm. */
size_t crypto_point_bytes(uint32_t algorithm);
size_t crypto_signature_bytes(uint32_t algorithm);

/* Starts a hash. False for an algorithm that is not an enum hash_algorithm. */
bool crypto_hash_start(struct crypto_hash *hash, uint32_t algorithm);
void crypto_hash_update(struct crypto_hash *hash, const void *bytes, size_t count);

/* Ends it; the bytes of `digest` behind the digest are zeroed. False if any step failed. */
bool crypto_hash_finish(struct crypto_hash *hash, uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]);

/*
 * True when the point lies on the algorithm's curve and is not the point at infinity; of LMS, when the
 * parameters are the known ones.
 */
bool crypto_point_is_valid(uint32_t algorithm, const uint8_t *point);

struct crypto_signed {
	const uint8_t *digest;
	size_t digest_bytes;
	const uint8_t *signature; /* crypto_signature_bytes() long */
};

/*
 * True only if it is the signature of the digest under the key. r or s outside [1, n-1] and
 * points off the curve are refused (FIPS 186-5 section 6.4.2).
 */
bool crypto_signature_is_valid(uint32_t algorithm, const uint8_t *point,
			       const struct crypto_signed *what);

struct crypto_secret {
	const char *text;
	size_t bytes;
	const uint8_t *salt;
	size_t salt_bytes;
	uint32_t iterations;
};

/* PBKDF2-HMAC-SHA-256 (RFC 8018 section 5.2): `bytes` of key. False if it cannot be computed. */
bool crypto_stretch(const struct crypto_secret *secret, uint8_t *key, size_t bytes);

/* Compares in time that depends on count only. */
bool crypto_equal(const void *a, const void *b, size_t count);

#endif
