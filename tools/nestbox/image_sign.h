/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding a signature to a signature area (image/signature.h), of an image or of a keyring.
 */
#ifndef NESTBOX_IMAGE_SIGN_H
#define NESTBOX_IMAGE_SIGN_H

#include "image/manifest.h"
#include "private_key.h"

/*
 * Puts a signature by `key` in the place of its earlier one, or behind the others. `bytes` is as long as the key's algorithm says. Refuses a
 * fifth, and what is no signature area.
 */
enum exit_code area_add(uint8_t area[SIGNATURE_AREA_BYTES], const struct trusted_key *key, const uint8_t *bytes);

/*
 * Signs the first 4096 bytes of `head` into its signature area. Signatures by other keys stay only if they can still be right: the caller has
 * not changed what they sign.
 */
enum exit_code head_sign(uint8_t head[MANIFEST_BYTES_TOTAL], const struct private_key *key);

#endif
