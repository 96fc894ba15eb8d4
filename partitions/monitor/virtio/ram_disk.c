/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory; see ram_disk.h. Its users keep to its size: regions are checked in block.c. */
#include "virtio/ram_disk.h"

#include <string.h>

static bool ram_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	const uint8_t *disk = context;

	memcpy(bytes, disk + sector * RAM_DISK_SECTOR_BYTES, (size_t)count * RAM_DISK_SECTOR_BYTES);
	return true;
}

static bool ram_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	uint8_t *disk = context;

	memcpy(disk + sector * RAM_DISK_SECTOR_BYTES, bytes, (size_t)count * RAM_DISK_SECTOR_BYTES);
	return true;
}

static bool ram_flush(void *context)
{
	(void)context;
	return true;
}

static bool ram_discard(void *context, uint64_t sector, uint32_t count)
{
	uint8_t *disk = context;

	memset(disk + sector * RAM_DISK_SECTOR_BYTES, 0, (size_t)count * RAM_DISK_SECTOR_BYTES);
	return true;
}

struct block_device ram_disk(uint8_t *bytes, uint64_t count)
{
	return (struct block_device){
		.read = ram_read, .write = ram_write, .flush = ram_flush, .discard = ram_discard,
		.context = bytes, .sector_bytes = RAM_DISK_SECTOR_BYTES,
		.sector_count = count / RAM_DISK_SECTOR_BYTES,
	};
}
