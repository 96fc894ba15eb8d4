/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the disk drivers (ring 3) have in common: requests stay on the disk, come in pieces that the driver takes, and are tried three times. A
 * driver begins one piece and looks how it is. Whoever has nothing else to do waits (disk->device); whoever has, starts a piece and comes back
 * after the disk's interrupt, or a while (disk_start(), disk_step()).
 */
#ifndef BSP_DISK_DISK_H
#define BSP_DISK_DISK_H

#include "update/block.h"

#define DISK_SECTOR_BYTES 512u
#define DISK_MODEL_BYTES 41
#define DISK_WHERE_BYTES 32
#define DISK_FAILURE_BYTES 80
#define DISK_COMMAND_MS 10000u
#define DISK_FLUSH_MS 60000u /* a disk may have a large cache to write, or much to forget */

enum disk_progress { DISK_BUSY, DISK_GOOD, DISK_BAD };
enum disk_operation { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD };

struct disk_request {
	enum disk_operation operation;
	uint64_t sector;
	uint32_t count; /* at most the driver's sectors_at_once, of a discard its discard_sectors; 0 for DISK_FLUSH */
	/* One of the two, by the operation, or none. In a bounce buffer they are the driver's already. */
	uint8_t *to;
	const uint8_t *from;
};

struct disk {
	struct block_device device;
	/* One attempt; false and DISK_BAD: disk_failed() says why. */
	bool (*begin)(struct disk *disk, const struct disk_request *request);
	enum disk_progress (*look)(struct disk *disk, const struct disk_request *request);
	uint64_t (*ticks)(void *context); /* for time-outs */
	void *ticks_context;
	uint64_t ticks_hz;
	void (*recover)(struct disk *disk);					/* after a failure; may be null */
	void (*close)(struct disk *disk);					/* it must not reach the memory any more; null: it never has */
	uint32_t sectors_at_once, discard_sectors; /* discard_sectors 0: it cannot discard */
	uint8_t *bounce; /* what the device reads and writes, of sectors_at_once, and where a discard's range goes; null: the driver moves the bytes */
	const char *unfit; /* why it cannot be used although it is there; null: no reason known */
	char where[DISK_WHERE_BYTES];
	char model[DISK_MODEL_BYTES];
	/* What is under way. */
	bool is_busy;
	struct disk_request current;
	uint32_t tries_left;
	uint64_t began;
	void (*done)(void *context, bool is_good);
	void *done_context;
	uint8_t *copy_to; /* what has been read goes there from the bounce buffer; null: it has its place */
	uint32_t failures; /* attempts that failed, also of requests that then worked */
	char last_failure[DISK_FAILURE_BYTES];
};

/* What time-outs are counted by. */
static inline void disk_clock(struct disk *disk, uint64_t (*ticks)(void *context), void *context, uint64_t ticks_hz)
{
	disk->ticks = ticks;
	disk->ticks_context = context;
	disk->ticks_hz = ticks_hz;
}

/* Fills disk->device for so many sectors; the driver's fields are there already. */
void disk_offer(struct disk *disk, uint64_t sector_count);

#define DISK_LARGE_SECTORS "its sectors do not have 512 bytes; use another disk, or format this one with sectors of 512 bytes"

/* Keeps why a disk that is there cannot be used. False, for the driver to return. */
static inline bool disk_unfit(struct disk *disk, const char *why)
{
	disk->unfit = why;
	return false;
}

/* Counts and keeps the words. False, for the driver to return. */
bool __attribute__((format(printf, 2, 3))) disk_failed(struct disk *disk, const char *format, ...);

/*
 * Starts one piece, of a disk that is not busy; its bytes must stay until done() is called, from a later disk_step() or from whatever else uses the
 * disk first. done() must not use the disk.
 */
void disk_start(struct disk *disk, const struct disk_request *request, void (*done)(void *context, bool is_good), void *context);

/* Looks how it is; tries again what has failed or takes too long. Returns at once. */
void disk_step(struct disk *disk);

/* Waits until the disk is not busy. */
void disk_settle(struct disk *disk);

/* One request, of any size that fits one piece, tried as often as every other: what drivers ask a disk about itself. */
bool disk_run(struct disk *disk, const struct disk_request *request);

/* Copies what is printable of a fixed-size text without the spaces behind; to has size + 1 bytes. */
void disk_text(char *to, const uint8_t *from, size_t size);

static inline uint32_t disk_timeout(const struct disk_request *request)
{
	return request->operation >= DISK_FLUSH ? DISK_FLUSH_MS : DISK_COMMAND_MS;
}

#endif
