/* SPDX-License-Identifier: Apache-2.0 */
/* Interpreter over keyring_fields.def and keyring_file.def, and the threshold. */
#include "image/keyring_file.h"

#include <string.h>

#include "image/bytes.h"
#include "image/signature.h"

#define REVOKED_OFFSET 64u
#define KEYS_OFFSET 2048u
#define KEY_BYTES 320u
#define KEY_PARTITIONS 48u
#define KEY_POINT 176u
#define KEY_END 272u

static const char keyring_domain[] = "nestbox-keyring-v1"; /* the terminating zero is hashed too */

static uint32_t at_most(uint32_t count, uint32_t limit)
{
	return count < limit ? count : limit;
}

static void key_read(struct trusted_key *key, const uint8_t *from)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->key_id, from, KEY_ID_BYTES);
	key->algorithm = bytes_get32(from + 32);
	key->role = bytes_get32(from + 36);
	key->partition_count = bytes_get32(from + 40);
	memcpy(key->partitions, from + KEY_PARTITIONS, sizeof(key->partitions));
	memcpy(key->point, from + KEY_POINT, sizeof(key->point));
}

static void key_write(const struct trusted_key *key, uint8_t *to)
{
	memcpy(to, key->key_id, KEY_ID_BYTES);
	bytes_put32(to + 32, key->algorithm);
	bytes_put32(to + 36, key->role);
	bytes_put32(to + 40, key->partition_count);
	memcpy(to + KEY_PARTITIONS, key->partitions, at_most(key->partition_count, KEYRING_MAX_PARTITIONS) * UUID_BYTES);
	memcpy(to + KEY_POINT, key->point, crypto_point_bytes(key->algorithm));
}

#define KEYRING_U16(offset, name) k->name = bytes_get16(bytes + (offset));
#define KEYRING_U32(offset, name) k->name = bytes_get32(bytes + (offset));
#define KEYRING_U64(offset, name) k->name = bytes_get64(bytes + (offset));
#define KEYRING_BYTES(offset, count, name) memcpy(k->name, bytes + (offset), count);
static void file_decode(const uint8_t *bytes, struct keyring_file *k)
{
	memset(k, 0, sizeof(*k));
#include "image/keyring_fields.def"
	memcpy(k->revoked, bytes + REVOKED_OFFSET, sizeof(k->revoked));
	for (uint32_t i = 0; i < at_most(k->key_count, KEYRING_MAX_KEYS); i++)
		key_read(&k->keys[i], bytes + KEYS_OFFSET + i * KEY_BYTES);
	k->keyring = (struct keyring){
		.keys = k->keys,
		.count = at_most(k->key_count, KEYRING_MAX_KEYS),
		.revoked = k->revoked,
		.revoked_count = at_most(k->revoked_count, KEYRING_MAX_REVOKED),
		.needs_hash_based = k->flags & KEYRING_FLAG_HASH_BASED,
		.version = k->version,
	};
}
#undef KEYRING_U16
#undef KEYRING_U32
#undef KEYRING_U64
#undef KEYRING_BYTES

#define KEYRING_U16(offset, name) bytes_put16(bytes + (offset), k->name);
#define KEYRING_U32(offset, name) bytes_put32(bytes + (offset), k->name);
#define KEYRING_U64(offset, name) bytes_put64(bytes + (offset), k->name);
#define KEYRING_BYTES(offset, count, name) memcpy(bytes + (offset), k->name, count);
static void file_encode(const struct keyring_file *k, uint8_t *bytes)
{
	memset(bytes, 0, KEYRING_SIGNED_BYTES);
#include "image/keyring_fields.def"
	memcpy(bytes + REVOKED_OFFSET, k->revoked, at_most(k->revoked_count, KEYRING_MAX_REVOKED) * KEY_ID_BYTES);
	for (uint32_t i = 0; i < at_most(k->key_count, KEYRING_MAX_KEYS); i++)
		key_write(&k->keys[i], bytes + KEYS_OFFSET + i * KEY_BYTES);
}
#undef KEYRING_U16
#undef KEYRING_U32
#undef KEYRING_U64
#undef KEYRING_BYTES

/* Between the lists and behind them. */
static bool reserved_is_zero(const struct keyring_file *k, const uint8_t *bytes)
{
	size_t revoked_end = REVOKED_OFFSET + k->revoked_count * KEY_ID_BYTES, keys_end = KEYS_OFFSET + k->key_count * KEY_BYTES;

	return !k->reserved && bytes_are_zero(bytes + revoked_end, KEYS_OFFSET - revoked_end) &&
	       bytes_are_zero(bytes + keys_end, KEYRING_SIGNED_BYTES - keys_end);
}

/* Each byte of a key has one meaning: what its algorithm and its number of partitions leave over is zero. */
static bool key_tail_is_zero(const struct trusted_key *key, const uint8_t *from)
{
	size_t partitions_end = KEY_PARTITIONS + at_most(key->partition_count, KEYRING_MAX_PARTITIONS) * UUID_BYTES;
	size_t point_end = KEY_POINT + crypto_point_bytes(key->algorithm);

	return bytes_are_zero(from + 44, 4) && bytes_are_zero(from + partitions_end, KEY_POINT - partitions_end) &&
	       bytes_are_zero(from + point_end, KEY_BYTES - point_end);
}

static bool keys_are_sound(const struct keyring_file *k, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < k->key_count; i++)
		if (!key_tail_is_zero(&k->keys[i], bytes + KEYS_OFFSET + i * KEY_BYTES))
			return false;
	return keyring_is_sound(&k->keyring);
}

