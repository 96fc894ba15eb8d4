/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash tree of a payload, in dm-verity's layout, version 1, without a superblock (Linux,
 * admin-guide/device-mapper/verity): digest = H(salt || block); blocks of 4096 bytes; digests padded
 * to a power of two, the rest of a block zero; the level of a single block first, the leaves' digests
 * last. Level 0 are the leaves (the payload, its end filled up with zeros), level 1 their digests.
 *
 * A block is read once, into the copy that is verified and used; one block of each level is kept, so
 * that going through the leaves in order reads every block of the tree once.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include "image/crypto.h"
#include "image/error.h"
#include "image/manifest.h"
#include "image/source.h"

#define TREE_BLOCK_LOG2 12u
#define TREE_BLOCK_BYTES 4096u
#define TREE_MAX_LEVELS 6u /* 2^32 leaves, 64 digests in a block */

struct tree {
	const struct manifest *manifest;
	const struct image_source *source; /* of the tree's blocks, at manifest->tree_offset */
	unsigned int levels;
	unsigned int fan_out_log2;           /* digests in a block */
	uint64_t first[TREE_MAX_LEVELS + 1]; /* where a level starts in the tree, in blocks */
	uint64_t count[TREE_MAX_LEVELS + 1]; /* blocks of a level */
	uint64_t held[TREE_MAX_LEVELS + 1];  /* which block of a level `blocks` has, verified */
	uint8_t blocks[TREE_MAX_LEVELS][TREE_BLOCK_BYTES];
};

/* For a manifest with a tree that manifest_parse() accepted. Reads nothing. */
void tree_open(struct tree *tree, const struct manifest *manifest,
	       const struct image_source *source);

/* Forgets the blocks it holds, for a source whose blocks have been written. */
void tree_forget(struct tree *tree);

/*
 * The digest that block `index` of `level` must have, from blocks verified up to the root hash.
 * IMAGE_OK, UNREADABLE, TREE_ALTERED or CRYPTO; `digest` is complete only with IMAGE_OK.
 */
enum image_error tree_expected(struct tree *tree, unsigned int level, uint64_t index,
			       uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]);

/* H(salt || bytes || zeros up to 4096) of 1 to 4096 bytes; false when the library fails. */
bool tree_digest(const struct manifest *manifest, const uint8_t *bytes, size_t count,
		 uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]);

/*
 * True when the bytes are block `index` of `level`; *error is why not: TREE_ALTERED for the block
 * itself when its digest is another one, else as tree_expected().
 */
bool tree_block_is(struct tree *tree, unsigned int level, uint64_t index,
		   const uint8_t block[TREE_BLOCK_BYTES], enum image_error *error);

/* Block `number` of the tree as it lies: its level and index there. */
void tree_locate(const struct tree *tree, uint64_t number, unsigned int *level, uint64_t *index);

/* Blocks of the whole tree. */
uint64_t tree_block_count(const struct tree *tree);

#endif
