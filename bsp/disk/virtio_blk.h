/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of a modern virtio block device: one request at a time, through a bounce buffer; a device that does not answer is reset. Source:
 * Virtual I/O Device (VIRTIO) 1.1, section 5.2 "Block Device".
 */
#ifndef BSP_DISK_VIRTIO_BLK_H
#define BSP_DISK_VIRTIO_BLK_H

#include "bsp/disk/disk.h"
#include "bsp/pci/virtio_pci.h"

#define VIRTIO_BLK_DEVICE 0x1042u
#define VIRTIO_BLK_TRANSITIONAL 0x1001u /* which may have the modern registers, too */

struct virtio_blk {
	struct disk disk;
	struct virtio_pci device;
	uint64_t features;
	bool is_broken; /* it has to be reset before the next request */
};

/* The disk behind a function that pci_enable() has been called for. False: it is not modern, is read-only, or has other sectors than 512 bytes. */
bool virtio_blk_open(struct virtio_blk *blk, const struct pci_host *host, const struct pci_function *function);

#endif
