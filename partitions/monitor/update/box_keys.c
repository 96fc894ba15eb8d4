/* SPDX-License-Identifier: Apache-2.0 */
/* Two places for a keyring; see box_keys.h. */
#include "update/box_keys.h"

#include <assert.h>
#include <string.h>

static_assert(KEYRING_FILE_BYTES % BLOCK_BYTES == 0, "a keyring is whole blocks");

/* A place that holds nothing was never written; anything else that is not valid is damage. */
static bool is_empty(const struct box_keys *keys, unsigned int place)
{
	return keys->errors[place] != IMAGE_ERROR_UNREADABLE && bytes_are_zero(keys->bytes[place], KEYRING_FILE_BYTES);
}

static void places_read(struct box_keys *keys)
{
	const uint8_t *copies[2];

	for (unsigned int i = 0; i < 2; i++)
		copies[i] = block_read(&keys->places[i], 0, keys->bytes[i], KEYRING_FILE_BYTES) ? keys->bytes[i] : NULL;
	const struct keyring *newest = keyring_newest(copies, &keys->policy, keys->files, keys->errors);
	keys->keyring = newest ? newest : keys->built_in;
	keys->newest = newest == &keys->files[1].keyring;
	keys->is_degraded = !newest && (keys->policy.version_floor || !is_empty(keys, 0) || !is_empty(keys, 1));
}

void box_keys_load(struct box_keys *keys, const struct block_region places[2], const struct keyring_policy *policy,
		   const struct keyring *built_in)
{
	memcpy(keys->places, places, sizeof(keys->places));
	keys->policy = *policy;
	keys->built_in = built_in;
	places_read(keys);
}

/* Would the image that runs still be started? Its manifest is enough to tell. */
static bool strands(const struct keyring *keyring, const struct box_keys_running *running)
{
	struct verify_policy policy = *running->policy;

	policy.keyring = keyring;
	return image_verify_head(&running->source, &policy, running->scratch) != IMAGE_OK ||
	       !crypto_equal(running->scratch->digest, running->digest, SIGNATURE_DIGEST_BYTES);
}

/* The place that is not in force holds the candidate meanwhile; it is written next, or read again. */
static enum image_error candidate_check(struct box_keys *keys, unsigned int place, const uint8_t *bytes)
{
	bool has_one = keys->keyring != keys->built_in;
	enum image_error error;

	memcpy(keys->bytes[place], bytes, KEYRING_FILE_BYTES);
	error = keyring_file_verify(keys->bytes[place], &keys->policy, &keys->files[place]);
	return error || !has_one ? error : keyring_file_succeeds(&keys->files[place], &keys->files[keys->newest]);
}

static bool place_write(const struct box_keys *keys, unsigned int place, const uint8_t *bytes)
{
	const struct block_region *region = &keys->places[place];

	return block_write(region, 0, bytes, KEYRING_FILE_BYTES) && block_flush(region);
}

static enum update_error candidate_write(struct box_keys *keys, unsigned int place)
{
	const uint64_t version = keys->files[place].version;

	if (!place_write(keys, place, keys->bytes[place]))
		return UPDATE_ERROR_DISK_WRITE;
	places_read(keys);
	return keys->keyring->version == version && keys->newest == place ? UPDATE_OK : UPDATE_ERROR_DISK_READ;
}

enum update_error box_keys_install(struct box_keys *keys, const uint8_t bytes[KEYRING_FILE_BYTES],
				   const struct box_keys_running *running, enum image_error *why)
{
	unsigned int place = keys->keyring == keys->built_in ? 0 : !keys->newest;
	enum update_error error = UPDATE_OK;

	*why = candidate_check(keys, place, bytes);
	if (*why)
		error = UPDATE_ERROR_KEYRING;
	else if (running && strands(&keys->files[place].keyring, running))
		error = UPDATE_ERROR_KEYRING_STRANDS;
	else
		error = candidate_write(keys, place);
	if (error)
		places_read(keys);
	return error;
}

static bool places_agree(const struct box_keys *keys)
{
	return !keys->errors[0] && !keys->errors[1] && !memcmp(keys->bytes[0], keys->bytes[1], KEYRING_FILE_BYTES);
}

enum update_error box_keys_copy(struct box_keys *keys)
{
	if (keys->keyring == keys->built_in || places_agree(keys))
		return UPDATE_OK;
	bool is_written = place_write(keys, !keys->newest, keys->bytes[keys->newest]);

	places_read(keys);
	if (!is_written)
		return UPDATE_ERROR_DISK_WRITE;
	return places_agree(keys) ? UPDATE_OK : UPDATE_ERROR_DISK_READ;
}

uint64_t box_keys_version(const struct box_keys *keys)
{
	return keys->keyring == keys->built_in ? 0 : keys->keyring->version;
}
