/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's disks, one after the other: the first on the first IDE channel, then what is behind AHCI, NVMe and virtio controllers in the order
 * of the PCI bus. One is open at a time.
 */
#ifndef BSP_DISK_DISKS_H
#define BSP_DISK_DISKS_H

#include "bsp/disk/ahci.h"
#include "bsp/disk/ata.h"
#include "bsp/disk/nvme.h"
#include "bsp/disk/virtio_blk.h"

struct disk_driver;

struct disks {
	const struct pci_host *host; /* null: only the IDE channel */
	struct pci_walk walk;
	struct pci_function function;
	const struct disk_driver *driver; /* of the function */
	uint32_t unit;			  /* of the controller, to be tried next */
	bool is_past_ata;
	union { struct disk disk; struct ata ata; struct ahci ahci; struct nvme nvme; struct virtio_blk virtio_blk; } open;
	struct disk *disk; /* the open one, or null */
};

/* Closes the one that is open and opens the next, which may be unfit; null: there are no more. */
struct disk *disks_next(struct disks *disks, uint64_t ticks_hz);

#endif
