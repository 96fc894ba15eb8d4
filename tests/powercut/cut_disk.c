/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk whose power is cut.
 */
#include "cut_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(bool is_true, const char *what)
{
	if (is_true)
		return;
	fprintf(stderr, "cut_disk: %s\n", what);
	abort();
}

static uint8_t *copy_of(const uint8_t *bytes, uint64_t count)
{
	uint8_t *copy = malloc(count);

	require(copy, "no memory");
	memcpy(copy, bytes, count);
	return copy;
}

static uint64_t sector_hash(const uint8_t *bytes)
{
	uint64_t hash = 0, word;

	for (size_t i = 0; i < CUT_SECTOR; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
		hash ^= hash >> 29;
	}
	return hash;
}

static bool is_bad(const struct cut_disk *disk, uint64_t offset, uint64_t count)
{
	return disk->bad_count && offset < disk->bad_offset + disk->bad_count && disk->bad_offset < offset + count;
}

/* Any bytes, not only whole sectors: a write may be torn anywhere. */
static void put(struct cut_disk *disk, uint64_t offset, const uint8_t *bytes, uint64_t count)
{
	require(offset + count <= disk->size, "outside");
	if (!count)
		return;
	require(disk->undo_count < CUT_MAX_UNDOS, "too many writes");
	disk->undos[disk->undo_count++] = (struct cut_undo){ offset, count, copy_of(disk->bytes + offset, count) };
	if (is_bad(disk, offset, count))
		disk->bad_count = 0;
	memcpy(disk->bytes + offset, bytes, count);
	for (uint64_t s = offset / CUT_SECTOR; s <= (offset + count - 1) / CUT_SECTOR; s++)
		disk->hashes[s] = sector_hash(disk->bytes + s * CUT_SECTOR);
}

static bool disk_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	struct cut_disk *disk = context;
	uint64_t offset = sector * CUT_SECTOR, size = (uint64_t)count * CUT_SECTOR;

	require(offset + size <= disk->size, "read outside");
	if (is_bad(disk, offset, size))
		return false;
	memcpy(bytes, disk->bytes + offset, size);
	return true;
}

static void keep(struct cut_disk *disk, struct cut_event event)
{
	require(disk->event_count < CUT_MAX_EVENTS, "too many events");
	disk->events[disk->event_count++] = event;
}

static bool disk_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	struct cut_disk *disk = context;
	uint64_t offset = sector * CUT_SECTOR, size = (uint64_t)count * CUT_SECTOR;

	put(disk, offset, bytes, size);
	if (disk->is_recording)
		keep(disk, (struct cut_event){ offset, size, copy_of(bytes, size) });
	return true;
}

static bool disk_flush(void *context)
{
	struct cut_disk *disk = context;

	if (disk->is_recording)
		keep(disk, (struct cut_event){ 0, 0, NULL });
	return true;
}

void cut_disk_open(struct cut_disk *disk, uint64_t size)
{
	memset(disk, 0, sizeof(*disk));
	disk->size = size;
	disk->bytes = calloc(1, size);
	disk->hashes = calloc(size / CUT_SECTOR, sizeof(*disk->hashes));
	require(disk->bytes && disk->hashes, "no memory");
	disk->device = (struct block_device){ .read = disk_read,
					      .write = disk_write,
					      .flush = disk_flush,
					      .context = disk,
					      .sector_bytes = CUT_SECTOR,
					      .sector_count = size / CUT_SECTOR };
}

void cut_disk_close(struct cut_disk *disk)
{
	cut_disk_settle(disk);
	cut_disk_forget(disk->events, disk->event_count);
	free(disk->bytes);
	free(disk->hashes);
}

void cut_disk_forget(struct cut_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(events[i].bytes);
}

void cut_disk_record(struct cut_disk *disk)
{
	cut_disk_forget(disk->events, disk->event_count);
	disk->event_count = 0;
	disk->is_recording = true;
}

void cut_disk_stop(struct cut_disk *disk)
{
	disk->is_recording = false;
}

void cut_disk_play(struct cut_disk *disk, const struct cut_event *event, uint64_t from, uint64_t to)
{
	if (event->count)
		put(disk, event->offset + from, event->bytes + from, to - from);
}

size_t cut_disk_mark(const struct cut_disk *disk)
{
	return disk->undo_count;
}

void cut_disk_undo(struct cut_disk *disk, size_t mark)
{
	while (disk->undo_count > mark) {
		struct cut_undo *undo = &disk->undos[--disk->undo_count];
		uint64_t last = (undo->offset + undo->count - 1) / CUT_SECTOR;

		memcpy(disk->bytes + undo->offset, undo->before, undo->count);
		for (uint64_t s = undo->offset / CUT_SECTOR; s <= last; s++)
			disk->hashes[s] = sector_hash(disk->bytes + s * CUT_SECTOR);
		free(undo->before);
	}
	disk->bad_count = 0;
}

void cut_disk_settle(struct cut_disk *disk)
{
	while (disk->undo_count)
		free(disk->undos[--disk->undo_count].before);
}

uint64_t cut_disk_hash(const struct cut_disk *disk, uint64_t offset, uint64_t count)
{
	uint64_t hash = is_bad(disk, offset, count) ? disk->bad_offset + 1 : 0;

	for (uint64_t s = offset / CUT_SECTOR; s < (offset + count) / CUT_SECTOR; s++)
		hash = (hash ^ disk->hashes[s]) * 0x9E3779B97F4A7C15u + (hash >> 31);
	return hash;
}