static bool keys_are_distinct(const struct keyring_file *k)
{
	for (uint32_t i = 0; i < k->key_count; i++)
		if (keyring_find(&k->keyring, k->keys[i].key_id) != &k->keys[i])
			return false;
	return true;
}

static bool revoked_are_distinct(const struct keyring_file *k)
{
	for (uint32_t i = 0; i < k->revoked_count; i++)
		for (uint32_t j = i + 1; j < k->revoked_count; j++)
			if (!memcmp(k->revoked[i], k->revoked[j], KEY_ID_BYTES))
				return false;
	return true;
}

static bool no_key_is_revoked(const struct keyring_file *k)
{
	for (uint32_t i = 0; i < k->key_count; i++)
		if (keyring_revokes(&k->keyring, k->keys[i].key_id))
			return false;
	return true;
}

static bool has_hash_based_key(const struct keyring_file *k)
{
	for (uint32_t i = 0; i < k->key_count; i++)
		if (k->keys[i].algorithm == KEY_LMS)
			return true;
	return false;
}

#define KEYRING_CHECK(name, expression, sentence) \
	static bool holds_##name(const struct keyring_file *k, const uint8_t *bytes) \
	{ \
		(void)k, (void)bytes; \
		return expression; \
	}
#include "image/keyring_file.def"
#undef KEYRING_CHECK

#define KEYRING_CHECK(name, expression, sentence) { IMAGE_ERROR_KEYRING_##name, holds_##name },
static const struct keyring_check {
	enum image_error error;
	bool (*holds)(const struct keyring_file *k, const uint8_t *bytes);
} checks[] = {
#include "image/keyring_file.def"
};
#undef KEYRING_CHECK

enum image_error keyring_file_parse(const uint8_t *bytes, struct keyring_file *file)
{
	file_decode(bytes, file);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i].holds(file, bytes))
			return checks[i].error;
	return IMAGE_OK;
}

enum image_error keyring_file_write(const struct keyring_file *file, uint8_t bytes[KEYRING_SIGNED_BYTES])
{
	struct keyring_file check;

	file_encode(file, bytes);
	return keyring_file_parse(bytes, &check);
}

bool keyring_file_digest(const uint8_t *bytes, uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	struct crypto_hash hash;

	crypto_hash_start(&hash, HASH_SHA384);
	crypto_hash_update(&hash, keyring_domain, sizeof(keyring_domain));
	crypto_hash_update(&hash, bytes, KEYRING_SIGNED_BYTES);
	return crypto_hash_finish(&hash, digest);
}

/* signatures_parse() has refused two by the same key. */
static enum image_error threshold_check(const struct signatures *signatures, const struct keyring_roots *roots,
					const uint8_t *digest)
{
	const struct keyring keyring = { .keys = roots->keys, .count = roots->count };
	size_t valid = 0;

	for (size_t i = 0; i < signatures->count; i++) {
		const struct trusted_key *root = keyring_find(&keyring, signatures->entries[i].key_id);
		enum image_error error = root ? signature_check(&signatures->entries[i], root, digest) : IMAGE_OK;

		if (error)
			return error;
		valid += root != NULL;
	}
	return valid >= roots->threshold ? IMAGE_OK : IMAGE_ERROR_KEYRING_THRESHOLD;
}

static enum image_error policy_check(const struct keyring_file *file, const struct keyring_policy *policy)
{
	if (memcmp(file->product_uuid, policy->product_uuid, UUID_BYTES))
		return IMAGE_ERROR_KEYRING_PRODUCT;
	if (file->version < policy->version_floor || file->version < policy->roots->version_floor)
		return IMAGE_ERROR_KEYRING_OLDER;
	for (uint32_t i = 0; i < file->key_count; i++)
		if (!keyring_accepts_role(file->keys[i].role))
			return IMAGE_ERROR_KEYRING_ROLE;
	return IMAGE_OK;
}

enum image_error keyring_file_verify(const uint8_t bytes[KEYRING_FILE_BYTES], const struct keyring_policy *policy,
				     struct keyring_file *file)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct signatures signatures;
	enum image_error error;

	if (!keyring_roots_are_sound(policy->roots))
		return IMAGE_ERROR_KEYRING_ROOTS;
	error = signatures_parse(bytes + KEYRING_SIGNED_BYTES, &signatures);
	if (!error && !keyring_file_digest(bytes, digest))
		error = IMAGE_ERROR_CRYPTO;
	if (!error)
		error = threshold_check(&signatures, policy->roots, digest);
	if (!error)
		error = keyring_file_parse(bytes, file);
	return error ? error : policy_check(file, policy);
}

enum image_error keyring_file_succeeds(const struct keyring_file *next, const struct keyring_file *now)
{
	if (next->version <= now->version)
		return IMAGE_ERROR_KEYRING_OLDER;
	for (uint32_t i = 0; i < now->revoked_count; i++)
		if (!keyring_revokes(&next->keyring, now->revoked[i]))
			return IMAGE_ERROR_KEYRING_FORGETS;
	return IMAGE_OK;
}

const struct keyring *keyring_newest(const uint8_t *const copies[2], const struct keyring_policy *policy,
				     struct keyring_file files[2], enum image_error errors[2])
{
	for (size_t i = 0; i < 2; i++)
		errors[i] = copies[i] ? keyring_file_verify(copies[i], policy, &files[i]) : IMAGE_ERROR_UNREADABLE;
	if (errors[0] && errors[1])
		return NULL;
	if (errors[0] || errors[1])
		return &files[errors[0] ? 1 : 0].keyring;
	return &files[files[1].version > files[0].version ? 1 : 0].keyring;
}
