/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole box for tests: keys, signed images, a disk with nbmeta and two slots, boots and updates of
 * it. Everything but the disk is the real code.
 */
#ifndef TESTS_UNIT_UPDATE_WORLD_H
#define TESTS_UNIT_UPDATE_WORLD_H

#include "fixture.h"
#include "update/box_keys.h"
#include "update/install.h"

#define WORLD_META_OFFSET 0u
#define WORLD_SLOT_BYTES (IMAGE_PAYLOAD_OFFSET + (256u << 10))
#define WORLD_SLOT_OFFSET(slot) ((512u << 10) + ((slot)-1) * WORLD_SLOT_BYTES)
#define WORLD_DISK_BYTES WORLD_SLOT_OFFSET(3)
#define WORLD_MAX_LEAVES 48u
#define WORLD_TRIES 3u

struct test_image {
	uint8_t *bytes; /* manifest, zeros, payload, tree */
	uint64_t size;
	struct manifest manifest;
	uint8_t digest[RECORD_DIGEST_BYTES];
};

/* A leaf's contents depend on its seed only; 0 is a leaf of zeros. */
struct image_spec {
	uint16_t version;
	uint32_t security_version;
	uint32_t leaves;
	uint8_t seeds[WORLD_MAX_LEAVES];
};

struct world {
	const struct block_device *device;
	struct private_key private_keys[2], root_key;
	struct trusted_key keys[2], root;
	unsigned int signer;	/* of world_image(): 0 or 1 */
	struct keyring keyring; /* built in: of the first key */
	struct keyring_roots roots;
	struct keyring_policy keyring_policy;
	struct box_keys box_keys;
	struct verify_policy policy; /* built-in floor 0 */
	struct block_region meta_region;
	struct block_region slots[2];
	struct nbmeta meta;
	struct choice choice;
	struct update_box box; /* of what runs since the last boot */
	struct verify_result result;
	struct install install;
	uint32_t index[64];
	uint8_t ram[WORLD_MAX_LEAVES * TREE_BLOCK_BYTES]; /* the copy that runs */
	uint64_t sent_leaves;				  /* by the last world_install() */
	/* Instead of image_verify_manifest() and image_load_payload(), or null. */
	void (*load)(struct world *w, enum slot_id slot, uint32_t floor, struct verdict *verdict);
};

/* Makes keys; `device` has WORLD_DISK_BYTES. Nothing is written. */
void world_open(struct world *w, const struct block_device *device);

void world_image(const struct world *w, const struct image_spec *spec, struct test_image *image);
void world_image_free(struct test_image *image);

/* A new box with the image in slot a, confirmed; the other slot empty. */
void world_flash(struct world *w, const struct test_image *image);

/* A keyring file of those of the two keys whose bit is set. */
void world_keyring(const struct world *w, uint64_t version, unsigned int which, uint8_t bytes[KEYRING_FILE_BYTES]);

/* The same of the second key, with the first one revoked. */
void world_keyring_revoke(const struct world *w, uint64_t version, uint8_t bytes[KEYRING_FILE_BYTES]);

/* Starts the box: true when something runs. */
bool world_boot(struct world *w);

/* The real verification of a slot, into w->ram. */
void world_load(struct world *w, enum slot_id slot, uint32_t floor, struct verdict *verdict);

/* The manifest, and what of its tree is there already. */
enum update_error world_begin(struct world *w, const uint8_t head[MANIFEST_BYTES_TOTAL]);

/* Everything a client does, with only the leaves that are missing. */
enum update_error world_install(struct world *w, const struct test_image *image);

const uint8_t *test_image_leaf(const struct test_image *image, uint64_t number, uint8_t block[TREE_BLOCK_BYTES]);

#define assert_update(actual, expected) assert_string_equal(update_error_name(actual), update_error_name(expected))

#endif
