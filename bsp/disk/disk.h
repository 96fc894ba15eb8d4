/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the disk drivers (ring 3) have in common: requests stay on the disk, come in pieces that the driver takes, and are tried three times. A
 * driver does one piece once.
 */
#ifndef BSP_DISK_DISK_H
#define BSP_DISK_DISK_H

#include "update/block.h"

#define DISK_SECTOR_BYTES 512u
#define DISK_MODEL_BYTES 41
#define DISK_WHERE_BYTES 32
#define DISK_FAILURE_BYTES 80
#define DISK_COMMAND_MS 10000u
#define DISK_FLUSH_MS 60000u /* a disk may have a large cache to write */

enum disk_operation { DISK_READ, DISK_WRITE, DISK_FLUSH };

struct disk_request {
	enum disk_operation operation;
	uint64_t sector;
	uint32_t count; /* at most the driver's sectors_at_once; 0 for DISK_FLUSH */
	/* One of the two, by the operation. In a bounce buffer they are the driver's already. */
	uint8_t *to;
	const uint8_t *from;
};

struct disk {
	struct block_device device;
	bool (*attempt)(struct disk *disk, const struct disk_request *request); /* false: disk_failed() says why */
	void (*recover)(struct disk *disk);					/* after a failure; may be null */
	void (*close)(struct disk *disk);					/* it must not reach the memory any more; null: it never has */
	uint32_t sectors_at_once;
	uint8_t *bounce; /* what the device reads and writes, of sectors_at_once; null: the driver moves the bytes */
	const char *unfit; /* why it cannot be used although it is there; null: no reason known */
	char where[DISK_WHERE_BYTES];
	char model[DISK_MODEL_BYTES];
	uint32_t failures; /* attempts that failed, also of requests that then worked */
	char last_failure[DISK_FAILURE_BYTES];
};

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

/* One request, of any size that fits one piece, tried as often as every other: what drivers ask a disk about itself. */
bool disk_run(struct disk *disk, const struct disk_request *request);

/* Copies what is printable of a fixed-size text without the spaces behind; to has size + 1 bytes. */
void disk_text(char *to, const uint8_t *from, size_t size);

static inline uint32_t disk_timeout(const struct disk_request *request)
{
	return request->operation == DISK_FLUSH ? DISK_FLUSH_MS : DISK_COMMAND_MS;
}

#endif
