/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash-based signatures: LMS with SHA-256, trees of height 10, Winternitz parameter 8 (RFC 8554: LMS_SHA256_M32_H10 with LMOTS_SHA256_N32_W8,
 * the one set mbedtls has). Nothing a quantum computer is known to break. Verification is here; the sizes and hashes that signing needs, too.
 * mbedtls's own needs its PSA core, which is larger than the whole verifier of the box may be; the unit tests hold the two together.
 */
#ifndef IMAGE_LMS_H
#define IMAGE_LMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LMS_TYPE 6u	/* RFC 8554 section 5.1: LMS_SHA256_M32_H10 */
#define LMS_OTS_TYPE 4u /* section 4.1: LMOTS_SHA256_N32_W8 */
#define LMS_HEIGHT 10u
#define LMS_LEAVES (1u << LMS_HEIGHT)
#define LMS_CHAINS 34u
#define LMS_CHAIN_LAST 255u
#define LMS_HASH_BYTES 32u
#define LMS_ID_BYTES 16u
#define LMS_PUBLIC_BYTES (8u + LMS_ID_BYTES + LMS_HASH_BYTES)
#define LMS_SIGNATURE_BYTES (12u + (1u + LMS_CHAINS + LMS_HEIGHT) * LMS_HASH_BYTES)

/* Where things lie in a signature. */
#define LMS_AT_RANDOMIZER 8u
#define LMS_AT_CHAINS (LMS_AT_RANDOMIZER + LMS_HASH_BYTES)
#define LMS_AT_TYPE (LMS_AT_CHAINS + LMS_CHAINS * LMS_HASH_BYTES)
#define LMS_AT_PATH (LMS_AT_TYPE + 4u)

/* One key pair's tree: its identifier and a leaf's number. */
struct lms_place {
	const uint8_t *id; /* LMS_ID_BYTES */
	uint32_t leaf;	   /* below LMS_LEAVES */
};

/* The first bytes of a public key: type and parameter set. */
bool lms_public_is_known(const uint8_t public_key[LMS_PUBLIC_BYTES]);

/* True only if it is the signature of the message. */
bool lms_verify(const uint8_t public_key[LMS_PUBLIC_BYTES], const uint8_t *message, size_t count,
		const uint8_t signature[LMS_SIGNATURE_BYTES]);

/* The message's digest and its checksum, one byte for each chain. False when the library fails. */
bool lms_message_digits(const struct lms_place *place, const uint8_t *randomizer, const uint8_t *message, size_t count,
			uint8_t digits[LMS_CHAINS]);

/* Goes on from step `from` to step `to` of a chain. */
bool lms_chain(const struct lms_place *place, uint32_t chain, uint32_t from, uint32_t to, uint8_t value[LMS_HASH_BYTES]);

/* The leaf over the ends of all chains; a node over its two children. */
bool lms_leaf(const struct lms_place *place, const uint8_t ends[LMS_CHAINS * LMS_HASH_BYTES], uint8_t node[LMS_HASH_BYTES]);
bool lms_node(const uint8_t *id, uint32_t number, const uint8_t *left, const uint8_t *right, uint8_t node[LMS_HASH_BYTES]);

#endif
