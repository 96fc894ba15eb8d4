/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding signatures; see image_sign.h.
 */
#include "image_sign.h"

#include <string.h>

/*
 * The key's place among the signatures; a new one at the end if it has none, null when all are
 * taken.
 */
static struct signature *place_find(struct signatures *signatures, const uint8_t *key_id)
{
	size_t i = 0;

	while (i < signatures->count && memcmp(signatures->entries[i].key_id, key_id, KEY_ID_BYTES))
		i++;
	if (i == SIGNATURE_MAX_COUNT)
		return NULL;
	if (i == signatures->count)
		signatures->count++;
	return &signatures->entries[i];
}

enum exit_code area_add(uint8_t area[SIGNATURE_AREA_BYTES], const struct trusted_key *key, const uint8_t *bytes)
{
	uint8_t old[SIGNATURE_AREA_BYTES];
	struct signatures signatures;
	struct signature *place;
	enum image_error error;

	memcpy(old, area, sizeof(old));
	error = signatures_parse(old, &signatures);
	if (error && error != IMAGE_ERROR_UNSIGNED)
		return report_error(EXIT_REFUSED, "%s", image_error_text(error));
	place = place_find(&signatures, key->key_id);
	if (!place)
		return report_error(EXIT_REFUSED, "there are %d signatures already; make it again and sign it anew", SIGNATURE_MAX_COUNT);
	place->algorithm = key->algorithm;
	memcpy(place->key_id, key->key_id, KEY_ID_BYTES);
	place->length = (uint32_t)crypto_signature_bytes(key->algorithm);
	place->bytes = bytes;
	signatures_write(&signatures, area);
	return EXIT_OK;
}

enum exit_code head_sign(uint8_t head[MANIFEST_BYTES_TOTAL], const struct private_key *key)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES], bytes[CRYPTO_MAX_SIGNATURE_BYTES];
	enum exit_code code;

	if (!signature_digest(head, digest))
		return report_error(EXIT_REFUSED, "%s", image_error_text(IMAGE_ERROR_CRYPTO));
	code = private_key_sign(key, digest, bytes);
	return code ? code : area_add(head + SIGNATURE_AREA_OFFSET, &key->public, bytes);
}
