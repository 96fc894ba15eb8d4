/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash trees from the leaves up.
 */
#include "image_tree.h"

#include <string.h>

#include "image/crypto.h"

static const char salt_domain[] = "nestbox-salt-v1"; /* the terminating zero is hashed too */

bool image_tree_plan(struct manifest *m)
{
	uint64_t leaves = ((m->payload_bytes - 1) >> TREE_BLOCK_LOG2) + 1;
	struct tree tree;

	if (leaves < 2 || leaves > UINT32_MAX)
		return false;
	m->leaf_log2 = TREE_BLOCK_LOG2;
	m->leaf_count = (uint32_t)leaves;
	m->tree_offset = m->payload_offset + (leaves << TREE_BLOCK_LOG2);
	tree_open(&tree, m, NULL);
	m->tree_bytes = tree_block_count(&tree) << TREE_BLOCK_LOG2;
	return true;
}

bool image_tree_salt(struct manifest *m)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct crypto_hash hash;

	crypto_hash_start(&hash, HASH_SHA256);
	crypto_hash_update(&hash, salt_domain, sizeof(salt_domain));
	crypto_hash_update(&hash, m->role_uuid, UUID_BYTES);
	if (!crypto_hash_finish(&hash, digest))
		return false;
	memcpy(m->salt, digest, sizeof(m->salt));
	return true;
}

/* What a level is made of: the payload, or the blocks of the level below. */
struct level {
	const uint8_t *bytes;
	uint64_t size;
};

/* The digests of a level's blocks, side by side in the blocks of the next. */
static bool level_make(const struct manifest *m, const struct level *below, uint8_t *to)
{
	size_t stride = crypto_digest_bytes(m->hash_algorithm) > 32 ? 64 : 32;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	for (uint64_t at = 0; at < below->size; at += TREE_BLOCK_BYTES, to += stride) {
		uint64_t left = below->size - at;
		size_t count = left < TREE_BLOCK_BYTES ? (size_t)left : TREE_BLOCK_BYTES;

		if (!tree_digest(m, below->bytes + at, count, digest))
			return false;
		memcpy(to, digest, stride);
	}
	return true;
}

bool image_tree_make(struct manifest *m, const uint8_t *payload, uint8_t *bytes)
{
	struct level below = { payload, m->payload_bytes };
	struct tree tree;

	tree_open(&tree, m, NULL);
	memset(bytes, 0, m->tree_bytes);
	for (unsigned int level = 1; level <= tree.levels; level++) {
		uint8_t *to = bytes + (tree.first[level] << TREE_BLOCK_LOG2);

		if (!level_make(m, &below, to))
			return false;
		below = (struct level){ to, tree.count[level] << TREE_BLOCK_LOG2 };
	}
	return tree_digest(m, below.bytes, TREE_BLOCK_BYTES, m->root_hash);
}
