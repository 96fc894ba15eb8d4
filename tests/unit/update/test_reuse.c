/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update of a real size moves: an image of 64 MiB in pieces such as programs have, one of which changes and grows; everything behind it lies
 * elsewhere. The box's own code finds the rest in the other slot.
 */
#include <stdlib.h>
#include <string.h>

#include "image_sign.h"
#include "image_tree.h"
#include "sparse_disk.h"
#include "world.h"

#define PAYLOAD_BYTES (64u << 20)
#define SLOT_BYTES (80ull << 20)
#define PIECES 60u
#define CHANGED 20u
#define INDEX_ENTRIES 16384u /* as the monitor has */

struct large_image {
	struct manifest manifest;
	uint8_t *bytes;
};

static struct sparse_disk disk;
static struct world world;
static struct large_image images[2];
static uint32_t index_memory[INDEX_ENTRIES];

/* Pieces of 100 KiB to 2 MiB, each from a seed; 1 MiB of zeros at the end. */
static uint64_t payload_fill(uint8_t *payload, unsigned int is_newer)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < PIECES; i++) {
		uint64_t count = (100u << 10) + (i * 37 % PIECES) * (32u << 10), seed = i + 1;

		if (is_newer && i == CHANGED) {
			seed = 1000;
			count += 5000; /* what is behind starts in another block */
		}
		count = (count + TREE_BLOCK_BYTES - 1) / TREE_BLOCK_BYTES * TREE_BLOCK_BYTES;
		assert_true(at + count <= PAYLOAD_BYTES);
		for (uint64_t b = 0; b < count; b += 8) {
			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			memcpy(payload + at + b, &seed, 8);
		}
		at += count;
	}
	return at;
}

static void image_make(unsigned int is_newer)
{
	struct large_image *image = &images[is_newer];
	struct manifest *m = &image->manifest;

	fixture_manifest(m);
	m->version_major = (uint16_t)(is_newer + 1);
	m->payload_bytes = PAYLOAD_BYTES;
	memset(m->payload_digest, 0, sizeof(m->payload_digest));
	assert_true(image_tree_plan(m) && image_tree_salt(m));
	image->bytes = calloc(1, manifest_image_bytes(m));
	assert_non_null(image->bytes);
	assert_true(payload_fill(image->bytes + m->payload_offset, is_newer) > PAYLOAD_BYTES - (8u << 20));
	assert_true(image_tree_make(m, image->bytes + m->payload_offset, image->bytes + m->tree_offset));
	assert_error(manifest_write(m, image->bytes), IMAGE_OK);
	assert_int_equal(head_sign(image->bytes, &world.private_keys[0]), EXIT_OK);
}

/* The older image in slot a, as a factory writes it. */
static int box_open(void **state)
{
	static const struct image_spec placeholder = { 1, 1, 2, { 1, 2 } };
	struct test_image small;

	(void)state;
	sparse_open(&disk, 4 * SLOT_BYTES / 512, 512);
	world_open(&world, &disk.device);
	world.meta_region.first = 0;
	for (unsigned int i = 0; i < 2; i++) {
		world.slots[i] = (struct block_region){ &disk.device, (1 + i) * SLOT_BYTES / 512, SLOT_BYTES };
		image_make(i);
	}
	world_image(&world, &placeholder, &small);
	world_flash(&world, &small);
	assert_true(world_boot(&world));
	world_image_free(&small);
	assert_true(block_write(&world.slots[0], 0, images[0].bytes, manifest_image_bytes(&images[0].manifest)));
	return 0;
}

static int box_close(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		free(images[i].bytes);
	sparse_close(&disk);
	return 0;
}

static uint64_t leaves_send(const struct large_image *image)
{
	const struct manifest *m = &image->manifest;
	static struct leaf_run runs[PAYLOAD_BYTES / TREE_BLOCK_BYTES];
	uint64_t sent = 0;
	size_t count = 0;
	bool is_done = false;

	assert_update(install_scan_start(&world.install), UPDATE_OK);
	while (!is_done) {
		assert_update(install_scan(&world.install, &runs[count], &is_done), UPDATE_OK);
		count += runs[count].count != 0;
	}
	for (size_t i = 0; i < count; i++)
		for (uint64_t n = runs[i].first; n < runs[i].first + runs[i].count; n++, sent++)
			assert_update(install_leaf(&world.install, n, image->bytes + m->payload_offset + n * TREE_BLOCK_BYTES),
				      UPDATE_OK);
	return sent;
}

