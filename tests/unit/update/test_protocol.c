/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port of a box that is updated: whole bundles, resumption, and guests that lie.
 */
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_disk.h"
#include "update/protocol.h"
#include "world.h"

#define WIRE_BYTES (1u << 20)

static struct model_disk disk;
static struct world world;
static struct test_image v1, v2, v3;
static struct protocol protocol;
static uint8_t wire[WIRE_BYTES];
static size_t wire_bytes;
static char said[65536];
static size_t said_bytes;

static void hear(void *context, const char *line, size_t length)
{
	assert_ptr_equal(context, &world);
	assert_true(length > 1 && line[length - 1] == '\n' && !memchr(line, '\n', length - 1));
	assert_true(said_bytes + length < sizeof(said));
	memcpy(said + said_bytes, line, length);
	said_bytes += length;
	said[said_bytes] = '\0';
}

static void assert_said(const char *text)
{
	if (!strstr(said, text))
		fail_msg("'%s' is not in:\n%s", text, said);
}

static void assert_not_said(const char *text)
{
	if (strstr(said, text))
		fail_msg("'%s' is in:\n%s", text, said);
}

static void start(void)
{
	assert_true(world_boot(&world));
	protocol = (struct protocol){ .install = &world.install, .box = &world.box, .emit = hear, .context = &world };
	said_bytes = 0;
	said[0] = '\0';
	wire_bytes = 0;
	protocol_open(&protocol);
	assert_said("ready 1\n");
}

static int box_open(void **state)
{
	static const struct image_spec specs[] = {
		{ 1, 1, 20, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } },
		{ 2, 2, 20, { 1, 2, 33, 4, 5, 6, 7, 8, 39, 10 } },
		{ 3, 2, 18, { 60, 61, 62, 63, 64 } },
	};

	(void)state;
	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world_image(&world, &specs[1], &v2);
	world_image(&world, &specs[2], &v3);
	world_flash(&world, &v1);
	start();
	return 0;
}

static int box_close(void **state)
{
	(void)state;
	world_image_free(&v1);
	world_image_free(&v2);
	world_image_free(&v3);
	disk_close(&disk);
	return 0;
}

static void put(struct frame frame, const void *body)
{
	assert_true(wire_bytes + FRAME_HEAD_BYTES + frame.body_bytes <= sizeof(wire));
	frame_write(&frame, wire + wire_bytes);
	if (frame.body_bytes)
		memcpy(wire + wire_bytes + FRAME_HEAD_BYTES, body, frame.body_bytes);
	wire_bytes += FRAME_HEAD_BYTES + frame.body_bytes;
}

static void put_word(enum frame_type type)
{
	put((struct frame){ .type = type, .number = type == FRAME_START ? FRAME_VERSION : 0 }, NULL);
}

static void put_manifest(const struct test_image *image)
{
	put((struct frame){ .type = FRAME_MANIFEST, .body_bytes = MANIFEST_BYTES_TOTAL }, image->bytes);
}

static void put_tree(const struct test_image *image)
{
	uint32_t count = (uint32_t)(image->manifest.tree_bytes / FRAME_BLOCK_BYTES);

	put((struct frame){ .type = FRAME_TREE, .blocks = count, .body_bytes = count * FRAME_BLOCK_BYTES },
	    image->bytes + image->manifest.tree_offset);
}

static void put_leaf(const struct test_image *image, uint64_t number)
{
	uint8_t block[FRAME_BLOCK_BYTES];

	put((struct frame){ .type = FRAME_LEAVES, .blocks = 1, .number = number, .body_bytes = FRAME_BLOCK_BYTES },
	    test_image_leaf(image, number, block));
}

static void put_bundle(const struct test_image *image)
{
	put_word(FRAME_START);
	put_manifest(image);
	put_tree(image);
	for (uint64_t i = 0; i < image->manifest.leaf_count; i++)
		put_leaf(image, i);
	put_word(FRAME_FINISH);
}

/* In pieces of any size, as a port gives them; each from memory of its own. */
static void send(size_t piece)
{
	size_t at = 0;

	while (at < wire_bytes) {
		size_t count = wire_bytes - at < piece ? wire_bytes - at : piece;
		uint8_t *copy = malloc(count);
		size_t taken;

		memcpy(copy, wire + at, count);
		taken = protocol_take(&protocol, copy, count);
		free(copy);
		assert_true(taken <= count);
		at += taken;
		if (taken < count)
			assert_true(protocol_work(&protocol));
	}
	while (protocol_work(&protocol))
		;
	wire_bytes = 0;
}

