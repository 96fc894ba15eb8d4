/* SPDX-License-Identifier: Apache-2.0 */
/* Writes that stay in memory; see rehearsal.h. Never calls the disk's write, flush or discard. */
#include "update/rehearsal.h"

#include <string.h>

/* Sectors both ranges have, as [*first, *end); false when there is none. */
static bool overlap(const struct rehearsal *r, unsigned int index, uint64_t range[2])
{
	uint64_t first = r->blocks[index].sector, end = first + BLOCK_BYTES / r->device.sector_bytes;

	range[0] = range[0] > first ? range[0] : first;
	range[1] = range[1] < end ? range[1] : end;
	return range[0] < range[1];
}

static bool rehearsal_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	const struct rehearsal *r = context;
	size_t unit = r->device.sector_bytes;

	if (!r->disk->read(r->disk->context, sector, count, bytes))
		return false;
	for (unsigned int i = 0; i < r->count; i++) {
		uint64_t range[2] = { sector, sector + count };

		if (overlap(r, i, range))
			memcpy((uint8_t *)bytes + (range[0] - sector) * unit, r->blocks[i].bytes + (range[0] - r->blocks[i].sector) * unit,
			       (range[1] - range[0]) * unit);
	}
	return true;
}

/* The block that starts at the sector, a new one if there is room and it touches no other; REHEARSAL_BLOCKS for none. */
static unsigned int block_at(struct rehearsal *r, uint64_t sector)
{
	for (unsigned int i = 0; i < r->count; i++) {
		uint64_t range[2] = { sector, sector + BLOCK_BYTES / r->device.sector_bytes };

		if (r->blocks[i].sector == sector)
			return i;
		if (overlap(r, i, range))
			return REHEARSAL_BLOCKS;
	}
	if (r->count < REHEARSAL_BLOCKS)
		r->blocks[r->count].sector = sector;
	return r->count < REHEARSAL_BLOCKS ? r->count++ : REHEARSAL_BLOCKS;
}

static bool rehearsal_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	struct rehearsal *r = context;
	uint32_t sectors = BLOCK_BYTES / r->device.sector_bytes;

	if (count != sectors || sector > r->device.sector_count || count > r->device.sector_count - sector)
		return false;
	unsigned int index = block_at(r, sector);

	if (index < REHEARSAL_BLOCKS)
		memcpy(r->blocks[index].bytes, bytes, BLOCK_BYTES);
	return index < REHEARSAL_BLOCKS;
}

static bool rehearsal_flush(void *context)
{
	(void)context;
	return true;
}

const struct block_device *rehearsal_open(struct rehearsal *rehearsal, const struct block_device *disk)
{
	memset(rehearsal, 0, sizeof(*rehearsal));
	rehearsal->disk = disk;
	rehearsal->device = (struct block_device){
		.read = rehearsal_read, .write = rehearsal_write, .flush = rehearsal_flush, .context = rehearsal,
		.sector_bytes = disk->sector_bytes, .sector_count = disk->sector_count,
	};
	return &rehearsal->device;
}
