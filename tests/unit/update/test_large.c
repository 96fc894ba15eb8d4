/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where 32 bits end: sectors behind the 2^32nd, a slot whose image is larger than 4 GiB, its blocks on both sides of 2 and 4 GiB. Sparse disks.
 */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image_sign.h"
#include "image_tree.h"
#include "sparse_disk.h"
#include "update/crc.h"
#include "update/gpt.h"
#include "world.h"

#define TIB (1ull << 40)
#define SECTORS (3 * TIB / 512)	     /* more than 2^32 */
#define FAR (2 * TIB + (6ull << 20)) /* sector 2^32 + 12288 */
#define SLOT_BYTES (5ull << 30)
#define LEAVES ((4ull << 30) / TREE_BLOCK_BYTES + 3)

static struct sparse_disk disk;
static struct world world;

static int disk_make(void **state)
{
	(void)state;
	sparse_open(&disk, SECTORS, 512);
	return 0;
}

static int disk_drop(void **state)
{
	(void)state;
	sparse_close(&disk);
	return 0;
}

/* A transfer of 2 MiB across each of these bytes comes back from there and from nowhere else. */
static void transfers_across_the_borders(void **state)
{
	static const uint64_t borders[] = { 1ull << 31, 1ull << 32, (1ull << 32) * 512, SECTORS * 512 - (1u << 20) };
	static uint8_t bytes[2 << 20], back[2 << 20];
	struct block_region whole = block_whole(&disk.device);

	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
		uint64_t from = borders[i] - (1u << 20);

		disk_drop(state);
		disk_make(state);
		memset(bytes, 0x11 + (int)i, sizeof(bytes));
		assert_true(block_write(&whole, from, bytes, sizeof(bytes)));
		assert_true(disk.lowest == from && disk.highest == from + sizeof(bytes));
		assert_true(block_read(&whole, from, back, sizeof(back)));
		assert_memory_equal(bytes, back, sizeof(back));
		assert_true(block_read(&whole, (uint32_t)from & ~511u, back, 512)); /* what 32 bits would make of it */
		if (from > UINT32_MAX)
			assert_true(bytes_are_zero(back, 512));
	}
	assert_false(block_read(&whole, SECTORS * 512, back, 512));
	assert_false(block_write(&whole, SECTORS * 512 - 512, back, 1024));
}

static void table_put(uint64_t lba, uint64_t entries_at, uint64_t first)
{
	static const uint8_t order[UUID_BYTES] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	static uint8_t entries[128 * GPT_ENTRY_BYTES];
	uint8_t h[512] = "EFI PART";
	struct block_region whole = block_whole(&disk.device);

	memset(entries, 0, sizeof(entries));
	for (size_t i = 0; i < UUID_BYTES; i++)
		entries[i] = gpt_type_nbmeta[order[i]];
	bytes_put64(entries + 32, first);
	bytes_put64(entries + 40, first + 2047);
	bytes_put32(h + 8, 0x00010000);
	bytes_put32(h + 12, 92);
	bytes_put64(h + 24, lba);
	bytes_put64(h + 40, 34);
	bytes_put64(h + 48, SECTORS - 34);
	bytes_put64(h + 72, entries_at);
	bytes_put32(h + 80, 128);
	bytes_put32(h + 84, GPT_ENTRY_BYTES);
	bytes_put32(h + 88, crc32_ieee(0, entries, sizeof(entries)));
	bytes_put32(h + 16, crc32_ieee(0, h, 92));
	assert_true(block_write(&whole, lba * 512, h, sizeof(h)));
	assert_true(block_write(&whole, entries_at * 512, entries, sizeof(entries)));
}

