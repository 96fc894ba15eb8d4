/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region of a block device as the partition's disk. A job is done before start() returns, as block devices
 * work. The guest reaches the region and nothing beside it.
 */
#ifndef VIRTIO_DISK_REGION_H
#define VIRTIO_DISK_REGION_H

#include "update/block.h"
#include "virtio/disk.h"

/* A backend over *region, which must outlive it; `serial` is what the guest reads as the disk's. */
struct disk_backend disk_region_backend(const struct block_region *region, const char *serial);

#endif