static void assert_runs(uint16_t version)
{
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.verdict.version >> 48, version);
}

static void a_bundle_is_simply_written(void **state)
{
	static const size_t pieces[] = { 1, 23, 24, 25, 4096, 100000, WIRE_BYTES };

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		box_close(NULL);
		box_open(NULL);
		put_bundle(&v2);
		send(pieces[i]);
		assert_said("manifest 2.2.3 2 20 1 0\n");
		assert_said("progress 100 ");
		assert_said("done b\n");
		assert_not_said("error");
		assert_runs(2);
	}
}

static void progress_only_grows(void **state)
{
	unsigned long last = 0, percent, synced, total;
	const char *at = said;

	(void)state;
	put_bundle(&v3);
	send(5000);
	while ((at = strstr(at, "progress "))) {
		assert_int_equal(sscanf(at, "progress %lu %lu %lu", &percent, &synced, &total), 3);
		assert_true(percent > last && percent <= 100);
		if (percent == 100)
			assert_non_null(strstr(at, "done"));
		last = percent;
		at++;
	}
	assert_int_equal(last, 100);
}

static void only_what_is_missing_is_sent(void **state)
{
	(void)state;
	put_word(FRAME_START);
	put_manifest(&v2);
	put_tree(&v2);
	put_word(FRAME_QUERY);
	send(WIRE_BYTES);
	assert_said("missing 2 1\n");
	assert_said("missing 8 1\n");
	/* ten leaves of zeros are there on an empty disk; the other slot has eight */
	assert_said("queried 2 8\n");
	put_leaf(&v2, 8);
	put_leaf(&v2, 2);
	put_word(FRAME_FINISH);
	send(WIRE_BYTES);
	assert_said("done b\n");
	assert_runs(2);
}

static void a_cut_update_goes_on(void **state)
{
	(void)state;
	put_word(FRAME_START);
	put_manifest(&v3);
	put_tree(&v3);
	for (uint64_t i = 0; i < 3; i++)
		put_leaf(&v3, i);
	put_leaf(&v3, 10);
	put_word(FRAME_FINISH);
	send(777);
	assert_said("missing 3 1\nerror INCOMPLETE");
	assert_runs(1);
	start();
	put_word(FRAME_START);
	put_manifest(&v3);
	put_word(FRAME_QUERY);
	send(777);
	/* the tree is there, and what is zero was on the empty disk */
	assert_said("manifest 3.2.3 2 18 1 1\n");
	assert_said("missing 3 2\n");
	assert_said("queried 2 0\n");
	put_leaf(&v3, 3);
	put_leaf(&v3, 4);
	put_word(FRAME_FINISH);
	send(777);
	assert_said("done b\n");
	assert_runs(3);
}

static void a_bad_block_is_not_the_end(void **state)
{
	(void)state;
	put_word(FRAME_START);
	put_manifest(&v2);
	put_tree(&v2);
	for (uint64_t i = 0; i < v2.manifest.leaf_count; i++)
		put_leaf(&v2, i);
	for (size_t i = 12; i <= 13; i++) /* leaves 8 and 7 */
		wire[wire_bytes - (i - 1) * (FRAME_HEAD_BYTES + FRAME_BLOCK_BYTES) - 1] ^= 1;
	put_word(FRAME_FINISH);
	send(4096);
	assert_said("error BLOCK_ALTERED");
	assert_null(strstr(strstr(said, "error BLOCK_ALTERED") + 1, "error BLOCK_ALTERED"));
	assert_said("missing 7 1\nerror INCOMPLETE");
	assert_runs(1);
	start();
	put_bundle(&v2);
	send(4096);
	assert_said("done b");
}

static void packed_rubbish_is_refused(void **state)
{
	uint8_t rubbish[100];

	(void)state;
	memset(rubbish, 0xAB, sizeof(rubbish));
	put_word(FRAME_START);
	put_manifest(&v2);
	put_tree(&v2);
	put((struct frame){ .type = FRAME_LEAVES, .encoding = FRAME_LZ4, .blocks = 16, .body_bytes = sizeof(rubbish) }, rubbish);
	send(64);
	assert_said("error BLOCK_ALTERED");
}

