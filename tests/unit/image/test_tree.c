/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash trees: the layout against dm-verity's rules, worked out here a second time; walks through trees
 * of one to three levels; every block altered in turn; payloads taken in any pieces.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "image/payload_check.h"
#include "image_tree.h"

struct box {
	struct manifest manifest;
	uint8_t *bytes; /* payload, rounded up, then the tree; as if the payload's offset were 0 */
	struct image_source source;
	struct payload_check check;
};

static void box_open(struct box *b, uint64_t payload_bytes, uint16_t algorithm)
{
	struct manifest *m = &b->manifest;

	memset(b, 0, sizeof(*b));
	m->payload_bytes = payload_bytes;
	m->hash_algorithm = algorithm;
	assert_true(image_tree_plan(m) && image_tree_salt(m));
	b->bytes = calloc(1, m->tree_offset + m->tree_bytes);
	assert_non_null(b->bytes);
	for (uint64_t i = 0; i < payload_bytes; i += 61)
		b->bytes[i] = (uint8_t)(i >> 4);
	b->source = (struct image_source){ .bytes = b->bytes,
					   .size = m->tree_offset + m->tree_bytes };
	assert_true(image_tree_make(m, b->bytes, b->bytes + m->tree_offset));
}

static enum image_error box_check(struct box *b, uint64_t piece)
{
	const struct manifest *m = &b->manifest;

	payload_check_start(&b->check, m, &b->source);
	for (uint64_t at = 0; at < m->payload_bytes; at += piece) {
		uint64_t left = m->payload_bytes - at;

		payload_check_take(&b->check, b->bytes + at, left < piece ? left : piece);
	}
	return payload_check_finish(&b->check);
}

static void digest_of(const struct manifest *m, const uint8_t *block, uint8_t *digest)
{
	uint8_t salted[32 + 4096];
	struct crypto_hash hash;

	memcpy(salted, m->salt, 32);
	memcpy(salted + 32, block, 4096);
	crypto_hash_start(&hash, m->hash_algorithm);
	crypto_hash_update(&hash, salted, sizeof(salted));
	assert_true(crypto_hash_finish(&hash, digest));
}

/* 300 leaves of SHA-256: blocks of the tree are root, then three with 128, 128 and 44 digests. */
static void layout_is_dm_veritys(void **state)
{
	static struct box b;
	uint8_t digest[64];
	const uint8_t *tree;

	(void)state;
	box_open(&b, 299 * 4096 + 100, HASH_SHA256);
	tree = b.bytes + b.manifest.tree_offset;
	assert_int_equal(b.manifest.tree_offset, 300 * 4096);
	assert_int_equal(b.manifest.tree_bytes, 4 * 4096);
	digest_of(&b.manifest, tree, digest);
	assert_memory_equal(digest, b.manifest.root_hash, 64);
	for (size_t i = 0; i < 3; i++) {
		digest_of(&b.manifest, tree + (1 + i) * 4096, digest);
		assert_memory_equal(digest, tree + i * 32, 32);
	}
	assert_true(bytes_are_zero(tree + 3 * 32, 4096 - 3 * 32));
	for (size_t i = 0; i < 300; i++) {
		digest_of(&b.manifest, b.bytes + i * 4096, digest);
		assert_memory_equal(digest, tree + 4096 + i * 32, 32);
	}
	assert_true(bytes_are_zero(tree + 4096 + 300 * 32, 3 * 4096 - 300 * 32));
	free(b.bytes);
}

/* SHA-384 has 48 bytes in places of 64. */
static void digests_lie_on_powers_of_two(void **state)
{
	static struct box b;
	uint8_t digest[64];
	const uint8_t *tree;

	(void)state;
	box_open(&b, 65 * 4096, HASH_SHA384);
	tree = b.bytes + b.manifest.tree_offset;
	assert_int_equal(b.manifest.tree_bytes, 3 * 4096);
	digest_of(&b.manifest, b.bytes + 64 * 4096, digest);
	assert_memory_equal(digest, tree + 2 * 4096, 64);
	assert_true(bytes_are_zero(tree + 2 * 4096 + 48, 4096 - 48));
	free(b.bytes);
}

static void trees_of_all_heights(void **state)
{
	static const uint64_t leaves[] = { 2, 3, 127, 128, 129, 128 * 128, 128 * 128 + 1 };
	static const unsigned int levels[] = { 1, 1, 1, 1, 2, 2, 3 };
	static struct box b;

	(void)state;
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		box_open(&b, leaves[i] * 4096 - i, HASH_SHA256);
		assert_error(box_check(&b, 65536), IMAGE_OK);
		assert_int_equal(b.check.tree.levels, levels[i]);
		b.bytes[b.manifest.payload_bytes - 1] ^= 0x10;
		assert_error(box_check(&b, 65536), IMAGE_ERROR_PAYLOAD_ALTERED);
		free(b.bytes);
	}
}

static void every_block_counts(void **state)
{
	static struct box b;
	uint64_t blocks;

	(void)state;
	box_open(&b, 300 * 4096, HASH_SHA256);
	blocks = b.source.size >> 12;
	for (uint64_t i = 0; i < blocks; i++) {
		uint8_t *at = b.bytes + i * 4096 + (i * 331) % 4096;

		*at ^= 1;
		assert_error(box_check(&b, 4096),
			     i < 300 ? IMAGE_ERROR_PAYLOAD_ALTERED : IMAGE_ERROR_TREE_ALTERED);
		*at ^= 1;
	}
	b.source.size -= 4096;
	assert_error(box_check(&b, 4096), IMAGE_ERROR_UNREADABLE);
	free(b.bytes);
}

