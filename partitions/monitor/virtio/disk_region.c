/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs on a region of a block device; see disk_region.h. */
#include "virtio/disk_region.h"

#include <string.h>

/* Sectors that lie across segments of the guest's go through here. */
static bool move_bounced(const struct block_region *region, const struct disk_job *job,
			 uint32_t offset)
{
	uint64_t at = job->sector * DISK_SECTOR_BYTES + offset;
	uint32_t sector = region->device->sector_bytes;
	uint8_t bytes[BLOCK_BYTES];

	if (job->operation == DISK_READ && !block_read(region, at, bytes, sector))
		return false;
	for (uint32_t done = 0; done < sector;) {
		size_t part = sector - done;
		uint8_t *guest = disk_job_at(job, offset + done, &part);

		if (!guest)
			return false;
		memcpy(job->operation == DISK_READ ? guest : bytes + done,
		       job->operation == DISK_READ ? bytes + done : guest, part);
		done += (uint32_t)part;
	}
	return job->operation == DISK_READ || block_write(region, at, bytes, sector);
}

static bool move(const struct block_region *region, const struct disk_job *job)
{
	uint32_t sector = region->device->sector_bytes;

	for (uint32_t offset = 0; offset < job->bytes;) {
		uint64_t at = job->sector * DISK_SECTOR_BYTES + offset;
		size_t part = job->bytes - offset;
		uint8_t *guest = disk_job_at(job, offset, &part);
		bool is_good;

		if (!guest)
			return false;
		part -= part % sector;
		if (!part) {
			part = sector;
			is_good = move_bounced(region, job, offset);
		} else if (job->operation == DISK_READ) {
			is_good = block_read(region, at, guest, part);
		} else {
			is_good = block_write(region, at, guest, part);
		}
		if (!is_good)
			return false;
		offset += (uint32_t)part;
	}
	return true;
}

static bool zero(const struct block_region *region, uint64_t at, uint32_t count)
{
	static const uint8_t zeros[BLOCK_BYTES];

	while (count) {
		uint32_t part = count < BLOCK_BYTES ? count : BLOCK_BYTES;

		if (!block_write(region, at, zeros, part))
			return false;
		at += part;
		count -= part;
	}
	return true;
}

static bool perform(const struct block_region *region, const struct disk_job *job)
{
	uint64_t at = job->sector * DISK_SECTOR_BYTES;

	switch (job->operation) {
	case DISK_READ:
	case DISK_WRITE:
		return move(region, job);
	case DISK_FLUSH:
		return block_flush(region);
	case DISK_DISCARD:
		return block_discard(region, at, job->bytes);
	case DISK_ZERO:
		return zero(region, at, job->bytes);
	}
	return false;
}

static void start(void *context, struct disk_job *job)
{
	disk_done(job, perform(context, job));
}

struct disk_backend disk_region_backend(const struct block_region *region, const char *serial)
{
	return (struct disk_backend){
		.sectors = region->bytes / DISK_SECTOR_BYTES,
		.block_bytes = region->device->sector_bytes,
		.may_discard = region->device->discard,
		.serial = serial,
		.start = start,
		.context = (void *)(uintptr_t)region,
	};
}
