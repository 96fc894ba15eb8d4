/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding a signature to a manifest.
 */
#ifndef NESTBOX_IMAGE_SIGN_H
#define NESTBOX_IMAGE_SIGN_H

#include "image/manifest.h"
#include "private_key.h"

/*
 * Signs the first 4096 bytes of `head` into its signature area: in the place of the key's earlier
 * signature, or behind the others. Signatures by other keys stay only if they can still be right:
 * the caller has not changed what they sign.
 */
enum exit_code head_sign(uint8_t head[MANIFEST_BYTES_TOTAL], const struct private_key *key);

#endif
