/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys a box trusts: an array the build embeds (made by 'nestbox keyring c'). An entry says the
 * algorithm, so that an image cannot, and for which partitions the key may sign.
 */
#ifndef IMAGE_KEYRING_H
#define IMAGE_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/crypto.h"
#include "image/signature.h"
#include "image/uuid.h"

#define KEYRING_MAX_PARTITIONS 8

/* Image keys sign images; roots sign keyrings and nothing else. */
enum key_role { KEY_RELEASE = 1, KEY_DEV = 2, KEY_ROOT = 3, KEY_DEV_ROOT = 4 };

struct trusted_key {
	uint8_t key_id[KEY_ID_BYTES]; /* trusted_key_id() of algorithm and point */
	uint32_t algorithm;           /* enum key_algorithm */
	uint32_t role;                /* enum key_role */
	uint32_t partition_count;     /* 0: any partition */
	uint8_t partitions[KEYRING_MAX_PARTITIONS][UUID_BYTES]; /* roles it may sign for */
	uint8_t point[CRYPTO_MAX_POINT_BYTES]; /* X || Y, big-endian, crypto_point_bytes() long */
};

struct keyring {
	const struct trusted_key *keys;
	size_t count;
	const uint8_t *dev_keys; /* null, or ties a keyring with a dev key to keyring_dev.c */
	const uint8_t (*revoked)[KEY_ID_BYTES]; /* keys that must never count again */
	size_t revoked_count;
	bool needs_hash_based; /* an image needs a signature by an LMS key besides another one */
	uint64_t version;      /* 0: built in */
};

struct keyring_roots;
struct signature;

/* The box's keyring; its definition is the generated file. */
extern const struct keyring box_keyring;

/*
 * key_id = SHA-256("nestbox-key-v1\0" || algorithm as little-endian u32 || X || Y).
 * False for an unknown algorithm or when the library fails.
 */
bool trusted_key_id(uint32_t algorithm, const uint8_t *point, uint8_t key_id[KEY_ID_BYTES]);

/* True when the fields are in range, the point is on its curve and the id is the point's; of any role. */
bool trusted_key_is_sound(const struct trusted_key *key);

/*
 * True when every entry is an image key, its fields are in range, its point is on its curve and its id is the point's.
 */
bool keyring_is_sound(const struct keyring *keyring);

/* The entry with the id, or null. */
const struct trusted_key *keyring_find(const struct keyring *keyring,
				       const uint8_t key_id[KEY_ID_BYTES]);

bool keyring_revokes(const struct keyring *keyring, const uint8_t key_id[KEY_ID_BYTES]);

/* True when there are roots, of a role of roots, sound, distinct, and the threshold can be met. */
bool keyring_roots_are_sound(const struct keyring_roots *roots);

/*
 * One signature by `key` over a digest of SIGNATURE_DIGEST_BYTES. The algorithm is the key's; the file may
 * only agree. IMAGE_OK, SIGNATURE_ALGORITHM, SIGNATURE_LENGTH or SIGNATURE_INVALID.
 */
enum image_error signature_check(const struct signature *signature, const struct trusted_key *key,
				 const uint8_t *digest);

/* True when the key may sign images for the partition role. */
bool trusted_key_may_sign_for(const struct trusted_key *key, const uint8_t role_uuid[UUID_BYTES]);

/*
 * Which roles of keys this build accepts. The Makefile picks keyring_dev.c or keyring_release.c: a
 * release build has no code that says yes to a dev key, and a generated keyring with a dev key
 * inside refers to keyring_dev_keys_are_allowed, which only keyring_dev.c defines, so that it does
 * not link into a release.
 */
bool keyring_accepts_role(uint32_t key_role);
extern const uint8_t keyring_dev_keys_are_allowed;

#endif
