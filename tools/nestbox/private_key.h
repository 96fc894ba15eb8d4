/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys: made, read from PEM, used. Errors are printed; the exit code is returned.
 */
#ifndef NESTBOX_PRIVATE_KEY_H
#define NESTBOX_PRIVATE_KEY_H

#include "image/keyring.h"
#include "report.h"

#define PRIVATE_KEY_PEM_BYTES 2048

struct private_key {
	struct trusted_key public; /* role and partitions are not part of a private key: 0 */
	uint8_t secret[48];        /* big-endian, half of crypto_point_bytes() long; not of LMS */
	const char *path;          /* of an LMS key, which counts in its file */
};

/* Makes a key and its file's text: PEM (SEC1), or what lms_private.h says. */
enum exit_code private_key_make(uint32_t algorithm, struct private_key *key,
				char pem[PRIVATE_KEY_PEM_BYTES]);

/* Reads a file with an EC key on P-256 or P-384 (PEM), or an LMS key; `path` must outlive an LMS key. */
enum exit_code private_key_load(const char *path, struct private_key *key);

/*
 * Deterministic ECDSA (RFC 6979 with HMAC-SHA-384) over a SHA-384 digest, or LMS, which takes seconds
 * and one of the key's 1024 leaves. crypto_signature_bytes() into `signature`, verified before it is
 * returned.
 */
enum exit_code private_key_sign(const struct private_key *key, const uint8_t *digest,
				uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES]);

void private_key_wipe(struct private_key *key);

#endif
