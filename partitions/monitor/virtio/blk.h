/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-blk: one queue of requests over a disk_backend; reads, writes, flush, discard, zeros.
 * Manual: Virtual I/O Device (VIRTIO) 1.2, 5.2 "Block Device".
 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include "virtio/disk.h"
#include "virtio/function.h"

/* More in one request fails: it must not take for ever. */
#define BLK_MAX_BYTES (4u << 20)

struct virtio_blk {
	struct virtio_function function;
	const struct disk_backend *backend;
	uint32_t budget;  /* bytes that may still be moved in this go */
	bool is_serving;
	bool is_stalled;  /* the budget is used up, and there are requests */
	struct disk_job jobs[DISK_JOBS];
};

/* Power-on. */
void virtio_blk_init(struct virtio_blk *blk, const struct virtio_host *host,
		     const struct disk_backend *backend);

/* The guest is gone; no job is left. Zeros are a device, too. */
void virtio_blk_close(struct virtio_blk *blk);

/* Whether it waits for time to pass, and what is to be done then. */
bool virtio_blk_wants_time(const struct virtio_blk *blk);
void virtio_blk_run(struct virtio_blk *blk);

#endif