/* Whatever is in a bundle, nothing is written before its manifest is accepted. */
static void refuse(const struct test_image *image, const char *error)
{
	unsigned int writes;

	start();
	writes = disk.writes;
	put_bundle(image);
	send(4096);
	assert_said(error);
	assert_not_said("manifest");
	assert_null(strstr(strstr(said, "error") + 1, "error"));
	assert_int_equal(disk.writes, writes);
}

static void bad_images_are_refused_at_the_manifest(void **state)
{
	static const struct image_spec old = { 0, 9, 20, { 9, 8, 7 } };
	static const struct image_spec insecure = { 9, 0, 20, { 9, 8, 7 } };
	struct test_image image;

	(void)state;
	refuse(&v1, "error SAME ");
	v2.bytes[300] ^= 1;
	refuse(&v2, "error SIGNATURE_INVALID ");
	v2.bytes[300] ^= 1;
	world_image(&world, &insecure, &image);
	refuse(&image, "error SECURITY_VERSION ");
	world_image_free(&image);
	world_image(&world, &old, &image);
	refuse(&image, "error OLDER ");
	world_image_free(&image);
}

static void lost_bytes_end_the_dialogue(void **state)
{
	(void)state;
	put_word(FRAME_START);
	put_manifest(&v2);
	wire[FRAME_HEAD_BYTES] ^= 1;
	put_bundle(&v2);
	send(100);
	assert_said("error FRAME_MAGIC");
	assert_not_said("manifest");
	protocol_open(&protocol);
	put_bundle(&v2);
	send(100);
	assert_said("done b");
}

static void order_is_kept(void **state)
{
	static const enum frame_type first[] = { FRAME_MANIFEST, FRAME_QUERY, FRAME_FINISH };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		start();
		if (first[i] == FRAME_MANIFEST)
			put_manifest(&v2);
		else
			put_word(first[i]);
		send(4096);
		assert_said("error ORDER");
	}
	start();
	put_word(FRAME_START);
	put_manifest(&v2);
	put_leaf(&v2, 0);
	send(4096);
	assert_said("error ORDER");
	start();
	put_word(FRAME_START);
	put_manifest(&v2);
	put_tree(&v2);
	put((struct frame){ .type = FRAME_LEAVES, .blocks = 16, .number = UINT32_MAX - 20, .body_bytes = FRAME_MAX_BODY },
	    v2.bytes);
	send(4096);
	assert_said("error BLOCK_PLACE");
}

static void status_confirm_and_back(void **state)
{
	(void)state;
	put_word(FRAME_STATUS);
	send(5);
	assert_said("slot a confirmed\nslot b empty\nrunning a 1.2.3 1 confirmed none 0 1\n");
	put_bundle(&v2);
	send(4096);
	put_word(FRAME_STATUS);
	send(5);
	assert_said("slot b installed\nrunning a 1.2.3 1 confirmed b 3 1\n");
	start();
	put_word(FRAME_STATUS);
	put_word(FRAME_CONFIRM);
	put_word(FRAME_STATUS);
	send(5);
	assert_said("running b 2.2.3 2 unconfirmed b 2 1\nok CONFIRM\n");
	assert_said("running b 2.2.3 2 confirmed none 0 2\n");
	put_word(FRAME_REVERT);
	send(5);
	assert_said("error BELOW_FLOOR");
	put_bundle(&v3);
	send(4096);
	assert_said("done a");
	put_word(FRAME_REVERT);
	put_word(FRAME_STATUS);
	send(4096);
	assert_said("ok REVERT\nslot a failed it was given up");
}

static void an_unconfirmed_image_installs_nothing(void **state)
{
	(void)state;
	put_bundle(&v2);
	send(4096);
	refuse(&v3, "error UNCONFIRMED ");
}

