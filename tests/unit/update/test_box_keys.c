/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a box over its life: three rotations and a revocation without its hypervisor changing, power cut at every 512 bytes of each, disks
 * that fail, and keyrings that would leave the box without its image.
 */
#include "keyring_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "model_disk.h"
#include "update/box_keys.h"
#include "update/nbmeta.h"

#define PLACE(n) ((n) * (uint64_t)NBMETA_PLACE_BYTES)

static struct keyring_fixture f;
static struct model_disk disk;
static struct block_region places[2];
static struct trusted_key built_in_key;
static struct keyring built_in;
static struct box_keys keys;
static enum image_error why;

static void boot(void)
{
	box_keys_load(&keys, places, &f.policy, &built_in);
}

static int set_up(void **state)
{
	keyring_fixture_open(&f);
	f.policy.version_floor = f.roots.version_floor = 0;
	disk_open(&disk, PLACE(2), 512);
	for (unsigned int i = 0; i < 2; i++)
		places[i] = disk_region(&disk, PLACE(i), NBMETA_PLACE_BYTES);
	built_in_key = f.file.keys[0];
	built_in = (struct keyring){ .keys = &built_in_key, .count = 1 };
	boot();
	return 0;
}

static int tear_down(void **state)
{
	disk_close(&disk);
	return 0;
}

static enum update_error install(uint64_t version)
{
	f.file.version = version;
	keyring_fixture_seal(&f);
	return box_keys_install(&keys, f.bytes, NULL, &why);
}

static void a_box_without_a_keyring(void **state)
{
	assert_ptr_equal(keys.keyring, &built_in);
	assert_false(keys.is_degraded);
}

/* Key after key; each boot reads what the one before left. */
static void three_rotations_and_a_revocation(void **state)
{
	struct private_key stolen = f.image_keys[1];
	uint8_t old_id[KEY_ID_BYTES];

	for (uint64_t version = 1; version <= 4; version++) {
		memcpy(old_id, f.file.keys[1].key_id, KEY_ID_BYTES);
		stolen = f.image_keys[1];
		fixture_key(KEY_ECDSA_P256, KEY_DEV, &f.image_keys[1], &f.file.keys[1]);
		if (version == 4)
			memcpy(f.file.revoked[f.file.revoked_count++], old_id, KEY_ID_BYTES);
		assert_int_equal(install(version), UPDATE_OK);
		boot();
		assert_int_equal(keys.keyring->version, version);
		assert_int_equal(keys.newest, (version - 1) % 2);
		assert_non_null(keyring_find(keys.keyring, f.file.keys[1].key_id));
		assert_null(keyring_find(keys.keyring, old_id));
		assert_false(keys.is_degraded);
	}
	assert_true(keyring_revokes(keys.keyring, stolen.public.key_id));
	f.file.revoked_count--; /* a keyring that forgets */
	memset(f.file.revoked[f.file.revoked_count], 0, KEY_ID_BYTES);
	assert_int_equal(install(5), UPDATE_ERROR_KEYRING);
	assert_error(why, IMAGE_ERROR_KEYRING_FORGETS);
	boot();
	assert_int_equal(keys.keyring->version, 4);
}

static void older_ones_are_refused(void **state)
{
	assert_int_equal(install(7), UPDATE_OK);
	for (uint64_t version = 6; version <= 7; version++) {
		assert_int_equal(install(version), UPDATE_ERROR_KEYRING);
		assert_error(why, IMAGE_ERROR_KEYRING_OLDER);
	}
	assert_int_equal(keys.keyring->version, 7);
	f.policy.version_floor = 9; /* as the slot record remembers it */
	boot();
	assert_ptr_equal(keys.keyring, &built_in);
	assert_true(keys.is_degraded);
	assert_int_equal(install(8), UPDATE_ERROR_KEYRING);
	assert_int_equal(install(9), UPDATE_OK);
	assert_false(keys.is_degraded);
}

static void refused_ones_are_not_written(void **state)
{
	unsigned int writes;

	assert_int_equal(install(1), UPDATE_OK);
	writes = disk.writes;
	f.file.version = 2;
	keyring_fixture_seal(&f);
	for (size_t at = 0; at < KEYRING_FILE_BYTES; at += 97) {
		f.bytes[at] ^= 0x10;
		assert_int_equal(box_keys_install(&keys, f.bytes, NULL, &why), UPDATE_ERROR_KEYRING);
		f.bytes[at] ^= 0x10;
	}
	assert_int_equal(disk.writes, writes);
	assert_int_equal(keys.keyring->version, 1);
	assert_int_equal(box_keys_install(&keys, f.bytes, NULL, &why), UPDATE_OK);
}

