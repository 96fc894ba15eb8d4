/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of 4 KiB in a hash table.
 */
#include "sparse_disk.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t *block_look(const struct sparse_disk *disk, uint64_t number)
{
	static const uint8_t zeros[BLOCK_BYTES];

	for (size_t i = number * 0x9E3779B97F4A7C15ull >> 47;; i = (i + 1) % SPARSE_BLOCKS) {
		if (!disk->numbers[i])
			return zeros;
		if (disk->numbers[i] == number + 1)
			return disk->blocks[i];
	}
}

static uint8_t *block_make(struct sparse_disk *disk, uint64_t number)
{
	size_t i = number * 0x9E3779B97F4A7C15ull >> 47;

	while (disk->numbers[i] && disk->numbers[i] != number + 1)
		i = (i + 1) % SPARSE_BLOCKS;
	if (!disk->numbers[i]) {
		if (disk->count++ == SPARSE_BLOCKS / 2)
			abort();
		disk->numbers[i] = number + 1;
		disk->blocks[i] = calloc(1, BLOCK_BYTES);
		if (!disk->blocks[i])
			abort();
	}
	return disk->blocks[i];
}

static void range_require(const struct sparse_disk *disk, uint64_t sector, uint32_t count)
{
	if (!count || sector >= disk->device.sector_count || count > disk->device.sector_count - sector)
		abort();
}

static bool sparse_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	struct sparse_disk *disk = context;
	uint32_t size = disk->device.sector_bytes;
	uint8_t *to = bytes;

	range_require(disk, sector, count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (sector + i) * size;

		memcpy(to + (uint64_t)i * size, block_look(disk, at / BLOCK_BYTES) + at % BLOCK_BYTES, size);
	}
	return true;
}

static bool sparse_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	struct sparse_disk *disk = context;
	uint32_t size = disk->device.sector_bytes;
	const uint8_t *from = bytes;

	range_require(disk, sector, count);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (sector + i) * size;

		memcpy(block_make(disk, at / BLOCK_BYTES) + at % BLOCK_BYTES, from + (uint64_t)i * size, size);
		disk->lowest = at < disk->lowest ? at : disk->lowest;
		disk->highest = at + size > disk->highest ? at + size : disk->highest;
	}
	return true;
}

static bool sparse_flush(void *context)
{
	return context != NULL;
}

void sparse_open(struct sparse_disk *disk, uint64_t sector_count, uint32_t sector_bytes)
{
	memset(disk, 0, sizeof(*disk));
	disk->lowest = UINT64_MAX;
	disk->device = (struct block_device){ .read = sparse_read,
					      .write = sparse_write,
					      .flush = sparse_flush,
					      .context = disk,
					      .sector_bytes = sector_bytes,
					      .sector_count = sector_count };
}

void sparse_close(struct sparse_disk *disk)
{
	for (size_t i = 0; i < SPARSE_BLOCKS; i++)
		free(disk->blocks[i]);
	memset(disk->numbers, 0, sizeof(disk->numbers));
	memset(disk->blocks, 0, sizeof(disk->blocks));
}