static void partitions_behind_2_tib(void **state)
{
	static struct gpt gpt;
	struct block_region region;

	(void)state;
	table_put(SECTORS - 1, SECTORS - 33, FAR / 512);
	assert_update(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_true(gpt.is_backup);
	assert_update(gpt_find(&gpt, gpt_type_nbmeta, NULL, &region), UPDATE_OK);
	assert_true(region.first == FAR / 512 && region.bytes == 1 << 20);
	table_put(1, 2, FAR / 512);
	assert_update(gpt_read(&gpt, &disk.device), UPDATE_OK);
	assert_false(gpt.is_backup);
	table_put(1, 2, SECTORS - 34 - 2046); /* one sector too far */
	table_put(SECTORS - 1, SECTORS - 33, SECTORS - 34 - 2046);
	assert_update(gpt_read(&gpt, &disk.device), UPDATE_ERROR_GPT_RANGE);
}

static void box_make(void)
{
	world_open(&world, &disk.device);
	world.meta_region.first = FAR / 512;
	world.slots[0].first = (FAR + (1ull << 30)) / 512;
	world.slots[1].first = world.slots[0].first + SLOT_BYTES / 512;
	world.slots[0].bytes = world.slots[1].bytes = SLOT_BYTES;
}

/* A whole life behind 2 TiB: nothing is written before that. */
static void a_box_behind_2_tib(void **state)
{
	static const struct image_spec specs[] = { { 1, 1, 5, { 1, 2, 3 } }, { 2, 2, 6, { 1, 2, 4 } } };
	struct test_image images[2];

	(void)state;
	box_make();
	for (size_t i = 0; i < 2; i++)
		world_image(&world, &specs[i], &images[i]);
	world_flash(&world, &images[0]);
	assert_true(world_boot(&world));
	assert_update(world_install(&world, &images[1]), UPDATE_OK);
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.slot, SLOT_B);
	assert_update(update_confirm(&world.box), UPDATE_OK);
	assert_true(disk.lowest == FAR);
	for (size_t i = 0; i < 2; i++)
		world_image_free(&images[i]);
}

/* Leaves that are not zeros: the first, on both sides of 2 GiB, of 4 GiB, and the last. */
static const uint64_t marked[] = { 0, (1 << 19) - 1, 1 << 19, (1 << 20) - 1, 1 << 20, LEAVES - 1 };
#define MARKED (sizeof(marked) / sizeof(marked[0]))

static void leaf_fill(uint64_t number, uint8_t leaf[TREE_BLOCK_BYTES])
{
	memset(leaf, 0, TREE_BLOCK_BYTES);
	for (size_t i = 0; i < MARKED; i++)
		if (marked[i] == number)
			memset(leaf, (int)i + 1, 2000);
}

/* The tree from the leaves up without 4 GiB of them in memory. */
static uint8_t *tree_build(struct manifest *m)
{
	uint8_t leaf[TREE_BLOCK_BYTES], zero[CRYPTO_MAX_DIGEST_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES];
	uint8_t *bytes = calloc(1, m->tree_bytes);
	struct tree tree;

	assert_non_null(bytes);
	tree_open(&tree, m, NULL);
	memset(leaf, 0, sizeof(leaf));
	assert_true(tree_digest(m, leaf, sizeof(leaf), zero));
	for (uint64_t i = 0; i < LEAVES; i++)
		memcpy(bytes + (tree.first[1] << TREE_BLOCK_LOG2) + 32 * i, zero, 32);
	for (size_t i = 0; i < MARKED; i++) {
		leaf_fill(marked[i], leaf);
		assert_true(tree_digest(m, leaf, sizeof(leaf), digest));
		memcpy(bytes + (tree.first[1] << TREE_BLOCK_LOG2) + 32 * marked[i], digest, 32);
	}
	for (unsigned int level = 1; level <= tree.levels; level++)
		for (uint64_t i = 0; i < tree.count[level]; i++) {
			uint8_t *to = level == tree.levels ? m->root_hash :
							     bytes + (tree.first[level + 1] << TREE_BLOCK_LOG2) + 32 * i;

			assert_true(tree_digest(m, bytes + ((tree.first[level] + i) << TREE_BLOCK_LOG2), TREE_BLOCK_BYTES, digest));
			memcpy(to, digest, 32);
		}
	return bytes;
}

static void large_image(struct manifest *m, uint8_t head[MANIFEST_BYTES_TOTAL], uint8_t **tree)
{
	fixture_manifest(m);
	m->version_major = 2;
	m->payload_bytes = (LEAVES - 1) * TREE_BLOCK_BYTES + 2000;
	memset(m->payload_digest, 0, sizeof(m->payload_digest));
	assert_true(image_tree_plan(m) && image_tree_salt(m));
	assert_true(m->leaf_count == LEAVES && m->tree_offset > 4ull << 30);
	*tree = tree_build(m);
	memset(head, 0, MANIFEST_BYTES_TOTAL);
	assert_error(manifest_write(m, head), IMAGE_OK);
	assert_int_equal(head_sign(head, &world.private_keys[0]), EXIT_OK);
}

