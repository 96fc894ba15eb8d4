/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of the other slot's image that the new image has, too, so that they need not be sent.
 * Found by leaf digest, which works while both images have one salt. The other slot's tree only
 * says where to look: what is taken is hashed as it is read.
 */
#ifndef UPDATE_REUSE_H
#define UPDATE_REUSE_H

#include "update/slot.h"

#define REUSE_BUCKET 4u

struct reuse {
	bool is_usable;
	int64_t shift;	      /* where the last block was found, against where it was looked for */
	uint32_t *index;      /* leaf + 1, in buckets by the digest's first bytes; 0: free */
	uint32_t indexed;     /* leaves of the other slot that are in it, or had been */
	size_t index_entries; /* a power of two, at least REUSE_BUCKET, or 0: only the same place and shift */
	struct image_source source;
	struct verify_result from; /* the other slot's manifest, and its tree */
};

/*
 * Looks at the slot in `region`, which must stay where it is, for blocks of `wanted`. reuse->index
 * and index_entries have been set. is_usable tells whether reuse_find() can find any.
 */
void reuse_open(struct reuse *reuse, const struct block_region *region, const struct verify_policy *policy,
		const struct manifest *wanted);

/* Puts some of the other slot's leaves into the index; true while there are more. */
bool reuse_index(struct reuse *reuse);

/* Reads a leaf with the digest into `block`; `at` is its place in the new image. False when there is none. */
bool reuse_find(struct reuse *reuse, uint64_t at, const uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], uint8_t block[TREE_BLOCK_BYTES]);

#endif