static void a_disk_that_fails_is_told(void **state)
{
	(void)state;
	disk.fail_write_at = 2;
	put_bundle(&v2);
	send(4096);
	assert_said("error DISK_WRITE");
	assert_runs(1);
	start();
	put_word(FRAME_START);
	put_manifest(&v2);
	put_tree(&v2);
	put_word(FRAME_QUERY);
	send(4096);
	disk.fail_read_from = WORLD_SLOT_OFFSET(SLOT_B) + IMAGE_PAYLOAD_OFFSET;
	disk.fail_read_to = disk.fail_read_from + 1;
	put_leaf(&v2, 2);
	put_leaf(&v2, 8);
	put_word(FRAME_FINISH);
	send(4096);
	assert_said("error DISK_READ");
	disk.fail_read_to = 0;
	assert_runs(1);
}

/* One call must not keep the box: neither with words of 24 bytes that mean a signature and a megabyte read, nor with packed blocks. */
static size_t flood(void)
{
	size_t taken;

	disk.reads = 0;
	taken = protocol_take(&protocol, wire, wire_bytes);
	assert_true(taken && taken < wire_bytes);
	wire_bytes = 0;
	while (protocol_work(&protocol))
		;
	return taken;
}

static void put_zeros(uint32_t blocks)
{
	static const uint8_t zeros[FRAME_MAX_BODY];
	char packed[FRAME_BLOCK_BYTES];
	int count = LZ4_compress_default((const char *)zeros, packed, (int)(blocks * FRAME_BLOCK_BYTES), sizeof(packed));

	put((struct frame){ .type = FRAME_LEAVES, .encoding = FRAME_LZ4, .blocks = blocks, .body_bytes = (uint32_t)count }, packed);
}

static void a_flood_is_taken_in_small_pieces(void **state)
{
	static const struct image_spec zeros = { 2, 2, 20, { 0 } };
	static uint8_t rubbish[KEYRING_FILE_BYTES];
	static const enum frame_type words[] = { FRAME_REVERT, FRAME_CONFIRM, FRAME_KEYRING };
	struct test_image image;

	put_bundle(&v2);
	send(4096);
	start();
	put_word(FRAME_CONFIRM);
	send(5);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t body = words[i] == FRAME_KEYRING ? KEYRING_FILE_BYTES : 0;

		while (wire_bytes < WIRE_BYTES / 2)
			put((struct frame){ .type = words[i], .body_bytes = body }, rubbish);
		assert_int_equal(flood(), FRAME_HEAD_BYTES + body);
	}
	while (wire_bytes < WIRE_BYTES / 2)
		put_word(FRAME_STATUS);
	assert_int_equal(flood(), PROTOCOL_WORK * FRAME_HEAD_BYTES);
	box_close(NULL);
	box_open(NULL);
	world_image(&world, &zeros, &image);
	put_word(FRAME_START);
	put_manifest(&image);
	put_tree(&image);
	send(4096);
	for (uint32_t i = 0; i < 100; i++)
		put_zeros(5);
	flood();
	assert_true(disk.reads < 3 * PROTOCOL_WORK);
	assert_not_said("error");
	world_image_free(&image);
}

/* Who has nothing to go back to is told so without the other slot being read. */
static void no_way_back_costs_nothing(void **state)
{
	disk.reads = 0;
	put_word(FRAME_REVERT);
	send(24);
	assert_said("error NOTHING_TO_GO_BACK_TO");
	assert_int_equal(disk.reads, 0);
	put_bundle(&v2);
	send(4096);
	disk.reads = 0;
	put_word(FRAME_REVERT);
	send(24);
	assert_said("ok REVERT");
	assert_int_equal(disk.reads, 1); /* the record, read back */
	start();
}

int main(void)
{
#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)
	const struct CMUnitTest tests[] = {
		ON_A_BOX(a_bundle_is_simply_written),
		ON_A_BOX(progress_only_grows),
		ON_A_BOX(only_what_is_missing_is_sent),
		ON_A_BOX(a_cut_update_goes_on),
		ON_A_BOX(a_bad_block_is_not_the_end),
		ON_A_BOX(packed_rubbish_is_refused),
		ON_A_BOX(bad_images_are_refused_at_the_manifest),
		ON_A_BOX(lost_bytes_end_the_dialogue),
		ON_A_BOX(order_is_kept),
		ON_A_BOX(status_confirm_and_back),
		ON_A_BOX(an_unconfirmed_image_installs_nothing),
		ON_A_BOX(a_disk_that_fails_is_told),
		ON_A_BOX(a_flood_is_taken_in_small_pieces),
		ON_A_BOX(no_way_back_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