/* Leaves sent, the tree sent, the manifest: the percentage of the image only grows, and is 100 when the record says so. */
static uint64_t update(void)
{
	const struct manifest *m = &images[1].manifest;
	unsigned int percent = 0, last = 0;
	bool is_done = false;
	uint64_t sent;

	assert_update(world_begin(&world, images[1].bytes), UPDATE_OK);
	assert_update(install_tree_block(&world.install, 0, images[1].bytes + m->tree_offset), UPDATE_OK);
	/* the right block, too early */
	assert_update(install_tree_block(&world.install, 2, images[1].bytes + m->tree_offset + 2 * TREE_BLOCK_BYTES),
		      UPDATE_ERROR_ORDER);
	for (uint64_t i = 0; i < m->tree_bytes / TREE_BLOCK_BYTES; i++)
		assert_update(install_tree_block(&world.install, i, images[1].bytes + m->tree_offset + i * TREE_BLOCK_BYTES),
			      UPDATE_OK);
	sent = leaves_send(&images[1]);
	assert_update(install_finish(&world.install), UPDATE_OK);
	while (!is_done) {
		assert_int_equal(world.meta.writes, 0);
		assert_update(install_check(&world.install, &is_done), UPDATE_OK);
		percent = install_percent(&world.install);
		assert_true(percent >= last && (percent == 100) == is_done);
		last = percent;
	}
	assert_int_equal(world.meta.writes, 1);
	return sent * TREE_BLOCK_BYTES + m->tree_bytes + MANIFEST_BYTES_TOTAL;
}

static void assert_moves(unsigned int entries, uint64_t most_percent)
{
	uint64_t image = manifest_image_bytes(&images[1].manifest) - IMAGE_PAYLOAD_OFFSET, moved;

	world.install.reuse.index = index_memory;
	world.install.reuse.index_entries = entries;
	moved = update();
	print_message("index of %u: %llu of %llu bytes, %.1f %%\n", entries, (unsigned long long)moved, (unsigned long long)image,
		      100.0 * (double)moved / (double)image);
	assert_true(moved * 100 <= image * most_percent && moved > 100u << 10);
}

static void one_program_of_a_64_mib_image(void **state)
{
	(void)state;
	assert_moves(INDEX_ENTRIES, 15);
}

/* As an image of 256 MiB has it, a memory for one leaf in four: what is found once leads to its neighbours. */
static void with_little_memory(void **state)
{
	(void)state;
	assert_moves(INDEX_ENTRIES / 4, 15);
}

static uint64_t bytes_read;
static bool (*sparse_read)(void *context, uint64_t sector, uint32_t count, void *bytes);

static bool counted_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	bytes_read += (uint64_t)count * 512;
	return sparse_read(context, sector, count, bytes);
}

/* What the box reads in one go, which it does while nobody else is served. */
static void assert_read_at_most(uint64_t most)
{
	if (bytes_read > most)
		fail_msg("%llu KiB are read in one go, %llu may be", (unsigned long long)bytes_read >> 10,
			 (unsigned long long)most >> 10);
	bytes_read = 0;
}

static void pieces_of_work_are_small(void **state)
{
	const uint64_t before_payload = IMAGE_PAYLOAD_OFFSET, piece = 256 << 10;
	struct leaf_run run;
	bool is_done = false;

	assert_moves(INDEX_ENTRIES, 15);
	sparse_read = disk.device.read;
	disk.device.read = counted_read;
	bytes_read = 0;
	/* the same again: all of the tree is there */
	assert_update(install_begin(&world.install, images[1].bytes), UPDATE_OK);
	assert_read_at_most(before_payload);
	while (!is_done) {
		assert_update(install_resume(&world.install, &is_done), UPDATE_OK);
		assert_read_at_most(piece);
	}
	assert_int_equal(world.install.phase, INSTALL_LEAVES);
	assert_update(install_scan_start(&world.install), UPDATE_OK);
	assert_read_at_most(piece);
	for (is_done = false; !is_done;) {
		assert_update(install_scan(&world.install, &run, &is_done), UPDATE_OK);
		assert_read_at_most(piece);
	}
}

int main(void)
{
#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)
	const struct CMUnitTest tests[] = { ON_A_BOX(one_program_of_a_64_mib_image), ON_A_BOX(with_little_memory),
					    ON_A_BOX(pieces_of_work_are_small) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
