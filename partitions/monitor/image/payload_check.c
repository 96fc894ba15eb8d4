/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload against the manifest: by tree, or by digest.
 */
#include "image/payload_check.h"

#include <string.h>

void payload_check_start(struct payload_check *check, const struct manifest *manifest,
			 const struct image_source *source)
{
	check->manifest = manifest;
	check->done = 0;
	check->error = IMAGE_OK;
	if (manifest->tree_bytes)
		tree_open(&check->tree, manifest, source);
	else if (!crypto_hash_start(&check->hash, manifest->hash_algorithm))
		check->error = IMAGE_ERROR_CRYPTO;
}

static enum image_error leaf_check(struct payload_check *check, const uint8_t *bytes, size_t count)
{
	uint8_t expected[CRYPTO_MAX_DIGEST_BYTES], digest[CRYPTO_MAX_DIGEST_BYTES];
	enum image_error error =
		tree_expected(&check->tree, 0, check->done >> TREE_BLOCK_LOG2, expected);

	if (error)
		return error;
	if (!tree_digest(check->manifest, bytes, count, digest))
		return IMAGE_ERROR_CRYPTO;
	return crypto_equal(digest, expected, sizeof(digest)) ? IMAGE_OK
							      : IMAGE_ERROR_PAYLOAD_ALTERED;
}

static void leaves_take(struct payload_check *check, const uint8_t *bytes, uint64_t count)
{
	while (count && !check->error) {
		size_t piece = count < TREE_BLOCK_BYTES ? (size_t)count : TREE_BLOCK_BYTES;

		check->error = leaf_check(check, bytes, piece);
		check->done += piece;
		bytes += piece;
		count -= piece;
	}
}

enum image_error payload_check_take(struct payload_check *check, const uint8_t *bytes,
				    uint64_t count)
{
	uint64_t left = check->manifest->payload_bytes - check->done;

	if (check->error)
		return check->error;
	if (count > left || (count < left && count % TREE_BLOCK_BYTES)) {
		check->error = IMAGE_ERROR_PAYLOAD_LENGTH;
	} else if (check->manifest->tree_bytes) {
		leaves_take(check, bytes, count);
	} else {
		crypto_hash_update(&check->hash, bytes, (size_t)count);
		check->done += count;
	}
	return check->error;
}

enum image_error payload_check_finish(struct payload_check *check)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	if (check->error)
		return check->error;
	if (check->done != check->manifest->payload_bytes)
		check->error = IMAGE_ERROR_PAYLOAD_LENGTH;
	else if (check->manifest->tree_bytes)
		return IMAGE_OK;
	else if (!crypto_hash_finish(&check->hash, digest))
		check->error = IMAGE_ERROR_CRYPTO;
	else if (!crypto_equal(digest, check->manifest->payload_digest, sizeof(digest)))
		check->error = IMAGE_ERROR_PAYLOAD_ALTERED;
	return check->error;
}
