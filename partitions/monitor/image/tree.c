/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a hash tree from the root down, so that no block is used before it is verified.
 */
#include "image/tree.h"

#include <assert.h>
#include <string.h>

#define NONE UINT64_MAX

static_assert(IMAGE_ALIGNMENT == TREE_BLOCK_BYTES, "payloads and trees start on a block");

/* A digest's place in a block: its size up to the next power of two. */
static unsigned int digest_log2(const struct manifest *manifest)
{
	return crypto_digest_bytes(manifest->hash_algorithm) > 32 ? 6 : 5;
}

void tree_forget(struct tree *tree)
{
	for (size_t i = 0; i <= TREE_MAX_LEVELS; i++)
		tree->held[i] = NONE;
}

void tree_open(struct tree *tree, const struct manifest *manifest,
	       const struct image_source *source)
{
	uint64_t count = manifest->leaf_count, at = 0;

	tree->manifest = manifest;
	tree->source = source;
	tree->fan_out_log2 = TREE_BLOCK_LOG2 - digest_log2(manifest);
	tree->levels = 0;
	tree->count[0] = count;
	tree->first[0] = 0;
	while (count > 1 && tree->levels < TREE_MAX_LEVELS) {
		count = ((count - 1) >> tree->fan_out_log2) + 1;
		tree->count[++tree->levels] = count;
	}
	for (unsigned int level = tree->levels; level > 0; level--) {
		tree->first[level] = at;
		at += tree->count[level];
	}
	tree_forget(tree);
}

uint64_t tree_block_count(const struct tree *tree)
{
	return tree->levels ? tree->first[1] + tree->count[1] : 0;
}

void tree_locate(const struct tree *tree, uint64_t number, unsigned int *level, uint64_t *index)
{
	*level = tree->levels;
	while (*level > 1 && number >= tree->first[*level - 1])
		--*level;
	*index = number - tree->first[*level];
}

bool tree_digest(const struct manifest *manifest, const uint8_t *bytes, size_t count,
		 uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	static const uint8_t zeros[64];
	struct crypto_hash hash;

	crypto_hash_start(&hash, manifest->hash_algorithm);
	crypto_hash_update(&hash, manifest->salt, sizeof(manifest->salt));
	crypto_hash_update(&hash, bytes, count);
	while (count < TREE_BLOCK_BYTES) {
		size_t left = TREE_BLOCK_BYTES - count;
		size_t piece = left < sizeof(zeros) ? left : sizeof(zeros);

		crypto_hash_update(&hash, zeros, piece);
		count += piece;
	}
	return crypto_hash_finish(&hash, digest);
}

/* The digest of a block, out of its parent, which is held, or the root hash. */
static void digest_take(const struct tree *tree, unsigned int level, uint64_t index,
			uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	const struct manifest *m = tree->manifest;
	uint64_t place = index & ((1u << tree->fan_out_log2) - 1);

	memset(digest, 0, CRYPTO_MAX_DIGEST_BYTES);
	if (level == tree->levels)
		memcpy(digest, m->root_hash, crypto_digest_bytes(m->hash_algorithm));
	else
		memcpy(digest, tree->blocks[level] + (place << digest_log2(m)),
		       crypto_digest_bytes(m->hash_algorithm));
}

/* Reads a block whose parent is held and keeps it if it is the right one. */
static enum image_error block_hold(struct tree *tree, unsigned int level, uint64_t index)
{
	uint8_t *block = tree->blocks[level - 1];
	uint8_t expected[CRYPTO_MAX_DIGEST_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES];
	uint64_t at = tree->manifest->tree_offset +
		      ((tree->first[level] + index) << TREE_BLOCK_LOG2);

	if (tree->held[level] == index)
		return IMAGE_OK;
	tree->held[level] = NONE;
	if (!source_read(tree->source, at, block, TREE_BLOCK_BYTES))
		return IMAGE_ERROR_UNREADABLE;
	if (!tree_digest(tree->manifest, block, TREE_BLOCK_BYTES, digest))
		return IMAGE_ERROR_CRYPTO;
	digest_take(tree, level, index, expected);
	if (!crypto_equal(digest, expected, sizeof(digest)))
		return IMAGE_ERROR_TREE_ALTERED;
	tree->held[level] = index;
	return IMAGE_OK;
}

enum image_error tree_expected(struct tree *tree, unsigned int level, uint64_t index,
			       uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	if (level > tree->levels || index >= tree->count[level])
		return IMAGE_ERROR_TREE_ALTERED;
	for (unsigned int up = tree->levels; up > level; up--) {
		enum image_error error =
			block_hold(tree, up, index >> (tree->fan_out_log2 * (up - level)));

		if (error)
			return error;
	}
	digest_take(tree, level, index, digest);
	return IMAGE_OK;
}

bool tree_block_is(struct tree *tree, unsigned int level, uint64_t index,
		   const uint8_t block[TREE_BLOCK_BYTES], enum image_error *error)
{
	uint8_t expected[CRYPTO_MAX_DIGEST_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES];

	*error = tree_expected(tree, level, index, expected);
	if (*error)
		return false;
	if (!tree_digest(tree->manifest, block, TREE_BLOCK_BYTES, digest))
		*error = IMAGE_ERROR_CRYPTO;
	else if (!crypto_equal(digest, expected, sizeof(digest)))
		*error = IMAGE_ERROR_TREE_ALTERED;
	return *error == IMAGE_OK;
}
