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

	if (!disk->recover)
		return;
	memcpy(why, disk->last_failure, sizeof(why));
	disk->recover(disk);
	memcpy(disk->last_failure, why, sizeof(why));
}

static void end(struct disk *disk, bool is_good)
{
	uint8_t *to = disk->copy_to;

	disk->is_busy = false;
	disk->copy_to = NULL;
	if (to && is_good)
		memcpy(to, disk->bounce, (size_t)disk->current.count * DISK_SECTOR_BYTES);
	disk->done(disk->done_context, is_good);
}

/* Attempts until one has begun, or none is left. */
static void attempt(struct disk *disk)
{
	while (disk->tries_left--) {
		disk->began = disk->ticks(disk->ticks_context);
		if (disk->begin(disk, &disk->current))
			return;
		recover(disk);
	}
	end(disk, false);
}

void disk_start(struct disk *disk, const struct disk_request *request, void (*done)(void *context, bool is_good), void *context)
{
	disk->is_busy = true;
	disk->current = *request;
	disk->tries_left = TRIES;
	disk->done = done;
	disk->done_context = context;
	attempt(disk);
}

static bool is_late(const struct disk *disk)
{
	return disk->ticks(disk->ticks_context) - disk->began > disk->ticks_hz / 1000 * disk_timeout(&disk->current);
}

void disk_step(struct disk *disk)
{
	if (!disk->is_busy)
		return;
	bool is_over = is_late(disk);
	enum disk_progress progress = disk->look(disk, &disk->current);

	if (progress == DISK_GOOD) {
		end(disk, true);
	} else if (progress == DISK_BAD || is_over) {
		if (progress == DISK_BUSY)
			disk_failed(disk, "operation %d at sector %llu: no answer", disk->current.operation, (unsigned long long)disk->current.sector);
		recover(disk);
		attempt(disk);
	}
}

void disk_settle(struct disk *disk)
{
	while (disk->is_busy)
		disk_step(disk);
}

static void note(void *context, bool is_good)
{
	*(bool *)context = is_good;
}

bool disk_run(struct disk *disk, const struct disk_request *request)
{
	bool is_good = false;

	disk_settle(disk);
	disk_start(disk, request, note, &is_good);
	disk_settle(disk);
	return is_good;
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

static bool is_on_disk(const struct disk *disk, uint64_t sector, uint32_t count)
{
	return sector <= disk->device.sector_count && count <= disk->device.sector_count - sector;
}

static bool run_pieces(struct disk *disk, struct disk_request r, uint32_t count)
{
	disk_settle(disk); /* the bounce buffer is one */
	if (!is_on_disk(disk, r.sector, count))
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

static bool disk_discard(void *context, uint64_t sector, uint32_t count)
{
	struct disk *disk = context;
	struct disk_request r = { .operation = DISK_DISCARD, .sector = sector };

	if (!is_on_disk(disk, sector, count))
		return false;
	for (; count; count -= r.count, r.sector += r.count) {
		r.count = count < disk->discard_sectors ? count : disk->discard_sectors;
		if (!disk_run(disk, &r))
			return false;
	}
	return true;
}

static bool disk_flush(void *context)
{
	const struct disk_request request = { .operation = DISK_FLUSH };

	return disk_run(context, &request);
}

static bool device_start(void *context, const struct block_request *request)
{
	static const enum disk_operation operations[] = { [BLOCK_READ] = DISK_READ, [BLOCK_WRITE] = DISK_WRITE, [BLOCK_FLUSH] = DISK_FLUSH,
							  [BLOCK_DISCARD] = DISK_DISCARD };
	struct disk *disk = context;
	struct disk_request r = { .operation = operations[request->operation], .sector = request->sector, .count = request->count };
	uint8_t *bytes = disk->bounce ? disk->bounce : request->bytes;
	uint32_t most = r.operation == DISK_DISCARD ? disk->discard_sectors : disk->sectors_at_once;

	if (disk->is_busy || request->count > most || !is_on_disk(disk, request->sector, request->count))
		return false;
	r.to = r.operation == DISK_READ ? bytes : NULL;
	r.from = r.operation == DISK_WRITE ? bytes : NULL;
	if (disk->bounce && r.from)
		memcpy(disk->bounce, request->bytes, (size_t)request->count * DISK_SECTOR_BYTES);
	disk->copy_to = disk->bounce && r.to ? request->bytes : NULL;
	disk_start(disk, &r, request->done, request->context);
	return true;
}

static void device_step(void *context)
{
	disk_step(context);
}

void disk_offer(struct disk *disk, uint64_t sector_count)
{
	disk->device = (struct block_device){
		.read = disk_read, .write = disk_write, .flush = disk_flush, .context = disk,
		.discard = disk->discard_sectors ? disk_discard : NULL,
		.start = device_start, .step = device_step, .start_sectors = disk->sectors_at_once, .discard_sectors = disk->discard_sectors,
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
