/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks that TUF (specification 1.0, section 1.5.2) and Uptane (standard 2.0, section 4.2) list, on images, each as a test of its name;
 * those on keyrings are in test_keyring_file.c, those that need slots in tests/unit/update. Sizes at 2 and 4 GiB.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"

static struct fixture f;

static int set_up(void **state)
{
	fixture_open(&f);
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(&f);
	return 0;
}

/* TUF: "an attacker installs anything they want": nothing of a key that is not the box's. */
static void arbitrary_software(void **state)
{
	struct private_key stranger;
	struct trusted_key public;

	fixture_key(KEY_ECDSA_P256, KEY_RELEASE, &stranger, &public);
	memset(f.bytes + SIGNATURE_AREA_OFFSET, 0, SIGNATURE_AREA_BYTES);
	fixture_sign_also(&f, &stranger);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY);
	/* claiming the box's key id */
	memcpy(f.bytes + SIGNATURE_AREA_OFFSET + 8, f.key.key_id, KEY_ID_BYTES);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_INVALID);
}

/* TUF: rollback: an old image with a known hole, rightly signed in its time. */
static void rollback(void **state)
{
	f.policy.security_version_floor = f.manifest.security_version + 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_SECURITY_VERSION);
	f.policy.security_version_floor = UINT32_MAX;
	assert_error(fixture_verify(&f), IMAGE_ERROR_SECURITY_VERSION);
	f.policy.security_version_floor = f.manifest.security_version;
	assert_error(fixture_verify(&f), IMAGE_OK);
}

/* TUF: endless data: nothing behind the sizes that are signed is read, or a source that grows is one byte too long. */
static uint64_t highest;

static bool endless_read(const void *context, uint64_t offset, void *to, uint64_t count)
{
	uint64_t end = offset + count;

	highest = end > highest ? end : highest;
	memset(to, 0xEE, (size_t)count);
	if (offset < FIXTURE_IMAGE_BYTES)
		memcpy(to, f.bytes + offset, (size_t)(end <= FIXTURE_IMAGE_BYTES ? count : FIXTURE_IMAGE_BYTES - offset));
	return true;
}

static void endless_data(void **state)
{
	f.source = (struct image_source){ .size = UINT64_MAX, .read = endless_read };
	assert_error(fixture_verify(&f), IMAGE_ERROR_TRAILING);
	f.source.is_slot = true;
	highest = 0;
	assert_error(fixture_verify(&f), IMAGE_OK);
	assert_int_equal(highest, FIXTURE_IMAGE_BYTES);
}

/* TUF: mix and match: a manifest and a payload that were never together, both genuine. */
static void mix_and_match(void **state)
{
	uint8_t *older = malloc(FIXTURE_IMAGE_BYTES);

	assert_non_null(older);
	memcpy(older, f.bytes, FIXTURE_IMAGE_BYTES);
	f.bytes[IMAGE_PAYLOAD_OFFSET + 5000] ^= 0x55;
	f.manifest.version_patch++;
	fixture_seal(&f);
	assert_error(fixture_verify(&f), IMAGE_OK);
	memcpy(f.bytes + IMAGE_PAYLOAD_OFFSET, older + IMAGE_PAYLOAD_OFFSET, FIXTURE_PAYLOAD_BYTES);
	assert_error(fixture_verify(&f), IMAGE_ERROR_PAYLOAD_ALTERED);
	memcpy(f.bytes, older, SIGNATURE_AREA_OFFSET); /* the older manifest under the newer signature */
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_INVALID);
	free(older);
}

/* TUF: wrong software installation; Uptane: another ECU's image: rightly signed, for another partition, product or board. */
static void wrong_software(void **state)
{
	f.policy.role_uuid[15] ^= 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_ROLE);
	f.policy.role_uuid[15] ^= 1;
	f.policy.product_uuid[0] ^= 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_PRODUCT);
	f.policy.product_uuid[0] ^= 1;
	f.policy.hardware_revision = f.manifest.hardware_max + 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_HARDWARE);
	f.policy.hardware_revision = f.manifest.hardware_min - 1;
	assert_error(fixture_verify(&f), IMAGE_ERROR_HARDWARE);
}

/* TUF: malicious mirrors and Uptane's "deny functionality": what is refused leaves nothing accepted behind, and the next good one passes. */
static void a_bad_copy_first(void **state)
{
	static uint8_t room[FIXTURE_PAYLOAD_BYTES];

	f.bytes[80] ^= 1;
	assert_int_not_equal(fixture_verify(&f), IMAGE_OK);
	assert_false(f.result.is_manifest_accepted);
	assert_int_not_equal(image_load_payload(&f.source, room, &f.result, NULL), IMAGE_OK);
	f.bytes[80] ^= 1;
	assert_error(fixture_verify(&f), IMAGE_OK);
}

/* TUF: key compromise: a key that may sign for one partition only is of no use for another. */
static void a_compromised_key_of_another_partition(void **state)
{
	f.key.partition_count = 1;
	memset(f.key.partitions[0], 0x77, UUID_BYTES);
	assert_error(fixture_verify(&f), IMAGE_ERROR_KEY_PARTITION);
}

