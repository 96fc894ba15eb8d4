/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots through image/verify.h.
 */
#include "update/slot.h"

#include <assert.h>
#include <string.h>

static_assert(RECORD_DIGEST_BYTES == SIGNATURE_DIGEST_BYTES, "a manifest's digest fits");

/* Part of one block, which the disk gives whole. */
static bool part_read(const struct block_region *region, uint64_t offset, uint8_t *to,
		      uint64_t count)
{
	uint8_t block[BLOCK_BYTES];
	uint64_t skip = offset % BLOCK_BYTES;

	if (!block_read(region, offset - skip, block, sizeof(block)))
		return false;
	memcpy(to, block + skip, (size_t)count);
	return true;
}

/* An image's parts start and end anywhere: whole blocks at once, what is before and behind by part. */
static bool slot_read(const void *context, uint64_t offset, void *to, uint64_t count)
{
	const struct block_region *region = context;
	uint8_t *bytes = to;

	while (count) {
		uint64_t room = BLOCK_BYTES - offset % BLOCK_BYTES;
		uint64_t piece = count < room ? count : room;

		if (room == BLOCK_BYTES && count >= BLOCK_BYTES) {
			piece = count - count % BLOCK_BYTES;
			if (!block_read(region, offset, bytes, piece))
				return false;
		} else if (!part_read(region, offset, bytes, piece)) {
			return false;
		}
		bytes += piece;
		offset += piece;
		count -= piece;
	}
	return true;
}

struct image_source slot_source(const struct block_region *region)
{
	return (struct image_source){ .size = region->bytes, .is_slot = true, .read = slot_read, .context = region };
}

static const struct {
	enum image_error error;
	enum slot_fail fail;
} fails[] = {
	{ IMAGE_ERROR_UNREADABLE, SLOT_FAIL_UNREADABLE },
	{ IMAGE_ERROR_UNSIGNED, SLOT_FAIL_NOT_SIGNED },
	{ IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY, SLOT_FAIL_NOT_SIGNED },
	{ IMAGE_ERROR_SIGNATURE_ALGORITHM, SLOT_FAIL_NOT_SIGNED },
	{ IMAGE_ERROR_SIGNATURE_LENGTH, SLOT_FAIL_NOT_SIGNED },
	{ IMAGE_ERROR_SIGNATURE_INVALID, SLOT_FAIL_ALTERED },
	{ IMAGE_ERROR_PADDING, SLOT_FAIL_ALTERED },
	{ IMAGE_ERROR_TREE_ALTERED, SLOT_FAIL_ALTERED },
	{ IMAGE_ERROR_PAYLOAD_ALTERED, SLOT_FAIL_ALTERED },
	{ IMAGE_ERROR_KEY_ROLE, SLOT_FAIL_NOT_SIGNED },
	{ IMAGE_ERROR_KEY_PARTITION, SLOT_FAIL_NOT_SIGNED },
	{ IMAGE_ERROR_ROLE, SLOT_FAIL_NOT_FOR_THIS_BOX },
	{ IMAGE_ERROR_PRODUCT, SLOT_FAIL_NOT_FOR_THIS_BOX },
	{ IMAGE_ERROR_HARDWARE, SLOT_FAIL_NOT_FOR_THIS_BOX },
	{ IMAGE_ERROR_ABI, SLOT_FAIL_NOT_FOR_THIS_BOX },
	{ IMAGE_ERROR_DEPENDENCY, SLOT_FAIL_NOT_FOR_THIS_BOX },
	{ IMAGE_ERROR_SECURITY_VERSION, SLOT_FAIL_BELOW_FLOOR },
};

enum slot_fail slot_fail_of(enum image_error error)
{
	for (size_t i = 0; i < sizeof(fails) / sizeof(fails[0]); i++)
		if (fails[i].error == error)
			return fails[i].fail;
	return error ? SLOT_FAIL_NOT_AN_IMAGE : SLOT_FAIL_NONE;
}

void slot_judge(const struct verify_result *result, struct verdict *verdict)
{
	const struct manifest *m = &result->manifest;

	memset(verdict, 0, sizeof(*verdict));
	if (result->error || !result->is_manifest_accepted) {
		verdict->kind = VERDICT_BAD;
		verdict->reason = result->error ? slot_fail_of(result->error) : SLOT_FAIL_NOT_AN_IMAGE;
		return;
	}
	verdict->kind = VERDICT_GOOD;
	memcpy(verdict->digest, result->digest, sizeof(verdict->digest));
	verdict->security_version = m->security_version;
	verdict->version = manifest_version(m->version_major, m->version_minor, m->version_patch);
}

void slot_inspect(const struct block_region *region, const struct verify_policy *policy, struct verify_result *result,
		  struct verdict *verdict)
{
	struct image_source source = slot_source(region);

	image_verify_manifest(&source, policy, result);
	slot_judge(result, verdict);
}
