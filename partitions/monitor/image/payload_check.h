/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this the payload that was signed? Asked piece by piece, in order: with a hash tree each leaf is
 * compared at once, without one the digest of all decides at the end.
 */
#ifndef IMAGE_PAYLOAD_CHECK_H
#define IMAGE_PAYLOAD_CHECK_H

#include "image/tree.h"

/* Holds a block of each level of a tree: not for a stack. */
struct payload_check {
	const struct manifest *manifest;
	uint64_t done; /* bytes taken */
	enum image_error error;
	struct crypto_hash hash; /* of a payload without a tree */
	struct tree tree;
};

/* `manifest` must be authentic and accepted; `source` is where the tree's blocks are read from. */
void payload_check_start(struct payload_check *check, const struct manifest *manifest,
			 const struct image_source *source);

/*
 * Takes the next bytes, a multiple of 4096 of them or all that are left. Returns the first error so
 * far: PAYLOAD_LENGTH, PAYLOAD_ALTERED, or of the tree. An error is final.
 */
enum image_error payload_check_take(struct payload_check *check, const uint8_t *bytes,
				    uint64_t count);

/* IMAGE_OK only when exactly the signed payload has been taken. */
enum image_error payload_check_finish(struct payload_check *check);

#endif
