/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring through the update port of a running box: in force at once and after the next start, in both places; what is refused, and that
 * nothing is written then. Its power cuts are in tests/powercut.
 */
#include <stdlib.h>
#include <string.h>

#include "model_disk.h"
#include "update/protocol.h"
#include "update/rekey.h"
#include "world.h"

#define FIRST 1u /* keys of world_keyring() */
#define SECOND 2u
#define BOTH 3u

static struct model_disk disk;
static struct world world;
static struct test_image v1, v2, v3;
static struct protocol protocol;
static char said[8192];
static size_t said_bytes;
static uint8_t file[KEYRING_FILE_BYTES];

static void hear(void *context, const char *line, size_t length)
{
	assert_true(said_bytes + length < sizeof(said));
	memcpy(said + said_bytes, line, length);
	said_bytes += length;
	said[said_bytes] = '\0';
}

static void start(void)
{
	assert_true(world_boot(&world));
	protocol = (struct protocol){ .install = &world.install, .box = &world.box, .emit = hear };
	protocol_open(&protocol);
}

static int box_open(void **state)
{
	static const struct image_spec specs[] = {
		{ 1, 1, 4, { 1, 2, 3, 4 } },
		{ 2, 1, 4, { 1, 2, 33, 4 } },
		{ 3, 1, 4, { 60, 61, 62, 63 } },
	};

	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world.signer = 1;
	world_image(&world, &specs[1], &v2);
	world_image(&world, &specs[2], &v3);
	world_flash(&world, &v1);
	start();
	return 0;
}

static int box_close(void **state)
{
	world_image_free(&v1);
	world_image_free(&v2);
	world_image_free(&v3);
	disk_close(&disk);
	return 0;
}

/* What a client sends, in odd pieces; *answer is what was said to it. */
static const char *send(const void *body, uint32_t count, enum frame_type type)
{
	const struct frame frame = { .type = type, .number = type == FRAME_START ? FRAME_VERSION : 0, .body_bytes = count };
	uint8_t *wire = malloc(FRAME_HEAD_BYTES + count);
	size_t size = FRAME_HEAD_BYTES + count;

	assert_non_null(wire);
	frame_write(&frame, wire);
	if (count)
		memcpy(wire + FRAME_HEAD_BYTES, body, count);
	said_bytes = 0;
	said[0] = '\0';
	for (size_t at = 0, piece; at < size;) {
		piece = size - at < 777 ? size - at : 777;
		at += protocol_take(&protocol, wire + at, piece);
		while (protocol_work(&protocol))
			;
	}
	free(wire);
	return said;
}

static void assert_answer(const char *answer, const char *expected)
{
	if (strncmp(answer, expected, strlen(expected)))
		fail_msg("'%s' instead of '%s'", answer, expected);
}

static const char *send_keyring(uint64_t version, unsigned int which)
{
	world_keyring(&world, version, which, file);
	return send(file, sizeof(file), FRAME_KEYRING);
}

static uint64_t version_in(unsigned int place)
{
	const struct block_region region = nbmeta_keyring_place(&world.meta, place);
	static uint8_t bytes[KEYRING_FILE_BYTES];
	static struct keyring_file parsed;

	assert_true(block_read(&region, 0, bytes, sizeof(bytes)));
	return keyring_file_verify(bytes, &world.keyring_policy, &parsed) ? 0 : parsed.version;
}

static void refuse(const char *answer, const char *expected)
{
	unsigned int writes = disk.writes;

	assert_answer(answer, expected);
	assert_int_equal(disk.writes, writes);
}

static void install_and_confirm(const struct test_image *image)
{
	assert_update(world_install(&world, image), UPDATE_OK);
	start();
	assert_update(update_confirm(&world.box), UPDATE_OK);
}

static void it_counts_at_once_and_is_settled_by_the_next_start(void **state)
{
	assert_update(world_install(&world, &v2), UPDATE_ERROR_IMAGE);
	assert_answer(send_keyring(1, BOTH), "ok KEYRING\n");
	assert_update(world_install(&world, &v2), UPDATE_OK);
	assert_int_equal(version_in(0), 1);
	assert_int_equal(version_in(1), 0);
	assert_int_equal(world.meta.record.keyring_version, 0);
	start(); /* a try is spent: this start has its write */
	assert_int_equal(world.meta.record.keyring_version, 0);
	assert_update(update_confirm(&world.box), UPDATE_OK);
	start();
	assert_int_equal(version_in(0), 1);
	assert_int_equal(version_in(1), 1);
	assert_int_equal(world.meta.record.keyring_version, 1);
	const unsigned int writes = disk.writes;

	start(); /* the anchor follows, then nothing is left to do */
	assert_int_equal(disk.writes, writes + 1);
	start();
	assert_int_equal(disk.writes, writes + 1);
}

