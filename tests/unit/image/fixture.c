/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image that tests damage.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image_sign.h"
#include "image_tree.h"

void fixture_key(uint32_t algorithm, uint32_t role, struct private_key *private,
		 struct trusted_key *public)
{
	char pem[PRIVATE_KEY_PEM_BYTES];

	assert_int_equal(private_key_make(algorithm, private, pem), EXIT_OK);
	*public = private->public;
	public->role = role;
}

void fixture_manifest(struct manifest *m)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->magic, MANIFEST_MAGIC, sizeof(m->magic));
	m->format_major = 1;
	m->signed_bytes = MANIFEST_SIGNED_BYTES;
	memset(m->image_uuid, 0x11, UUID_BYTES);
	memset(m->product_uuid, 0x22, UUID_BYTES);
	memset(m->role_uuid, 0x33, UUID_BYTES);
	m->hardware_min = 2;
	m->hardware_max = 4;
	m->version_major = 1;
	m->version_minor = 2;
	m->version_patch = 3;
	m->security_version = 7;
	m->abi_min = 1;
	m->abi_max = 3;
	m->payload_offset = IMAGE_PAYLOAD_OFFSET;
	m->payload_bytes = FIXTURE_PAYLOAD_BYTES;
	m->hash_algorithm = HASH_SHA256;
	memset(m->payload_digest, 0x44, 32);
	m->source_date_epoch = 1700000000;
	memset(m->layout_digest, 0x55, 32);
	memset(m->sbom_digest, 0x66, 32);
	strcpy((char *)m->build_id, "test build");
}

/* 1000 leaves of 4 KiB with 32-byte digests: 128 to a block, so 8 blocks and the top one. */
void fixture_manifest_with_tree(struct manifest *m)
{
	fixture_manifest(m);
	m->payload_bytes = 999 * 4096 + 1;
	m->leaf_log2 = 12;
	m->leaf_count = 1000;
	m->tree_offset = IMAGE_PAYLOAD_OFFSET + 1000 * 4096;
	m->tree_bytes = 9 * 4096;
	memset(m->payload_digest, 0, 64);
	memset(m->salt, 0x77, 32);
	memset(m->root_hash, 0x88, 32);
}

static void payload_fill(uint8_t *bytes)
{
	struct payload payload = {
		.count = 2,
		.parts = {
			{ .type = PART_KERNEL_LINUX, .offset = 4096, .size = 4000 },
			{ .type = PART_INITRD, .offset = 8192, .size = 5000, .text = "initrd" },
		},
	};

	payload_write_table(&payload, bytes);
	for (size_t i = 4096; i < FIXTURE_PAYLOAD_BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
}

void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->bytes = calloc(1, FIXTURE_IMAGE_BYTES);
	assert_non_null(f->bytes);
	f->source = (struct image_source){ .bytes = f->bytes, .size = FIXTURE_IMAGE_BYTES };
	fixture_key(KEY_ECDSA_P256, KEY_RELEASE, &f->private_key, &f->key);
	f->keyring = (struct keyring){ .keys = &f->key, .count = 1 };
	fixture_manifest(&f->manifest);
	f->policy.keyring = &f->keyring;
	memcpy(f->policy.role_uuid, f->manifest.role_uuid, UUID_BYTES);
	memcpy(f->policy.product_uuid, f->manifest.product_uuid, UUID_BYTES);
	f->policy.hardware_revision = 3;
	f->policy.abi_version = 2;
	f->policy.security_version_floor = 7;
	payload_fill(f->bytes + IMAGE_PAYLOAD_OFFSET);
	fixture_seal(f);
}

void fixture_close(struct fixture *f)
{
	free(f->bytes);
	f->bytes = NULL;
}

void fixture_seal(struct fixture *f)
{
	struct crypto_hash hash;
	uint8_t *payload = f->bytes + IMAGE_PAYLOAD_OFFSET;

	if (f->manifest.tree_bytes) {
		assert_true(image_tree_make(&f->manifest, payload,
					    f->bytes + f->manifest.tree_offset));
	} else {
		crypto_hash_start(&hash, f->manifest.hash_algorithm);
		crypto_hash_update(&hash, payload, FIXTURE_PAYLOAD_BYTES);
		assert_true(crypto_hash_finish(&hash, f->manifest.payload_digest));
	}
	assert_error(manifest_write(&f->manifest, f->bytes), IMAGE_OK);
	fixture_sign(f);
}

void fixture_add_tree(struct fixture *f, uint16_t algorithm)
{
	struct manifest *m = &f->manifest;

	memset(m->payload_digest, 0, sizeof(m->payload_digest));
	m->hash_algorithm = algorithm;
	assert_true(image_tree_plan(m) && image_tree_salt(m));
	assert_int_equal(m->tree_offset, FIXTURE_TREE_OFFSET);
	assert_int_equal(manifest_image_bytes(m), FIXTURE_TREE_IMAGE_BYTES);
	f->bytes = realloc(f->bytes, FIXTURE_TREE_IMAGE_BYTES);
	assert_non_null(f->bytes);
	memset(f->bytes + FIXTURE_IMAGE_BYTES, 0, FIXTURE_TREE_IMAGE_BYTES - FIXTURE_IMAGE_BYTES);
	f->source.bytes = f->bytes;
	f->source.size = FIXTURE_TREE_IMAGE_BYTES;
	fixture_seal(f);
}

void fixture_sign_also(struct fixture *f, const struct private_key *key)
{
	assert_int_equal(head_sign(f->bytes, key), EXIT_OK);
}

void fixture_sign(struct fixture *f)
{
	memset(f->bytes + SIGNATURE_AREA_OFFSET, 0, SIGNATURE_AREA_BYTES);
	fixture_sign_also(f, &f->private_key);
}

enum image_error fixture_verify(struct fixture *f)
{
	static uint8_t copy[FIXTURE_PAYLOAD_BYTES];
	enum image_error error = image_verify_manifest(&f->source, &f->policy, &f->result);

	if (error)
		return error;
	assert_true(f->result.manifest.payload_bytes <= sizeof(copy));
	return image_load_payload(&f->source, copy, &f->result, NULL);
}
