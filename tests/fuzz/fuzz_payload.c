/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the payload's table of parts. What parses must lie inside the payload, in order and apart,
 * and say all that the table says. Seeds: payloads of images made by 'nestbox image create'.
 */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image/manifest.h"
#include "image/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t
	touched; /* every byte of every part is read, so that the sanitizer checks the bounds */

static void part_require(const uint8_t *data, size_t size, const struct payload_part *part,
			 uint64_t behind)
{
	if (part->data != data + part->offset || part->offset < behind ||
	    part->offset % IMAGE_ALIGNMENT || !range_fits(part->offset, part->size, size) ||
	    part->type < 1 || part->type >= PART_TYPE_COUNT ||
	    !memchr(part->text, '\0', sizeof(part->text)))
		abort();
	for (uint64_t i = 0; i < part->size; i++)
		touched ^= part->data[i];
}

static void payload_require(const uint8_t *data, size_t size, const struct payload *payload)
{
	uint8_t again[PAYLOAD_TABLE_BYTES];
	uint64_t behind = PAYLOAD_TABLE_BYTES;
	size_t count = 0;

	if (!payload->count || payload->count > PAYLOAD_MAX_PARTS || !payload_kernel(payload) ||
	    !payload_kernel(payload)->size)
		abort();
	for (size_t i = 0; i < payload->count; i++) {
		part_require(data, size, &payload->parts[i], behind);
		behind = payload->parts[i].offset + payload->parts[i].size;
	}
	for (enum part_type type = PART_KERNEL_LINUX; type < PART_TYPE_COUNT; type++)
		count += payload_count(payload, type);
	payload_write_table(payload, again);
	if (count != payload->count || memcmp(again, data, sizeof(again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct payload payload;

	if (payload_parse(data, size, &payload) == IMAGE_OK)
		payload_require(data, size, &payload);
	return 0;
}