/* Either place may go bad afterwards. */
static void it_is_in_both_places(void **state)
{
	send_keyring(1, BOTH);
	send_keyring(2, BOTH);
	start();
	start();
	for (unsigned int place = 0; place < 2; place++) {
		const struct block_region region = nbmeta_keyring_place(&world.meta, place);

		disk.bytes[region.first * 512 + 3000] ^= 4;
		start();
		assert_int_equal(world.box_keys.keyring->version, 2);
		assert_int_equal(version_in(place), 2); /* mended */
	}
}

/* A whole life without its hypervisor changing: each key is followed by another one, then one is revoked. */
static void three_rotations_and_a_revocation(void **state)
{
	static const struct image_spec spec = { 9, 1, 4, { 5, 6, 7, 8 } };
	struct test_image forged;

	assert_answer(send_keyring(1, BOTH), "ok KEYRING\n"); /* 1: the second key comes */
	install_and_confirm(&v2);
	assert_answer(send_keyring(2, SECOND), "ok KEYRING\n"); /* the first goes */
	start();
	assert_int_equal(world.box_keys.keyring->count, 1);
	for (uint64_t version = 3; version <= 7; version += 2) { /* 2 and 3: a new key in place of the first, and it becomes the only one */
		fixture_key(KEY_ECDSA_P256, KEY_RELEASE, &world.private_keys[0], &world.keys[0]);
		assert_answer(send_keyring(version, BOTH), "ok KEYRING\n");
		start();
		world.signer = 0;
		struct image_spec next = { (uint16_t)(version + 1), 1, 4, { (uint8_t)version, 2, 3, 4 } };
		struct test_image image;

		world_image(&world, &next, &image);
		install_and_confirm(&image);
		world_image_free(&image);
		/* the names change places: `keys[1]` is again the one in use */
		const struct private_key private_key = world.private_keys[1];
		const struct trusted_key key = world.keys[1];

		world.private_keys[1] = world.private_keys[0];
		world.keys[1] = world.keys[0];
		world.private_keys[0] = private_key;
		world.keys[0] = key;
		assert_answer(send_keyring(version + 1, SECOND), "ok KEYRING\n");
		start();
		assert_int_equal(world.meta.record.keyring_version, version + 1);
	}
	world.signer = 0; /* a thief with the key before the last */
	world_image(&world, &spec, &forged);
	assert_update(world_install(&world, &forged), UPDATE_ERROR_IMAGE);
	world_image_free(&forged);
	world_keyring_revoke(&world, 9, file);
	assert_answer(send(file, sizeof(file), FRAME_KEYRING), "ok KEYRING\n");
	refuse(send_keyring(10, BOTH), "error KEYRING_FORGETS "); /* the revoked key does not come back */
	start();
	assert_true(keyring_revokes(world.box_keys.keyring, world.keys[0].key_id));
	assert_int_equal(world.choice.running.verdict.version >> 48, 8);
}

static void older_ones_are_refused(void **state)
{
	assert_answer(send_keyring(5, BOTH), "ok KEYRING\n");
	refuse(send_keyring(4, BOTH), "error KEYRING_OLDER ");
	refuse(send_keyring(5, BOTH), "error KEYRING_OLDER ");
	start();
	refuse(send_keyring(4, BOTH), "error KEYRING_OLDER ");
	assert_int_equal(world.meta.record.keyring_version, 5);
	/* both places are written over with an old one by somebody who has the disk */
	world_keyring(&world, 4, BOTH, file);
	for (unsigned int place = 0; place < 2; place++) {
		const struct block_region region = nbmeta_keyring_place(&world.meta, place);

		assert_true(block_write(&region, 0, file, sizeof(file)));
	}
	start();
	assert_ptr_equal(world.box_keys.keyring, &world.keyring);
	assert_true(world.box_keys.is_degraded);
}

static void strangers_are_refused(void **state)
{
	static struct private_key second;
	struct trusted_key roots[2] = { world.root };

	fixture_key(KEY_ECDSA_P256, KEY_ROOT, &second, &roots[1]);
	world_keyring(&world, 1, BOTH, file);
	for (size_t at = 0; at < sizeof(file); at += at < 512 ? 7 : 1021) {
		file[at] ^= 0x20;
		refuse(send(file, sizeof(file), FRAME_KEYRING), "error ");
		file[at] ^= 0x20;
	}
	world.roots = (struct keyring_roots){ .keys = roots, .count = 2, .threshold = 2 }; /* one signature is not enough */
	refuse(send(file, sizeof(file), FRAME_KEYRING), "error KEYRING_THRESHOLD ");
	world.roots = (struct keyring_roots){ .keys = roots, .count = 2, .threshold = 1 };
	world.policy.product_uuid[0] ^= 1; /* the file is made for another product */
	world_keyring(&world, 1, BOTH, file);
	world.policy.product_uuid[0] ^= 1;
	refuse(send(file, sizeof(file), FRAME_KEYRING), "error KEYRING_PRODUCT ");
	world.roots.count = 0;
	refuse(send_keyring(1, BOTH), "error NO_ROOTS ");
}

