/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding a signature to a manifest.
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

enum exit_code head_sign(uint8_t head[MANIFEST_BYTES_TOTAL], const struct private_key *key)
{
	uint8_t old[SIGNATURE_AREA_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES],
		bytes[CRYPTO_MAX_SIGNATURE_BYTES];
	struct signatures signatures;
	struct signature *place;
	enum image_error error;
	enum exit_code code;

	memcpy(old, head + SIGNATURE_AREA_OFFSET, sizeof(old));
	error = signatures_parse(old, &signatures);
	if (error && error != IMAGE_ERROR_UNSIGNED)
		return report_error(EXIT_REFUSED, "%s", image_error_text(error));
	place = place_find(&signatures, key->public.key_id);
	if (!place)
		return report_error(
			EXIT_REFUSED,
			"the image has %d signatures already; make it again and sign it anew",
			SIGNATURE_MAX_COUNT);
	if (!signature_digest(head, digest))
		return report_error(EXIT_REFUSED, "%s", image_error_text(IMAGE_ERROR_CRYPTO));
	code = private_key_sign(key, digest, bytes);
	if (code)
		return code;
	place->algorithm = key->public.algorithm;
	memcpy(place->key_id, key->public.key_id, KEY_ID_BYTES);
	place->length = (uint32_t)crypto_point_bytes(key->public.algorithm);
	place->bytes = bytes;
	signatures_write(&signatures, head + SIGNATURE_AREA_OFFSET);
	return EXIT_OK;
}
