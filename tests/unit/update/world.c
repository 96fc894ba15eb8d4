/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box of tests.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "image_sign.h"
#include "image_tree.h"
#include "update/rekey.h"

static struct block_region region_of(const struct world *w, uint64_t offset, uint64_t bytes)
{
	return (struct block_region){ w->device, offset / w->device->sector_bytes, bytes };
}

void world_open(struct world *w, const struct block_device *device)
{
	struct manifest m;

	memset(w, 0, sizeof(*w));
	w->device = device;
	for (size_t i = 0; i < 2; i++)
		fixture_key(KEY_ECDSA_P256, KEY_RELEASE, &w->private_keys[i], &w->keys[i]);
	fixture_key(KEY_ECDSA_P256, KEY_ROOT, &w->root_key, &w->root);
	w->keyring = (struct keyring){ .keys = w->keys, .count = 1 };
	w->roots = (struct keyring_roots){ .keys = &w->root, .count = 1, .threshold = 1 };
	fixture_manifest(&m);
	w->policy = (struct verify_policy){ .keyring = &w->keyring, .hardware_revision = 3, .abi_version = 2 };
	memcpy(w->policy.role_uuid, m.role_uuid, UUID_BYTES);
	memcpy(w->policy.product_uuid, m.product_uuid, UUID_BYTES);
	w->keyring_policy.roots = &w->roots;
	memcpy(w->keyring_policy.product_uuid, m.product_uuid, UUID_BYTES);
	w->meta_region = region_of(w, WORLD_META_OFFSET, NBMETA_BYTES);
	w->slots[0] = region_of(w, WORLD_SLOT_OFFSET(SLOT_A), WORLD_SLOT_BYTES);
	w->slots[1] = region_of(w, WORLD_SLOT_OFFSET(SLOT_B), WORLD_SLOT_BYTES);
	w->install.reuse.index = w->index;
	w->install.reuse.index_entries = sizeof(w->index) / sizeof(w->index[0]);
	w->load = world_load;
}

static void leaf_fill(uint8_t *leaf, uint8_t seed)
{
	for (size_t i = 0; i < TREE_BLOCK_BYTES; i++)
		leaf[i] = seed ? (uint8_t)(seed * 31 + i * 7 + (i >> 8)) : 0;
}

void world_image(const struct world *w, const struct image_spec *spec, struct test_image *image)
{
	struct manifest *m = &image->manifest;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	fixture_manifest(m);
	m->version_major = spec->version;
	m->security_version = spec->security_version;
	m->payload_bytes = (uint64_t)spec->leaves * TREE_BLOCK_BYTES - 100;
	memset(m->payload_digest, 0, sizeof(m->payload_digest));
	memset(m->salt, 0x5A, sizeof(m->salt)); /* one for all: blocks can be found again */
	assert_true(image_tree_plan(m));
	image->size = manifest_image_bytes(m);
	assert_true(image->size <= WORLD_SLOT_BYTES);
	image->bytes = calloc(1, image->size);
	assert_non_null(image->bytes);
	for (uint32_t i = 0; i < spec->leaves; i++)
		leaf_fill(image->bytes + m->payload_offset + i * TREE_BLOCK_BYTES, spec->seeds[i]);
	memset(image->bytes + m->payload_offset + m->payload_bytes, 0, 100);
	assert_true(image_tree_make(m, image->bytes + m->payload_offset, image->bytes + m->tree_offset));
	assert_error(manifest_write(m, image->bytes), IMAGE_OK);
	assert_int_equal(head_sign(image->bytes, &w->private_keys[w->signer]), EXIT_OK);
	assert_true(signature_digest(image->bytes, digest));
	memcpy(image->digest, digest, sizeof(image->digest));
}

void world_image_free(struct test_image *image)
{
	free(image->bytes);
	image->bytes = NULL;
}