static void other_lengths_end_the_dialogue(void **state)
{
	static const uint32_t lengths[] = { 0, 1, KEYRING_SIGNED_BYTES, KEYRING_FILE_BYTES - 1, KEYRING_FILE_BYTES + 1, FRAME_MAX_BODY, UINT32_MAX };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct frame frame = { .type = FRAME_KEYRING, .body_bytes = lengths[i] };
		uint8_t head[FRAME_HEAD_BYTES];

		protocol_open(&protocol);
		said_bytes = 0;
		frame_write(&frame, head);
		assert_int_equal(protocol_take(&protocol, head, sizeof(head)), sizeof(head));
		refuse(said, "error FRAME_LENGTH ");
		assert_int_equal(protocol.state, PROTOCOL_LOST);
	}
}

/* The keyring ends an installation that is under way, and one that starts behind it in the same bundle has the new keys. */
static void in_the_middle_of_a_bundle(void **state)
{
	send(NULL, 0, FRAME_START);
	assert_answer(send(v2.bytes, MANIFEST_BYTES_TOTAL, FRAME_MANIFEST), "error SIGNATURE_UNKNOWN_KEY ");
	send(NULL, 0, FRAME_START);
	assert_answer(send_keyring(1, BOTH), "ok KEYRING\n");
	assert_answer(send(v2.bytes, MANIFEST_BYTES_TOTAL, FRAME_MANIFEST), "manifest 2.");
	assert_answer(send_keyring(2, BOTH), "ok KEYRING\n");
	assert_answer(send(NULL, 0, FRAME_FINISH), "error ORDER ");
}

static void an_image_that_may_go_back_is_not_stranded(void **state)
{
	assert_answer(send_keyring(1, BOTH), "ok KEYRING\n");
	refuse(send_keyring(2, SECOND), "error KEYRING_STRANDS ");
	assert_update(world_install(&world, &v2), UPDATE_OK);
	start();
	refuse(send_keyring(2, SECOND), "error KEYRING_UNCONFIRMED ");
	assert_update(update_confirm(&world.box), UPDATE_OK);
	assert_answer(send_keyring(2, SECOND), "ok KEYRING\n");
	start();
	assert_int_equal(world.choice.running.verdict.version >> 48, 2);
}

/* The manifest on the disk is not the one that runs any more: then nothing can be promised. */
static void what_the_slot_holds_must_be_what_runs(void **state)
{
	world.box.running.verdict.digest[0] ^= 1;
	refuse(send_keyring(1, BOTH), "error KEYRING_STRANDS ");
}

static void disks_that_fail(void **state)
{
	disk.fail_write_at = 0;
	assert_answer(send_keyring(1, BOTH), "error DISK_WRITE ");
	assert_update(world_install(&world, &v2), UPDATE_ERROR_IMAGE);
	disk.fail_write_at = -1;
	assert_answer(send_keyring(1, BOTH), "ok KEYRING\n");
	disk.loses_writes = true;
	start();
	assert_int_equal(version_in(1), 0);
	assert_int_equal(world.box_keys.keyring->version, 1);
	assert_int_equal(world.meta.record.keyring_version, 0);
	disk.loses_writes = false;
	start();
	assert_int_equal(version_in(1), 1);
	world.meta.is_read_only = true;
	refuse(send_keyring(2, BOTH), "error DISK_WRITE ");
	world.meta.state = NBMETA_FOREIGN;
	refuse(send_keyring(2, BOTH), "error RECORD_FOREIGN ");
	world.box.running.slot = SLOT_NONE;
	refuse(send_keyring(2, BOTH), "error NO_SLOT ");
}

#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BOX(it_counts_at_once_and_is_settled_by_the_next_start),
		ON_A_BOX(it_is_in_both_places),
		ON_A_BOX(three_rotations_and_a_revocation),
		ON_A_BOX(older_ones_are_refused),
		ON_A_BOX(strangers_are_refused),
		ON_A_BOX(other_lengths_end_the_dialogue),
		ON_A_BOX(in_the_middle_of_a_bundle),
		ON_A_BOX(an_image_that_may_go_back_is_not_stranded),
		ON_A_BOX(what_the_slot_holds_must_be_what_runs),
		ON_A_BOX(disks_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
