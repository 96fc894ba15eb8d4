/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures made elsewhere.
 */
#ifndef NESTBOX_DETACHED_H
#define NESTBOX_DETACHED_H

#include "image/keyring.h"
#include "report.h"

/* How many bytes of the digest a signer of this kind is given: for ECDSA no more than the curve's order has (FIPS 186-5 section 6.4.1). */
size_t detached_digest_bytes(const struct trusted_key *key);

/* Reads a signature for the key: raw, or of ECDSA the DER form that most tools write. */
enum exit_code detached_load(const char *path, const struct trusted_key *key, uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES]);

#endif
