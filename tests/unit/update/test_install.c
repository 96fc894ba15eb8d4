/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An installation, call by call: nothing before the manifest is accepted, nothing unverified at all,
 * the order of what is written, and what the other slot lends.
 */
#include <string.h>

#include "image_sign.h"
#include "model_disk.h"
#include "world.h"

static struct model_disk disk;
static struct world world;
static struct test_image v1, v2;

/* Some change, some move, some are zero. */
static const struct image_spec specs[] = {
	{ 1, 1, 30, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 } },
	{ 2, 1, 31, { 99, 1, 2, 3, 98, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 } },
};

static int box_open(void **state)
{
	(void)state;
	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world_image(&world, &specs[1], &v2);
	world_flash(&world, &v1);
	assert_true(world_boot(&world));
	return 0;
}

static int box_close(void **state)
{
	(void)state;
	world_image_free(&v1);
	world_image_free(&v2);
	disk_close(&disk);
	return 0;
}

static uint8_t *slot_b(void)
{
	return disk.bytes + WORLD_SLOT_OFFSET(SLOT_B);
}

static const uint8_t *tree_block(const struct test_image *image)
{
	return image->bytes + image->manifest.tree_offset;
}

static enum update_error leaf(uint64_t number)
{
	uint8_t block[TREE_BLOCK_BYTES];

	return install_leaf(&world.install, number, test_image_leaf(&v2, number, block));
}

static void begin(void)
{
	assert_update(world_begin(&world, v2.bytes), UPDATE_OK);
	if (world.install.phase == INSTALL_TREE)
		assert_update(install_tree_block(&world.install, 0, tree_block(&v2)), UPDATE_OK);
	assert_int_equal(world.install.phase, INSTALL_LEAVES);
}

static enum update_error check_to_the_end(void)
{
	enum update_error error = UPDATE_OK;
	bool is_done = false;

	while (!error && !is_done)
		error = install_check(&world.install, &is_done);
	return error;
}

static void the_manifest_comes_last(void **state)
{
	(void)state;
	memset(slot_b(), 0xEE, IMAGE_PAYLOAD_OFFSET);
	begin();
	assert_true(bytes_are_zero(slot_b(), IMAGE_PAYLOAD_OFFSET));
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		assert_update(leaf(i), UPDATE_OK);
	assert_update(install_finish(&world.install), UPDATE_OK);
	assert_true(bytes_are_zero(slot_b(), IMAGE_PAYLOAD_OFFSET));
	assert_int_equal(world.meta.writes, 0);
	assert_update(check_to_the_end(), UPDATE_OK);
	assert_memory_equal(slot_b(), v2.bytes, v2.size);
	assert_int_equal(world.meta.writes, 1);
	assert_int_equal(install_percent(&world.install), 100);
}

static void nothing_out_of_order(void **state)
{
	struct leaf_run run;
	bool is_done;

	(void)state;
	assert_update(install_tree_block(&world.install, 0, tree_block(&v2)), UPDATE_ERROR_ORDER);
	assert_update(leaf(0), UPDATE_ERROR_ORDER);
	assert_update(install_resume(&world.install, &is_done), UPDATE_ERROR_ORDER);
	assert_update(install_scan_start(&world.install), UPDATE_ERROR_ORDER);
	assert_update(install_scan(&world.install, &run, &is_done), UPDATE_ERROR_ORDER);
	assert_update(install_finish(&world.install), UPDATE_ERROR_ORDER);
	assert_update(install_check(&world.install, &is_done), UPDATE_ERROR_ORDER);
	assert_int_equal(install_percent(&world.install), 0);
	assert_update(world_begin(&world, v2.bytes), UPDATE_OK);
	assert_update(install_tree_block(&world.install, 1, tree_block(&v2)), UPDATE_ERROR_BLOCK_PLACE);
	assert_update(leaf(0), UPDATE_ERROR_ORDER);
	assert_update(install_tree_block(&world.install, 0, tree_block(&v1)), UPDATE_ERROR_BLOCK_ALTERED);
	assert_update(install_tree_block(&world.install, 0, tree_block(&v2)), UPDATE_OK);
	assert_update(leaf(31), UPDATE_ERROR_BLOCK_PLACE);
	assert_update(leaf(UINT64_MAX), UPDATE_ERROR_BLOCK_PLACE);
}

/* Every leaf of one image at every place of the other: only the right one is written. */
static void only_the_right_leaf_at_the_right_place(void **state)
{
	uint8_t right[TREE_BLOCK_BYTES], other[TREE_BLOCK_BYTES];

	(void)state;
	begin();
	for (uint64_t at = 0; at < v2.manifest.leaf_count; at++) {
		test_image_leaf(&v2, at, right);
		for (uint64_t from = 0; from < v1.manifest.leaf_count; from++) {
			test_image_leaf(&v1, from, other);
			assert_int_equal(install_leaf(&world.install, at, other) == UPDATE_OK,
					 !memcmp(right, other, sizeof(right)));
		}
		right[at * 100 % TREE_BLOCK_BYTES] ^= 0x10;
		assert_update(install_leaf(&world.install, at, right), UPDATE_ERROR_BLOCK_ALTERED);
	}
}

static void the_other_slot_lends_what_moved(void **state)
{
	(void)state;
	assert_update(world_install(&world, &v2), UPDATE_OK);
	assert_int_equal(world.sent_leaves, 2);
	/* also with no memory for an index, while things stay where they were */
	box_close(NULL);
	box_open(NULL);
	world.install.reuse.index_entries = 0;
	assert_update(world_install(&world, &v2), UPDATE_OK);
	assert_true(world.sent_leaves > 2);
}

