/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk that tests take apart.
 */
#include "model_disk.h"

#include <stdlib.h>
#include <string.h>

static bool disk_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	struct model_disk *disk = context;
	uint64_t at = sector * disk->device.sector_bytes;
	uint64_t size = (uint64_t)count * disk->device.sector_bytes;

	disk->reads++;
	if (at + size > disk->size)
		abort(); /* nobody may ask for it */
	if (disk->fail_read_at >= 0 && disk->fail_read_at-- == 0)
		return false;
	if (at < disk->fail_read_to && at + size > disk->fail_read_from)
		return false;
	memcpy(bytes, disk->bytes + at, size);
	return true;
}

static bool disk_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	struct model_disk *disk = context;
	uint64_t at = sector * disk->device.sector_bytes;
	uint64_t size = (uint64_t)count * disk->device.sector_bytes;

	if (at + size > disk->size)
		abort();
	disk->writes++;
	if (disk->fail_write_at >= 0 && disk->fail_write_at-- == 0)
		return false;
	if (!disk->loses_writes)
		memcpy(disk->bytes + at, bytes, size);
	return true;
}

static bool disk_flush(void *context)
{
	struct model_disk *disk = context;

	disk->flushes++;
	return disk->fail_flush_at < 0 || disk->fail_flush_at-- > 0;
}

void disk_open(struct model_disk *disk, uint64_t size, uint32_t sector_bytes)
{
	memset(disk, 0, sizeof(*disk));
	disk->bytes = calloc(1, size);
	if (!disk->bytes)
		abort();
	disk->size = size;
	disk->fail_write_at = disk->fail_flush_at = disk->fail_read_at = -1;
	disk->device = (struct block_device){ .read = disk_read,
					      .write = disk_write,
					      .flush = disk_flush,
					      .context = disk,
					      .sector_bytes = sector_bytes,
					      .sector_count = size / sector_bytes };
}

void disk_close(struct model_disk *disk)
{
	free(disk->bytes);
	disk->bytes = NULL;
}

struct block_region disk_region(const struct model_disk *disk, uint64_t from, uint64_t count)
{
	return (struct block_region){ &disk->device, from / disk->device.sector_bytes, count };
}
