/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region of a block device that makes nobody wait (update/block.h), as the partition's disk: jobs queue up, one piece is under way, and the guest
 * runs meanwhile. What is over at once is waited for.
 */
#ifndef VIRTIO_DISK_QUEUE_H
#define VIRTIO_DISK_QUEUE_H

#include "update/block.h"
#include "virtio/disk.h"

#define DISK_QUEUE_BYTES 65536u /* of a piece */

struct disk_queue {
	const struct block_region *region;
	struct disk_job *jobs[DISK_JOBS]; /* from `first` on, in order */
	uint32_t first, count;
	uint32_t offset;      /* of the first one's bytes that are done */
	uint32_t piece_bytes; /* under way */
	uint32_t pieces, waits; /* that were begun; that the guest was not held up by */
	bool is_under_way, is_left; /* the guest has gone on meanwhile */
	bool is_orphan; /* its job is gone */
	bool is_telling; /* within disk_done() */
	uint8_t bytes[DISK_QUEUE_BYTES];
};

/* A backend over *region, whose device has start(); both and `queue` must outlive it. */
struct disk_backend disk_queue_backend(struct disk_queue *queue, const struct block_region *region, const char *serial);

/* The guest has gone: its jobs are forgotten, and the disk is left alone with nothing under way. */
void disk_queue_settle(struct disk_queue *queue);

#endif