/* Two leaves that change places, and a leaf's digest that is put where its parent's belongs. */
static void order_and_level_count(void **state)
{
	static struct box b;
	uint8_t leaf[4096];
	enum image_error error;

	(void)state;
	box_open(&b, 300 * 4096, HASH_SHA256);
	memcpy(leaf, b.bytes, 4096);
	memcpy(b.bytes, b.bytes + 4096, 4096);
	memcpy(b.bytes + 4096, leaf, 4096);
	assert_error(box_check(&b, 4096), IMAGE_ERROR_PAYLOAD_ALTERED);
	assert_false(tree_block_is(&b.check.tree, 1, 0, leaf, &error));
	assert_error(error, IMAGE_ERROR_TREE_ALTERED);
	assert_true(tree_block_is(&b.check.tree, 0, 0, leaf, &error));
	assert_false(tree_block_is(&b.check.tree, 0, 300, leaf, &error));
	assert_false(tree_block_is(&b.check.tree, 3, 0, leaf, &error));
	free(b.bytes);
}

static uint64_t reads;

static bool counting_read(const void *context, uint64_t offset, void *to, uint64_t count)
{
	memcpy(to, (const uint8_t *)context + offset, count);
	reads++;
	return true;
}

static void blocks_are_read_once(void **state)
{
	static struct box b;

	(void)state;
	box_open(&b, 300 * 4096, HASH_SHA256);
	b.source = (struct image_source){ .size = b.source.size,
					  .read = counting_read,
					  .context = b.bytes };
	reads = 0;
	assert_error(box_check(&b, 65536), IMAGE_OK);
	assert_int_equal(reads, 4);
	free(b.bytes);
}

static void blocks_are_found_by_number(void **state)
{
	static struct box b;
	static struct tree tree;
	unsigned int level;
	uint64_t index;
	enum image_error error;

	(void)state;
	box_open(&b, (128 * 128 + 1) * 4096, HASH_SHA256);
	tree_open(&tree, &b.manifest, &b.source);
	assert_int_equal(tree_block_count(&tree) << 12, b.manifest.tree_bytes);
	for (uint64_t i = 0; i < tree_block_count(&tree); i++) {
		tree_locate(&tree, i, &level, &index);
		assert_int_equal(level, i == 0 ? 3 : i < 3 ? 2 : 1);
		assert_int_equal(index, i == 0 ? 0 : i < 3 ? i - 1 : i - 3);
		assert_true(tree_block_is(&tree, level, index,
					  b.bytes + b.manifest.tree_offset + i * 4096, &error));
	}
	free(b.bytes);
}

static void pieces_are_whole_leaves(void **state)
{
	static struct box b;

	(void)state;
	box_open(&b, 3 * 4096 + 1, HASH_SHA256);
	assert_error(box_check(&b, 8192), IMAGE_OK);
	payload_check_start(&b.check, &b.manifest, &b.source);
	assert_error(payload_check_take(&b.check, b.bytes, 4095), IMAGE_ERROR_PAYLOAD_LENGTH);
	assert_error(payload_check_take(&b.check, b.bytes, 4096), IMAGE_ERROR_PAYLOAD_LENGTH);
	payload_check_start(&b.check, &b.manifest, &b.source);
	assert_error(payload_check_take(&b.check, b.bytes, 3 * 4096), IMAGE_OK);
	assert_error(payload_check_finish(&b.check), IMAGE_ERROR_PAYLOAD_LENGTH);
	payload_check_start(&b.check, &b.manifest, &b.source);
	assert_error(payload_check_take(&b.check, b.bytes, 4 * 4096), IMAGE_ERROR_PAYLOAD_LENGTH);
	free(b.bytes);
}

/* What cannot be computed is refused, with a tree and without. */
static void hashes_that_do_not_exist_fail_closed(void **state)
{
	static struct box b;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	(void)state;
	box_open(&b, 300 * 4096, HASH_SHA256);
	b.manifest.hash_algorithm = 9;
	assert_false(tree_digest(&b.manifest, b.bytes, 4096, digest));
	assert_error(box_check(&b, 4096), IMAGE_ERROR_CRYPTO);
	b.manifest.tree_bytes = 0;
	assert_error(box_check(&b, 4096), IMAGE_ERROR_CRYPTO);
	free(b.bytes);
}

static void plans_have_limits(void **state)
{
	struct manifest m = { .hash_algorithm = HASH_SHA512 };

	(void)state;
	m.payload_bytes = 4096;
	assert_false(image_tree_plan(&m));
	m.payload_bytes = 0x100000000ull << 12;
	assert_false(image_tree_plan(&m));
	m.payload_bytes -= 4096; /* 2^32 - 1 leaves, six levels */
	assert_true(image_tree_plan(&m));
	assert_int_equal(m.leaf_count, UINT32_MAX);
	assert_int_equal(m.tree_bytes >> 12, 0x4000000 + 0x100000 + 0x4000 + 0x100 + 4 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_is_dm_veritys),
		cmocka_unit_test(digests_lie_on_powers_of_two),
		cmocka_unit_test(trees_of_all_heights),
		cmocka_unit_test(every_block_counts),
		cmocka_unit_test(order_and_level_count),
		cmocka_unit_test(blocks_are_read_once),
		cmocka_unit_test(blocks_are_found_by_number),
		cmocka_unit_test(pieces_are_whole_leaves),
		cmocka_unit_test(hashes_that_do_not_exist_fail_closed),
		cmocka_unit_test(plans_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