/* The new keyring is there up to some sector; the old one or the new one counts, and nothing else. */
static void power_cuts(void **state)
{
	uint8_t *before = malloc(PLACE(2)), *after = malloc(PLACE(2));

	assert_true(before && after);
	assert_int_equal(install(1), UPDATE_OK);
	for (uint64_t version = 2; version <= 4; version++) {
		memcpy(before, disk.bytes, PLACE(2));
		assert_int_equal(install(version), UPDATE_OK);
		memcpy(after, disk.bytes, PLACE(2));
		const size_t start = PLACE(keys.newest);
		for (size_t cut = 0; cut <= KEYRING_FILE_BYTES; cut += 512) {
			uint64_t expected;

			memcpy(disk.bytes, before, PLACE(2));
			memcpy(disk.bytes + start, after + start, cut);
			expected = memcmp(disk.bytes, after, PLACE(2)) ? version - 1 : version;
			boot();
			assert_int_equal(keys.keyring->version, expected);
		}
		memcpy(disk.bytes, after, PLACE(2));
		boot();
	}
	free(before);
	free(after);
}

static void disks_that_fail(void **state)
{
	assert_int_equal(install(1), UPDATE_OK);
	disk.fail_write_at = 0;
	assert_int_equal(install(2), UPDATE_ERROR_DISK_WRITE);
	assert_int_equal(keys.keyring->version, 1);
	disk.fail_write_at = -1;
	disk.loses_writes = true; /* says yes, and has written nothing */
	assert_int_equal(install(2), UPDATE_ERROR_DISK_READ);
	assert_int_equal(keys.keyring->version, 1);
	disk.loses_writes = false;
	assert_int_equal(install(2), UPDATE_OK);
	disk.fail_read_from = PLACE(1); /* the newer place cannot be read: the older one counts */
	disk.fail_read_to = PLACE(2);
	boot();
	assert_int_equal(keys.keyring->version, 1);
	disk.fail_read_from = 0;
	boot();
	assert_ptr_equal(keys.keyring, &built_in);
	assert_true(keys.is_degraded);
}

/* The image that runs is signed by a key of the old keyring only. */
static void a_keyring_that_strands_the_image(void **state)
{
	static struct fixture image;
	static struct verify_result scratch;
	struct box_keys_running running = { .policy = &image.policy, .scratch = &scratch };
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	fixture_open(&image);
	assert_true(signature_digest(image.bytes, digest));
	running.source = (struct image_source){ .bytes = image.bytes, .size = UINT64_MAX, .is_slot = true };
	running.digest = digest;
	assert_int_equal(install(1), UPDATE_OK);
	f.file.version = 2;
	keyring_fixture_seal(&f);
	assert_int_equal(box_keys_install(&keys, f.bytes, &running, &why), UPDATE_ERROR_KEYRING_STRANDS);
	assert_int_equal(keys.keyring->version, 1);
	f.file.keys[1] = image.key;
	keyring_fixture_seal(&f);
	assert_int_equal(box_keys_install(&keys, f.bytes, &running, &why), UPDATE_OK);
	assert_int_equal(keys.keyring->version, 2);
	fixture_close(&image);
}

/* Without roots there is nobody to believe: the built-in keys stay. */
static void a_box_without_roots(void **state)
{
	f.roots.count = 0;
	boot();
	assert_int_equal(install(1), UPDATE_ERROR_KEYRING);
	assert_error(why, IMAGE_ERROR_KEYRING_ROOTS);
	assert_ptr_equal(keys.keyring, &built_in);
}

#define KEYS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEYS_TEST(a_box_without_a_keyring),
		KEYS_TEST(three_rotations_and_a_revocation),
		KEYS_TEST(older_ones_are_refused),
		KEYS_TEST(refused_ones_are_not_written),
		KEYS_TEST(power_cuts),
		KEYS_TEST(disks_that_fail),
		KEYS_TEST(a_keyring_that_strands_the_image),
		KEYS_TEST(a_box_without_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
