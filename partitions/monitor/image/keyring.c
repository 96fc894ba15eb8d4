/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key ids, look-up, revocation, one signature, and what a key may sign.
 */
#include "image/keyring.h"

#include <string.h>

#include "image/bytes.h"
#include "image/keyring_file.h"

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

bool trusted_key_is_sound(const struct trusted_key *key)
{
	uint8_t key_id[KEY_ID_BYTES];

	return key->partition_count <= KEYRING_MAX_PARTITIONS &&
	       crypto_point_is_valid(key->algorithm, key->point) &&
	       trusted_key_id(key->algorithm, key->point, key_id) &&
	       !memcmp(key_id, key->key_id, KEY_ID_BYTES);
}

bool keyring_is_sound(const struct keyring *keyring)
{
	for (size_t i = 0; i < keyring->count; i++) {
		const struct trusted_key *key = &keyring->keys[i];

		if ((key->role != KEY_RELEASE && key->role != KEY_DEV) || !trusted_key_is_sound(key))
			return false;
	}
	return true;
}

bool keyring_roots_are_sound(const struct keyring_roots *roots)
{
	const struct keyring all = { .keys = roots->keys, .count = roots->count };

	for (size_t i = 0; i < roots->count; i++) {
		const struct trusted_key *key = &roots->keys[i];

		if ((key->role != KEY_ROOT && key->role != KEY_DEV_ROOT) || !trusted_key_is_sound(key) ||
		    keyring_find(&all, key->key_id) != key)
			return false;
	}
	return roots->threshold >= 1 && roots->threshold <= roots->count;
}

const struct trusted_key *keyring_find(const struct keyring *keyring,
				       const uint8_t key_id[KEY_ID_BYTES])
{
	for (size_t i = 0; i < keyring->count; i++)
		if (!memcmp(keyring->keys[i].key_id, key_id, KEY_ID_BYTES))
			return &keyring->keys[i];
	return NULL;
}

bool keyring_revokes(const struct keyring *keyring, const uint8_t key_id[KEY_ID_BYTES])
{
	for (size_t i = 0; i < keyring->revoked_count; i++)
		if (!memcmp(keyring->revoked[i], key_id, KEY_ID_BYTES))
			return true;
	return false;
}

enum image_error signature_check(const struct signature *signature, const struct trusted_key *key,
				 const uint8_t *digest)
{
	struct crypto_signed what = { digest, SIGNATURE_DIGEST_BYTES, signature->bytes };

	if (signature->algorithm != key->algorithm)
		return IMAGE_ERROR_SIGNATURE_ALGORITHM;
	if (signature->length != crypto_signature_bytes(key->algorithm))
		return IMAGE_ERROR_SIGNATURE_LENGTH;
	return crypto_signature_is_valid(key->algorithm, key->point, &what)
		       ? IMAGE_OK
		       : IMAGE_ERROR_SIGNATURE_INVALID;
}

bool trusted_key_may_sign_for(const struct trusted_key *key, const uint8_t role_uuid[UUID_BYTES])
{
	for (uint32_t i = 0; i < key->partition_count && i < KEYRING_MAX_PARTITIONS; i++)
		if (!memcmp(key->partitions[i], role_uuid, UUID_BYTES))
			return true;
	return key->partition_count == 0;
}
