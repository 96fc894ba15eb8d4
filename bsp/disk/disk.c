/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces and tries; see disk.h. */
#include "bsp/disk/disk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TRIES 3

bool disk_failed(struct disk *disk, const char *format, ...)
{
	va_list values;

	disk->failures++;
	va_start(values, format);
	vsnprintf(disk->last_failure, sizeof(disk->last_failure), format, values);
	va_end(values);
	return false;
}

/* What is kept are the words about the request. */
static void recover(struct disk *disk)
{
	char why[DISK_FAILURE_BYTES];

	memcpy(why, disk->last_failure, sizeof(why));
	disk->recover(disk);
	memcpy(disk->last_failure, why, sizeof(why));
}

bool disk_run(struct disk *disk, const struct disk_request *request)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		if (disk->attempt(disk, request))
			return true;
		if (disk->recover)
			recover(disk);
	}
	return false;
}

static bool piece(struct disk *disk, const struct disk_request *r)
{
	size_t bytes = (size_t)r->count * DISK_SECTOR_BYTES;
	struct disk_request bounced = *r;

	if (!disk->bounce)
		return disk_run(disk, r);
	bounced.to = r->to ? disk->bounce : NULL;
	bounced.from = r->from ? disk->bounce : NULL;
	if (r->from)
		memcpy(disk->bounce, r->from, bytes);
	if (!disk_run(disk, &bounced))
		return false;
	if (r->to)
		memcpy(r->to, disk->bounce, bytes);
	return true;
}

static bool run_pieces(struct disk *disk, struct disk_request r, uint32_t count)
{
	if (r.sector > disk->device.sector_count || count > disk->device.sector_count - r.sector)
		return false;
	for (; count; count -= r.count) {
		r.count = count < disk->sectors_at_once ? count : disk->sectors_at_once;
		if (!piece(disk, &r))
			return false;
		r.sector += r.count;
		r.to = r.to ? r.to + r.count * DISK_SECTOR_BYTES : NULL;
		r.from = r.from ? r.from + r.count * DISK_SECTOR_BYTES : NULL;
	}
	return true;
}

static bool disk_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	return run_pieces(context, (struct disk_request){ .operation = DISK_READ, .sector = sector, .to = bytes }, count);
}

static bool disk_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	return run_pieces(context, (struct disk_request){ .operation = DISK_WRITE, .sector = sector, .from = bytes }, count);
}

static bool disk_flush(void *context)
{
	const struct disk_request request = { .operation = DISK_FLUSH };

	return disk_run(context, &request);
}

void disk_offer(struct disk *disk, uint64_t sector_count)
{
	disk->device = (struct block_device){
		.read = disk_read, .write = disk_write, .flush = disk_flush, .context = disk,
		.sector_bytes = DISK_SECTOR_BYTES, .sector_count = sector_count,
	};
}

void disk_text(char *to, const uint8_t *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? (char)from[i] : '?';
	to[size] = 0;
	for (size_t i = size; i && to[i - 1] == ' '; i--)
		to[i - 1] = 0;
}
