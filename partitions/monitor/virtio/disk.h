/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's disk as whoever keeps its bytes sees it. The device checks what the guest asks for and
 * hands over jobs, several at a time; they end in any order, at once or later. Where a job's bytes lie in
 * the guest's RAM they can change while they are written: that is the guest's own loss.
 */
#ifndef VIRTIO_DISK_H
#define VIRTIO_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/virtqueue.h"

#define DISK_SECTOR_BYTES 512u /* what sectors are counted in, whatever the disk's own are */
#define DISK_JOBS 16u          /* at a time */
#define DISK_SERIAL_BYTES 20u

enum disk_operation { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD, DISK_ZERO };

struct virtio_blk;

struct disk_job {
	enum disk_operation operation;
	uint64_t sector; /* inside the disk, with all of the bytes; nothing for a flush */
	uint32_t bytes;  /* multiples of the backend's block */
	/* The device's own. */
	struct virtio_blk *blk;
	bool is_busy;
	bool is_through; /* a write to be followed by a flush */
	struct virtqueue_chain chain;
};

struct disk_backend {
	uint64_t sectors;
	uint32_t block_bytes; /* smallest unit, 512 to 4096 */
	bool is_read_only;
	bool may_discard;     /* DISK_DISCARD: what is discarded may read as anything */
	const char *serial;
	/* Begins a job. disk_done() must follow, from within or later, unless cancel() comes first. */
	void (*start)(void *context, struct disk_job *job);
	/* The guest is gone: no job that was begun may be touched any more. Null: none outlasts start(). */
	void (*cancel)(void *context);
	/* Goes on with jobs that have not ended, now and then and when the disk interrupts. Null: none outlasts start(). */
	void (*run)(void *context);
	bool (*is_busy)(const void *context);
	void *context;
};

/* Of a read or write: the guest's bytes from `offset` on that lie in one piece, *count of them; null behind the end. */
uint8_t *disk_job_at(const struct disk_job *job, uint32_t offset, size_t *count);

/* Ends a job; it may be used for another one at once. */
void disk_done(struct disk_job *job, bool is_good);

#endif
