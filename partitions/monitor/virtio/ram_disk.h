/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory: for tests, and gone with the power. What is discarded reads as zeros. */
#ifndef VIRTIO_RAM_DISK_H
#define VIRTIO_RAM_DISK_H

#include "update/block.h"

#define RAM_DISK_SECTOR_BYTES 512u

/* `bytes`, a multiple of RAM_DISK_SECTOR_BYTES of them, must outlive the device. */
struct block_device ram_disk(uint8_t *bytes, uint64_t count);

#endif
