/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in a token (an HSM, a smart card, SoftHSM) that speaks PKCS#11: the private key never leaves it.
 */
#ifndef NESTBOX_PKCS11_H
#define NESTBOX_PKCS11_H

#include "image/keyring.h"
#include "report.h"

struct pkcs11_key {
	const char *module;   /* path of the token's library */
	const char *label;    /* of the private key */
	const char *pin_path; /* a file with the PIN; null: asked for */
};

/*
 * Signs a digest of SIGNATURE_DIGEST_BYTES with the first private key of that label in any token; `key` is its public half (ECDSA). The caller
 * verifies what comes back.
 */
enum exit_code pkcs11_sign(const struct pkcs11_key *token, const struct trusted_key *key, const uint8_t *digest,
			   uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES]);

#endif
