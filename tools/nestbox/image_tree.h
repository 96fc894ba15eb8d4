/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the hash tree that image/tree.h verifies.
 */
#ifndef NESTBOX_IMAGE_TREE_H
#define NESTBOX_IMAGE_TREE_H

#include "image/manifest.h"
#include "image/tree.h"

/* Above this an image always has a tree. */
#define IMAGE_TREE_FROM_BYTES (64ull << 20)

/*
 * Fills leaf size and count, tree offset and size for the payload's offset and size, which are set.
 * False for a payload of one leaf, which has no tree, and of more than 2^32, which cannot have one.
 */
bool image_tree_plan(struct manifest *manifest);

/*
 * The salt that is every image's of a role: unchanged leaves keep their digests from one version to
 * the next, so that an update finds them. False when the library fails.
 */
bool image_tree_salt(struct manifest *manifest);

/*
 * Fills manifest->tree_bytes of `tree` and the root hash from the payload's bytes, by algorithm and
 * salt of the manifest. False when the library fails.
 */
bool image_tree_make(struct manifest *manifest, const uint8_t *payload, uint8_t *tree);

#endif