/* Every block of the tree and of the payload that is not zero; each leaf also at the wrong place, which differs in bit 20 only. */
static void large_install(const struct manifest *m, const uint8_t *head, const uint8_t *tree)
{
	uint8_t leaf[TREE_BLOCK_BYTES], back[TREE_BLOCK_BYTES];

	assert_update(world_begin(&world, head), UPDATE_OK);
	for (uint64_t i = 0; i < m->tree_bytes / TREE_BLOCK_BYTES; i++)
		assert_update(install_tree_block(&world.install, i, tree + i * TREE_BLOCK_BYTES), UPDATE_OK);
	for (size_t i = 0; i < MARKED; i++) {
		leaf_fill(marked[i], leaf);
		if ((marked[i] ^ 1 << 20) < LEAVES)
			assert_update(install_leaf(&world.install, marked[i] ^ 1 << 20, leaf), UPDATE_ERROR_BLOCK_ALTERED);
		assert_update(install_leaf(&world.install, marked[i], leaf), UPDATE_OK);
	}
	assert_update(install_leaf(&world.install, LEAVES, leaf), UPDATE_ERROR_BLOCK_PLACE);
	assert_update(install_leaf(&world.install, 1ull << 32, leaf), UPDATE_ERROR_BLOCK_PLACE);
	assert_update(install_finish(&world.install), UPDATE_OK);
	for (size_t i = 0; i < MARKED; i++) {
		leaf_fill(marked[i], leaf);
		assert_true(block_read(&world.slots[1], IMAGE_PAYLOAD_OFFSET + marked[i] * TREE_BLOCK_BYTES, back, sizeof(back)));
		assert_memory_equal(leaf, back, sizeof(back));
	}
}

/* All of it is read back by the box: 4 GiB and a little, hashed. */
static void an_image_of_more_than_4_gib(void **state)
{
	static const struct image_spec spec = { 1, 1, 5, { 1, 2, 3 } };
	static uint8_t head[MANIFEST_BYTES_TOTAL];
	enum update_error error = UPDATE_OK;
	struct test_image image;
	struct manifest m;
	bool is_done = false;
	uint8_t *tree;

	(void)state;
	box_make();
	world_image(&world, &spec, &image);
	world_flash(&world, &image);
	assert_true(world_boot(&world));
	large_image(&m, head, &tree);
	large_install(&m, head, tree);
	while (!error && !is_done)
		error = install_check(&world.install, &is_done);
	assert_update(error, UPDATE_OK);
	assert_int_equal(update_role(&world.box)->try_slot, SLOT_B);
	assert_true(disk.highest <= (world.slots[1].first * 512) + manifest_image_bytes(&m));
	free(tree);
	world_image_free(&image);
}

/* One block less in the slot: refused before anything is written. */
static void an_image_larger_than_its_slot(void **state)
{
	static const struct image_spec spec = { 1, 1, 5, { 1, 2, 3 } };
	static uint8_t head[MANIFEST_BYTES_TOTAL];
	struct test_image image;
	struct manifest m;
	uint8_t *tree;

	(void)state;
	box_make();
	world_image(&world, &spec, &image);
	world_flash(&world, &image);
	assert_true(world_boot(&world));
	large_image(&m, head, &tree);
	disk.lowest = UINT64_MAX;
	world.slots[1].bytes = manifest_image_bytes(&m) - TREE_BLOCK_BYTES;
	assert_update(world_begin(&world, head), UPDATE_ERROR_IMAGE);
	assert_error(world.install.image_error, IMAGE_ERROR_TRUNCATED);
	assert_true(disk.lowest == UINT64_MAX);
	world.slots[1].bytes += TREE_BLOCK_BYTES;
	assert_update(world_begin(&world, head), UPDATE_OK);
	free(tree);
	world_image_free(&image);
}

int main(void)
{
#define ON_A_DISK(test) cmocka_unit_test_setup_teardown(test, disk_make, disk_drop)
	const struct CMUnitTest tests[] = {
		ON_A_DISK(transfers_across_the_borders), ON_A_DISK(partitions_behind_2_tib),	   ON_A_DISK(a_box_behind_2_tib),
		ON_A_DISK(an_image_of_more_than_4_gib),	 ON_A_DISK(an_image_larger_than_its_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