/* A compromised key that has been revoked, still in the image, alone and beside a good one. */
static void a_revoked_key(void **state)
{
	struct private_key stolen;
	struct trusted_key public;
	uint8_t revoked[1][KEY_ID_BYTES];

	fixture_key(KEY_ECDSA_P384, KEY_RELEASE, &stolen, &public);
	memcpy(revoked[0], public.key_id, KEY_ID_BYTES);
	f.keyring.revoked = (const uint8_t(*)[KEY_ID_BYTES])revoked;
	f.keyring.revoked_count = 1;
	fixture_sign_also(&f, &stolen);
	assert_error(fixture_verify(&f), IMAGE_OK);
	memset(f.bytes + SIGNATURE_AREA_OFFSET, 0, SIGNATURE_AREA_BYTES);
	fixture_sign_also(&f, &stolen);
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_REVOKED);
	/* even if a keyring had it in both lists, which no parser lets through */
	f.keyring.keys = &public;
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_REVOKED);
}

/* A signature that roots made over a keyring does not sign an image: the purposes are in what is hashed. */
static void a_signature_for_something_else(void **state)
{
	static const char other[] = "nestbox-keyring-v1";
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], signature[CRYPTO_MAX_SIGNATURE_BYTES];
	struct crypto_hash hash;

	crypto_hash_start(&hash, HASH_SHA384);
	crypto_hash_update(&hash, other, sizeof(other));
	crypto_hash_update(&hash, f.bytes, MANIFEST_SIGNED_BYTES);
	assert_true(crypto_hash_finish(&hash, digest));
	assert_int_equal(private_key_sign(&f.private_key, digest, signature), EXIT_OK);
	memcpy(f.bytes + SIGNATURE_AREA_OFFSET + 4 + SIGNATURE_HEADER_BYTES, signature, crypto_signature_bytes(KEY_ECDSA_P256));
	assert_error(fixture_verify(&f), IMAGE_ERROR_SIGNATURE_INVALID);
}

/* A payload of 2 or 4 GiB, a little less, a little more, behind a function that reads: the manifest is accepted if and only if all of it is there. */
static void sizes_around_2_and_4_gib(void **state)
{
	static const uint64_t sizes[] = { (2ull << 30) - 1, 2ull << 30, (2ull << 30) + 1,
					  (4ull << 30) - 1, 4ull << 30, (4ull << 30) + 1 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct manifest *m = &f.manifest;
		uint64_t end = IMAGE_PAYLOAD_OFFSET + sizes[i];

		m->payload_bytes = sizes[i];
		assert_error(manifest_write(m, f.bytes), IMAGE_OK);
		fixture_sign(&f);
		f.source = (struct image_source){ .size = end, .read = endless_read };
		assert_error(image_verify_head(&f.source, &f.policy, &f.result), IMAGE_OK);
		assert_int_equal(f.result.manifest.payload_bytes, sizes[i]);
		assert_int_equal(manifest_image_bytes(&f.result.manifest), end);
		f.source.size = end - 1;
		assert_error(image_verify_head(&f.source, &f.policy, &f.result), IMAGE_ERROR_TRUNCATED);
		f.source.size = (uint32_t)end; /* what 32 bits would make of it */
		if (f.source.size != end)
			assert_error(image_verify_head(&f.source, &f.policy, &f.result), IMAGE_ERROR_TRUNCATED);
		f.source.size = end + 1;
		assert_error(image_verify_head(&f.source, &f.policy, &f.result), IMAGE_ERROR_TRAILING);
	}
}

/* The same with a tree, whose size and place are computed from the payload's. */
static void trees_around_2_and_4_gib(void **state)
{
	static const uint64_t sizes[] = { (2ull << 30) - 4096, 2ull << 30, (2ull << 30) + 1,
					  (4ull << 30) - 1,    4ull << 30, (4ull << 30) + 4097 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct manifest m, back;
		uint64_t leaves = (sizes[i] + 4095) / 4096, blocks = 0;

		fixture_manifest_with_tree(&m);
		for (uint64_t level = leaves; level > 1;)
			blocks += level = (level + 127) / 128;
		m.payload_bytes = sizes[i];
		m.leaf_count = (uint32_t)leaves;
		m.tree_offset = IMAGE_PAYLOAD_OFFSET + leaves * 4096;
		m.tree_bytes = blocks * 4096;
		assert_error(manifest_write(&m, f.bytes), IMAGE_OK);
		assert_error(manifest_parse(f.bytes, MANIFEST_SIGNED_BYTES, &back), IMAGE_OK);
		assert_int_equal(manifest_image_bytes(&back), m.tree_offset + m.tree_bytes);
		m.tree_offset = (uint32_t)m.tree_offset; /* what 32 bits would make of it */
		if (m.tree_offset != back.tree_offset)
			assert_error(manifest_write(&m, f.bytes), IMAGE_ERROR_MANIFEST_TREE_PLACE);
		m.tree_offset = back.tree_offset;
		m.leaf_count--;
		assert_error(manifest_write(&m, f.bytes), IMAGE_ERROR_MANIFEST_LEAF_COUNT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(arbitrary_software, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rollback, set_up, tear_down),
		cmocka_unit_test_setup_teardown(endless_data, set_up, tear_down),
		cmocka_unit_test_setup_teardown(mix_and_match, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_software, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bad_copy_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_compromised_key_of_another_partition, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_revoked_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_signature_for_something_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sizes_around_2_and_4_gib, set_up, tear_down),
		cmocka_unit_test_setup_teardown(trees_around_2_and_4_gib, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
