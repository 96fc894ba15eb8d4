/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key ids, look-up and what a key may sign.
 */
#include "image/keyring.h"

#include <string.h>

#include "image/bytes.h"

static const char key_domain[] = "nestbox-key-v1"; /* the terminating zero is hashed too */

bool trusted_key_id(uint32_t algorithm, const uint8_t *point, uint8_t key_id[KEY_ID_BYTES])
{
	struct crypto_hash hash;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], code[4];

	if (!crypto_point_bytes(algorithm))
		return false;
	bytes_put32(code, algorithm);
	crypto_hash_start(&hash, HASH_SHA256);
	crypto_hash_update(&hash, key_domain, sizeof(key_domain));
	crypto_hash_update(&hash, code, sizeof(code));
	crypto_hash_update(&hash, point, crypto_point_bytes(algorithm));
	if (!crypto_hash_finish(&hash, digest))
		return false;
	memcpy(key_id, digest, KEY_ID_BYTES);
	return true;
}

static bool key_is_sound(const struct trusted_key *key)
{
	uint8_t key_id[KEY_ID_BYTES];

	return key->partition_count <= KEYRING_MAX_PARTITIONS &&
	       (key->role == KEY_RELEASE || key->role == KEY_DEV) &&
	       crypto_point_is_valid(key->algorithm, key->point) &&
	       trusted_key_id(key->algorithm, key->point, key_id) &&
	       !memcmp(key_id, key->key_id, KEY_ID_BYTES);
}

bool keyring_is_sound(const struct keyring *keyring)
{
	for (size_t i = 0; i < keyring->count; i++)
		if (!key_is_sound(&keyring->keys[i]))
			return false;
	return true;
}

const struct trusted_key *keyring_find(const struct keyring *keyring,
				       const uint8_t key_id[KEY_ID_BYTES])
{
	for (size_t i = 0; i < keyring->count; i++)
		if (!memcmp(keyring->keys[i].key_id, key_id, KEY_ID_BYTES))
			return &keyring->keys[i];
	return NULL;
}

bool trusted_key_may_sign_for(const struct trusted_key *key, const uint8_t role_uuid[UUID_BYTES])
{
	for (uint32_t i = 0; i < key->partition_count && i < KEYRING_MAX_PARTITIONS; i++)
		if (!memcmp(key->partitions[i], role_uuid, UUID_BYTES))
			return true;
	return key->partition_count == 0;
}
