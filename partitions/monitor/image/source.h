/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image lies: in memory, or behind a function that reads it (a slot on a disk). Reads are
 * bounded here, once.
 */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include "image/bytes.h"

struct image_source {
	const uint8_t *bytes; /* in memory; must not change while it is verified. Null: read() */
	uint64_t size;
	bool is_slot; /* a disk slot, longer than the image; a file must end where the image does */
	/* Reads [offset, offset + count), which is inside [0, size); false when it cannot. */
	bool (*read)(const void *context, uint64_t offset, void *to, uint64_t count);
	const void *context;
};

/* False when the range is not inside the source or cannot be read; then *to is undefined. */
static inline bool source_read(const struct image_source *source, uint64_t offset, void *to,
			       uint64_t count)
{
	if (!range_fits(offset, count, source->size))
		return false;
	if (!source->bytes)
		return source->read(source->context, offset, to, count);
	memcpy(to, source->bytes + offset, (size_t)count);
	return true;
}

#endif
