/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk as the slots and their record see it: three functions, and regions of it that nothing
 * reaches out of. Drivers fill the struct; so do the host tool and the tests.
 */
#ifndef UPDATE_BLOCK_H
#define UPDATE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_BYTES 4096u /* everything Nestbox keeps on a disk comes in these */

enum block_operation { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD };

/* For who does not wait: count at most the device's start_sectors, of a discard its discard_sectors; the bytes stay until done() is called, which must not
 * use the device. */
struct block_request {
	enum block_operation operation;
	uint64_t sector;
	uint32_t count;
	uint8_t *bytes;
	void (*done)(void *context, bool is_good);
	void *context;
};

struct block_device {
	/* Whole sectors; they return when it is done, false when it cannot be. */
	bool (*read)(void *context, uint64_t sector, uint32_t count, void *bytes);
	bool (*write)(void *context, uint64_t sector, uint32_t count, const void *bytes);
	/* All that was written before is on the medium when it returns true. */
	bool (*flush)(void *context);
	/* What is in these sectors need not be kept: they may read as anything. Null: it cannot. */
	bool (*discard)(void *context, uint64_t sector, uint32_t count);
	/* Starts a request; false: it is not on the device, or another one is under way. Null: the device makes everybody wait. */
	bool (*start)(void *context, const struct block_request *request);
	/* Looks how what is under way is, and returns at once. */
	void (*step)(void *context);
	uint32_t start_sectors, discard_sectors; /* at once; 0: it cannot be started */
	void *context;
	uint32_t sector_bytes; /* 512 to 4096, a power of two */
	uint64_t sector_count;
};

/* A piece of a disk: a partition, or the whole. */
struct block_region {
	const struct block_device *device;
	uint64_t first; /* sector */
	uint64_t bytes; /* a multiple of the sector's size */
};

/* The whole disk, as many whole sectors as 64 bits can count bytes of. */
struct block_region block_whole(const struct block_device *device);

/*
 * Reads or writes [offset, offset + count), both multiples of the sector's size. False when that is
 * not inside the region or the device fails; then part of it may have been done.
 */
bool block_read(const struct block_region *region, uint64_t offset, void *bytes, uint64_t count);
bool block_write(const struct block_region *region, uint64_t offset, const void *bytes, uint64_t count);
bool block_flush(const struct block_region *region);

/* As block_write, but the bytes become anything; they stay on a device that cannot discard. Up to 4 GiB. */
bool block_discard(const struct block_region *region, uint64_t offset, uint32_t count);

/* Writes zeros, multiples of BLOCK_BYTES, where there are none yet. */
bool block_zero(const struct block_region *region, uint64_t offset, uint64_t count);

#endif
