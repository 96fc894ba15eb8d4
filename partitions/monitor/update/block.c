/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds of regions, checked here and nowhere else.
 */
#include "update/block.h"

#include "image/bytes.h"

#define TRANSFER_BYTES 0x100000u /* in one call of the device */

struct block_region block_whole(const struct block_device *device)
{
	uint64_t most = UINT64_MAX / device->sector_bytes;

	return (struct block_region){
		.device = device,
		.bytes = (device->sector_count < most ? device->sector_count : most) * device->sector_bytes,
	};
}

static bool is_inside(const struct block_region *region, uint64_t offset, uint64_t count)
{
	uint64_t mask = region->device->sector_bytes - 1;

	return range_fits(offset, count, region->bytes) && !(offset & mask) && !(count & mask) &&
	       range_fits(region->first, region->bytes / region->device->sector_bytes, region->device->sector_count);
}

bool block_read(const struct block_region *region, uint64_t offset, void *bytes, uint64_t count)
{
	const struct block_device *device = region->device;
	uint8_t *to = bytes;

	if (!is_inside(region, offset, count))
		return false;
	while (count) {
		uint32_t piece = count < TRANSFER_BYTES ? (uint32_t)count : TRANSFER_BYTES;

		if (!device->read(device->context, region->first + offset / device->sector_bytes, piece / device->sector_bytes, to))
			return false;
		to += piece;
		offset += piece;
		count -= piece;
	}
	return true;
}

bool block_write(const struct block_region *region, uint64_t offset, const void *bytes, uint64_t count)
{
	const struct block_device *device = region->device;
	const uint8_t *from = bytes;

	if (!is_inside(region, offset, count))
		return false;
	while (count) {
		uint32_t piece = count < TRANSFER_BYTES ? (uint32_t)count : TRANSFER_BYTES;

		if (!device->write(device->context, region->first + offset / device->sector_bytes, piece / device->sector_bytes,
				   from))
			return false;
		from += piece;
		offset += piece;
		count -= piece;
	}
	return true;
}

bool block_flush(const struct block_region *region)
{
	return region->device->flush(region->device->context);
}

bool block_discard(const struct block_region *region, uint64_t offset, uint32_t count)
{
	const struct block_device *device = region->device;

	if (!is_inside(region, offset, count))
		return false;
	return !count || !device->discard ||
	       device->discard(device->context, region->first + offset / device->sector_bytes, count / device->sector_bytes);
}

bool block_zero(const struct block_region *region, uint64_t offset, uint64_t count)
{
	static const uint8_t zeros[BLOCK_BYTES];
	uint8_t block[BLOCK_BYTES];

	for (; count >= BLOCK_BYTES; offset += BLOCK_BYTES, count -= BLOCK_BYTES) {
		/* What cannot be read may still be written. */
		if (block_read(region, offset, block, sizeof(block)) && bytes_are_zero(block, sizeof(block)))
			continue;
		if (!block_write(region, offset, zeros, sizeof(zeros)))
			return false;
	}
	return count == 0;
}