void world_flash(struct world *w, const struct test_image *image)
{
	static uint8_t slot[WORLD_SLOT_BYTES];
	struct record record;

	memset(slot, 0, sizeof(slot));
	memcpy(slot, image->bytes, image->size);
	assert_true(block_write(&w->slots[0], 0, slot, sizeof(slot)));
	record_init(&record, w->policy.role_uuid);
	role_set_digest(&record.roles[0], SLOT_A, image->digest);
	role_set(&record.roles[0], SLOT_A, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	record.roles[0].active = SLOT_A;
	record.roles[0].floor = image->manifest.security_version;
	assert_update(nbmeta_format(&w->meta_region, &record), UPDATE_OK);
}

void world_load(struct world *w, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	struct image_source source = slot_source(&w->slots[slot - 1]);
	struct verify_policy policy = w->policy;

	if (policy.security_version_floor < floor)
		policy.security_version_floor = floor;
	memset(w->ram, 0, sizeof(w->ram));
	if (!image_verify_manifest(&source, &policy, &w->result) && w->result.manifest.payload_bytes <= sizeof(w->ram))
		image_load_payload(&source, w->ram, &w->result, NULL);
	slot_judge(&w->result, verdict);
}

static void load(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	struct world *w = context;

	w->load(w, slot, floor, verdict);
}

static void inspect(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	struct world *w = context;
	struct verify_policy policy = w->policy;

	policy.security_version_floor = floor;
	slot_inspect(&w->slots[slot - 1], &policy, &w->result, verdict);
}

bool world_boot(struct world *w)
{
	struct slot_access access = { .inspect = inspect, .load = load, .context = w, .tries = WORLD_TRIES };
	struct block_region places[2];
	bool is_launched;

	memcpy(access.role_uuid, w->policy.role_uuid, UUID_BYTES);
	if (nbmeta_load(&w->meta, &w->meta_region))
		return false;
	for (unsigned int i = 0; i < 2; i++)
		places[i] = nbmeta_keyring_place(&w->meta, i);
	w->keyring_policy.version_floor = w->meta.has_record ? w->meta.record.keyring_version : 0;
	box_keys_load(&w->box_keys, places, &w->keyring_policy, &w->keyring);
	w->policy.keyring = w->box_keys.keyring;
	is_launched = select_slot(&w->meta, &access, &w->choice);
	w->box = (struct update_box){
		.meta = &w->meta, .slots = w->slots, .policy = &w->policy, .keys = &w->box_keys, .running = w->choice.running, .tries = WORLD_TRIES
	};
	if (is_launched)
		(void)!rekey_settle(&w->box);
	install_reset(&w->install, &w->box);
	return is_launched;
}

static struct keyring_file file_of(const struct world *w, uint64_t version, unsigned int which)
{
	struct keyring_file file = { .format_major = 1, .signed_bytes = KEYRING_SIGNED_BYTES, .version = version };

	memcpy(file.magic, KEYRING_MAGIC, sizeof(file.magic));
	memcpy(file.product_uuid, w->policy.product_uuid, UUID_BYTES);
	for (unsigned int i = 0; i < 2; i++)
		if (which >> i & 1)
			file.keys[file.key_count++] = w->keys[i];
	return file;
}

static void file_seal(const struct world *w, const struct keyring_file *file, uint8_t bytes[KEYRING_FILE_BYTES])
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], signature[CRYPTO_MAX_SIGNATURE_BYTES];
	struct signatures signatures = { .count = 1 };
	struct signature *s = &signatures.entries[0];

	assert_error(keyring_file_write(file, bytes), IMAGE_OK);
	assert_true(keyring_file_digest(bytes, digest));
	assert_int_equal(private_key_sign(&w->root_key, digest, signature), EXIT_OK);
	s->algorithm = w->root.algorithm;
	memcpy(s->key_id, w->root.key_id, KEY_ID_BYTES);
	s->length = (uint32_t)crypto_signature_bytes(s->algorithm);
	s->bytes = signature;
	signatures_write(&signatures, bytes + KEYRING_SIGNED_BYTES);
}

void world_keyring(const struct world *w, uint64_t version, unsigned int which, uint8_t bytes[KEYRING_FILE_BYTES])
{
	const struct keyring_file file = file_of(w, version, which);

	file_seal(w, &file, bytes);
}

void world_keyring_revoke(const struct world *w, uint64_t version, uint8_t bytes[KEYRING_FILE_BYTES])
{
	struct keyring_file file = file_of(w, version, 2);

	memcpy(file.revoked[file.revoked_count++], w->keys[0].key_id, KEY_ID_BYTES);
	file_seal(w, &file, bytes);
}

const uint8_t *test_image_leaf(const struct test_image *image, uint64_t number, uint8_t block[TREE_BLOCK_BYTES])
{
	uint64_t at = number * TREE_BLOCK_BYTES;
	uint64_t left = image->manifest.payload_bytes - at;

	memset(block, 0, TREE_BLOCK_BYTES);
	memcpy(block, image->bytes + image->manifest.payload_offset + at, left < TREE_BLOCK_BYTES ? left : TREE_BLOCK_BYTES);
	return block;
}

/* As the monitor reports them: runs of missing leaves, kept by the client, sent when all are known. */
static enum update_error leaves_send(struct world *w, const struct test_image *image)
{
	struct leaf_run runs[WORLD_MAX_LEAVES];
	uint8_t block[TREE_BLOCK_BYTES];
	enum update_error error;
	size_t count = 0;
	bool is_done = false;

	error = install_scan_start(&w->install);
	while (!error && !is_done) {
		error = install_scan(&w->install, &runs[count], &is_done);
		count += runs[count].count != 0;
	}
	for (size_t i = 0; i < count; i++)
		for (uint64_t n = 0; !error && n < runs[i].count; n++, w->sent_leaves++)
			error = install_leaf(&w->install, runs[i].first + n, test_image_leaf(image, runs[i].first + n, block));
	return error;
}

enum update_error world_begin(struct world *w, const uint8_t head[MANIFEST_BYTES_TOTAL])
{
	enum update_error error = install_begin(&w->install, head);
	bool is_done = false;

	while (!error && !is_done)
		error = install_resume(&w->install, &is_done);
	return error;
}

enum update_error world_install(struct world *w, const struct test_image *image)
{
	const struct manifest *m = &image->manifest;
	enum update_error error = world_begin(w, image->bytes);
	bool is_done = false;

	w->sent_leaves = 0;
	for (uint64_t i = w->install.tree_done; !error && i < m->tree_bytes / TREE_BLOCK_BYTES; i++)
		error = install_tree_block(&w->install, i, image->bytes + m->tree_offset + i * TREE_BLOCK_BYTES);
	if (!error)
		error = leaves_send(w, image);
	if (!error)
		error = install_finish(&w->install);
	while (!error && !is_done)
		error = install_check(&w->install, &is_done);
	return error;
}
