/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the signature area, and what a signature is over.
 */
#include "image/signature.h"

#include <string.h>

#include "image/bytes.h"
#include "image/manifest.h"

static const char image_domain[] = "nestbox-image-v1"; /* the terminating zero is hashed too */

static enum image_error entries_parse(const uint8_t *area, struct signatures *signatures)
{
	size_t at = 4;

	for (size_t i = 0; i < signatures->count; i++) {
		struct signature *entry = &signatures->entries[i];

		if (SIGNATURE_AREA_BYTES - at < SIGNATURE_HEADER_BYTES)
			return IMAGE_ERROR_SIGNATURE_LAYOUT;
		entry->algorithm = bytes_get32(area + at);
		memcpy(entry->key_id, area + at + 4, KEY_ID_BYTES);
		entry->length = bytes_get32(area + at + 36);
		at += SIGNATURE_HEADER_BYTES;
		if (entry->length == 0 || entry->length > SIGNATURE_AREA_BYTES - at)
			return IMAGE_ERROR_SIGNATURE_LAYOUT;
		entry->bytes = area + at;
		at += entry->length;
	}
	return bytes_are_zero(area + at, SIGNATURE_AREA_BYTES - at) ? IMAGE_OK
								    : IMAGE_ERROR_SIGNATURE_LAYOUT;
}

static bool keys_are_distinct(const struct signatures *signatures)
{
	for (size_t i = 0; i < signatures->count; i++)
		for (size_t j = i + 1; j < signatures->count; j++)
			if (!memcmp(signatures->entries[i].key_id, signatures->entries[j].key_id,
				    KEY_ID_BYTES))
				return false;
	return true;
}

enum image_error signatures_parse(const uint8_t area[SIGNATURE_AREA_BYTES],
				  struct signatures *signatures)
{
	uint32_t count = bytes_get32(area);
	enum image_error error;

	signatures->count = 0;
	if (count > SIGNATURE_MAX_COUNT)
		return IMAGE_ERROR_SIGNATURE_COUNT;
	signatures->count = count;
	error = entries_parse(area, signatures);
	if (error)
		return error;
	if (count == 0)
		return IMAGE_ERROR_UNSIGNED;
	return keys_are_distinct(signatures) ? IMAGE_OK : IMAGE_ERROR_SIGNATURE_TWICE;
}

void signatures_write(const struct signatures *signatures, uint8_t area[SIGNATURE_AREA_BYTES])
{
	size_t at = 4;

	memset(area, 0, SIGNATURE_AREA_BYTES);
	bytes_put32(area, (uint32_t)signatures->count);
	for (size_t i = 0; i < signatures->count; i++) {
		const struct signature *entry = &signatures->entries[i];

		bytes_put32(area + at, entry->algorithm);
		memcpy(area + at + 4, entry->key_id, KEY_ID_BYTES);
		bytes_put32(area + at + 36, entry->length);
		memcpy(area + at + SIGNATURE_HEADER_BYTES, entry->bytes, entry->length);
		at += SIGNATURE_HEADER_BYTES + entry->length;
	}
}

bool signature_digest(const uint8_t *manifest, uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	struct crypto_hash hash;

	crypto_hash_start(&hash, HASH_SHA384);
	crypto_hash_update(&hash, image_domain, sizeof(image_domain));
	crypto_hash_update(&hash, manifest, MANIFEST_SIGNED_BYTES);
	return crypto_hash_finish(&hash, digest);
}
