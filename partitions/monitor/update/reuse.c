/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index of leaf digests that may forget, for a memory that is given. Blocks are usually found
 * where the one before them was, so that a forgotten one costs little.
 */
#include "update/reuse.h"

#include <string.h>

#define INDEX_PIECE 2048u /* leaves, whose digests are in 16 blocks, or 32 */

static uint32_t *bucket_of(const struct reuse *reuse, const uint8_t *digest)
{
	size_t at = bytes_get32(digest) & (reuse->index_entries - 1);

	return reuse->index + (at & ~(size_t)(REUSE_BUCKET - 1));
}

/* Into a free place of its bucket, or else over one that depends on the leaf. */
static void index_add(struct reuse *reuse, const uint8_t *digest, uint32_t leaf)
{
	uint32_t *bucket = bucket_of(reuse, digest);

	for (size_t i = 0; i < REUSE_BUCKET; i++)
		if (!bucket[i]) {
			bucket[i] = leaf + 1;
			return;
		}
	bucket[leaf % REUSE_BUCKET] = leaf + 1;
}

bool reuse_index(struct reuse *reuse)
{
	uint32_t count = reuse->is_usable && reuse->index_entries ? reuse->from.manifest.leaf_count : 0;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	for (uint32_t i = 0; i < INDEX_PIECE && reuse->indexed < count; i++) {
		/* behind a bad block there may be none that lead anywhere */
		if (tree_expected(&reuse->from.payload.tree, 0, reuse->indexed, digest))
			reuse->indexed = count;
		else
			index_add(reuse, digest, reuse->indexed++);
	}
	return reuse->indexed < count;
}

static bool is_comparable(const struct manifest *a, const struct manifest *b)
{
	return a->tree_bytes && b->tree_bytes && a->hash_algorithm == b->hash_algorithm &&
	       !memcmp(a->salt, b->salt, sizeof(a->salt));
}

void reuse_open(struct reuse *reuse, const struct block_region *region, const struct verify_policy *policy,
		const struct manifest *wanted)
{
	const struct manifest *m = &reuse->from.manifest;

	reuse->source = slot_source(region);
	reuse->shift = 0;
	reuse->is_usable = !image_verify_head(&reuse->source, policy, &reuse->from) && is_comparable(m, wanted);
	if (!reuse->is_usable)
		return;
	tree_open(&reuse->from.payload.tree, m, &reuse->source);
	reuse->indexed = 0;
	if (reuse->index_entries)
		memset(reuse->index, 0, reuse->index_entries * sizeof(*reuse->index));
}

/* Leaf `at` of the other slot, if its tree says it is the one and it is. */
static bool leaf_take(struct reuse *reuse, int64_t at, const uint8_t *wanted, uint8_t *block)
{
	const struct manifest *m = &reuse->from.manifest;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	if (at < 0 || at >= m->leaf_count || tree_expected(&reuse->from.payload.tree, 0, (uint64_t)at, digest) ||
	    !crypto_equal(digest, wanted, sizeof(digest)))
		return false;
	return source_read(&reuse->source, m->payload_offset + ((uint64_t)at << TREE_BLOCK_LOG2), block, TREE_BLOCK_BYTES) &&
	       tree_digest(m, block, TREE_BLOCK_BYTES, digest) && crypto_equal(digest, wanted, sizeof(digest));
}

bool reuse_find(struct reuse *reuse, uint64_t at, const uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], uint8_t block[TREE_BLOCK_BYTES])
{
	const uint32_t *bucket;

	if (!reuse->is_usable)
		return false;
	if (leaf_take(reuse, (int64_t)at + reuse->shift, digest, block) || leaf_take(reuse, (int64_t)at, digest, block))
		return true;
	bucket = reuse->index_entries ? bucket_of(reuse, digest) : NULL;
	for (size_t i = 0; bucket && i < REUSE_BUCKET; i++)
		if (bucket[i] && leaf_take(reuse, (int64_t)bucket[i] - 1, digest, block)) {
			reuse->shift = (int64_t)bucket[i] - 1 - (int64_t)at;
			return true;
		}
	return false;
}