/* A small index forgets; what it forgets is found beside what it found. */
static void a_small_index_is_enough(void **state)
{
	(void)state;
	world.install.reuse.index_entries = 16;
	assert_update(world_install(&world, &v2), UPDATE_OK);
	assert_in_range(world.sent_leaves, 2, 6);
}

/* The other slot's tree says where to look; what is there is hashed. */
static void an_altered_lender_lends_nothing_wrong(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 30; i += 3)
		disk.bytes[WORLD_SLOT_OFFSET(SLOT_A) + IMAGE_PAYLOAD_OFFSET + i * TREE_BLOCK_BYTES] ^= 1;
	assert_update(world_install(&world, &v2), UPDATE_OK);
	assert_true(world.sent_leaves > 2);
	assert_memory_equal(slot_b(), v2.bytes, v2.size);
	box_close(NULL);
	box_open(NULL);
	disk.bytes[WORLD_SLOT_OFFSET(SLOT_A) + v1.manifest.tree_offset] ^= 1;
	assert_update(world_install(&world, &v2), UPDATE_OK);
	assert_memory_equal(slot_b(), v2.bytes, v2.size);
}

/* What is on the disk is not trusted because it was written. */
static void what_changed_behind_our_back_is_found(void **state)
{
	(void)state;
	begin();
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		assert_update(leaf(i), UPDATE_OK);
	assert_update(install_finish(&world.install), UPDATE_OK);
	slot_b()[IMAGE_PAYLOAD_OFFSET + 17 * TREE_BLOCK_BYTES + 5] ^= 4;
	assert_update(check_to_the_end(), UPDATE_ERROR_INCOMPLETE);
	assert_int_equal(world.install.at, 17);
	assert_int_equal(world.meta.writes, 0);
	assert_true(bytes_are_zero(slot_b(), MANIFEST_BYTES_TOTAL));
	assert_update(leaf(17), UPDATE_OK);
	assert_update(install_finish(&world.install), UPDATE_OK);
	assert_update(check_to_the_end(), UPDATE_OK);
}

static void a_disk_that_lies_commits_nothing(void **state)
{
	(void)state;
	begin();
	disk.loses_writes = true;
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		assert_update(leaf(i), UPDATE_OK);
	assert_update(install_finish(&world.install), UPDATE_OK);
	assert_update(check_to_the_end(), UPDATE_ERROR_INCOMPLETE);
	disk.loses_writes = false;
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		assert_update(leaf(i), UPDATE_OK);
	assert_update(install_finish(&world.install), UPDATE_OK);
	disk.loses_writes = true;
	assert_update(check_to_the_end(), UPDATE_ERROR_RECORD_READ_BACK);
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.slot, SLOT_A);
}

/* The manifest that is there in the end must be the one that was written, not another good one of the same payload. */
static void a_disk_with_another_manifest_commits_nothing(void **state)
{
	struct image_spec spec = specs[1];
	struct test_image twin;

	(void)state;
	spec.version = 9;
	world_image(&world, &spec, &twin);
	begin();
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		assert_update(leaf(i), UPDATE_OK);
	assert_update(install_finish(&world.install), UPDATE_OK);
	memcpy(slot_b(), twin.bytes, MANIFEST_BYTES_TOTAL);
	disk.loses_writes = true;
	assert_update(check_to_the_end(), UPDATE_ERROR_RECORD_READ_BACK);
	assert_int_equal(world.meta.writes, 0);
	world_image_free(&twin);
}

/* Each write in turn fails: an error, never a commit, and the next attempt goes through. */
static void each_write_may_fail(void **state)
{
	unsigned int at = 0;
	enum update_error error;

	do {
		box_close(state);
		box_open(state);
		disk.fail_write_at = at++;
		error = world_install(&world, &v2);
		if (error) {
			assert_update(error, UPDATE_ERROR_DISK_WRITE);
			disk.fail_write_at = -1;
			assert_true(world_boot(&world));
			assert_int_equal(world.choice.running.slot, SLOT_A);
			assert_update(world_install(&world, &v2), UPDATE_OK);
		}
	} while (error);
	assert_true(at > 5);
}

static void an_image_without_a_tree_is_refused(void **state)
{
	struct manifest *m = &v2.manifest;
	unsigned int writes = disk.writes;

	(void)state;
	m->tree_bytes = m->tree_offset = m->leaf_count = 0;
	m->leaf_log2 = 0;
	memset(m->root_hash, 0, sizeof(m->root_hash));
	memset(m->salt, 0, sizeof(m->salt));
	memset(m->payload_digest, 1, 32);
	assert_error(manifest_write(m, v2.bytes), IMAGE_OK);
	memset(v2.bytes + SIGNATURE_AREA_OFFSET, 0, SIGNATURE_AREA_BYTES);
	assert_int_equal(head_sign(v2.bytes, &world.private_keys[0]), EXIT_OK);
	assert_update(install_begin(&world.install, v2.bytes), UPDATE_ERROR_NO_TREE);
	assert_int_equal(disk.writes, writes);
}

int main(void)
{
#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)
	const struct CMUnitTest tests[] = {
		ON_A_BOX(the_manifest_comes_last),
		ON_A_BOX(nothing_out_of_order),
		ON_A_BOX(only_the_right_leaf_at_the_right_place),
		ON_A_BOX(the_other_slot_lends_what_moved),
		ON_A_BOX(a_small_index_is_enough),
		ON_A_BOX(an_altered_lender_lends_nothing_wrong),
		ON_A_BOX(what_changed_behind_our_back_is_found),
		ON_A_BOX(a_disk_that_lies_commits_nothing),
		ON_A_BOX(a_disk_with_another_manifest_commits_nothing),
		ON_A_BOX(each_write_may_fail),
		ON_A_BOX(an_image_without_a_tree_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
