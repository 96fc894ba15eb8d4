/* SPDX-License-Identifier: Apache-2.0 */
/* The board's disks; see disks.h. The table of drivers. */
#include "bsp/disk/disks.h"

struct disk_driver {
	bool (*drives)(const struct pci_function *function);
	bool (*open)(struct disks *disks, uint32_t unit);
	uint32_t units;
};

static bool is_ahci(const struct pci_function *f)
{
	return f->class_code == AHCI_CLASS;
}

static bool open_ahci(struct disks *disks, uint32_t unit)
{
	return ahci_open(&disks->open.ahci, disks->host, &disks->function, unit);
}

static bool is_nvme(const struct pci_function *f)
{
	return f->class_code == NVME_CLASS;
}

static bool open_nvme(struct disks *disks, uint32_t unit)
{
	(void)unit;
	return nvme_open(&disks->open.nvme, disks->host, &disks->function);
}

static bool is_virtio_blk(const struct pci_function *f)
{
	return f->vendor == VIRTIO_VENDOR && (f->device == VIRTIO_BLK_DEVICE || f->device == VIRTIO_BLK_TRANSITIONAL);
}

static bool open_virtio_blk(struct disks *disks, uint32_t unit)
{
	(void)unit;
	return virtio_blk_open(&disks->open.virtio_blk, disks->host, &disks->function);
}

static const struct disk_driver drivers[] = {
	{ is_ahci, open_ahci, AHCI_PORTS },
	{ is_nvme, open_nvme, 1 },
	{ is_virtio_blk, open_virtio_blk, 1 },
};

static const struct disk_driver *driver_of(const struct pci_function *function)
{
	for (uint32_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (drivers[i].drives(function))
			return &drivers[i];
	return NULL;
}

static void quiesce(struct disk *disk)
{
	if (disk->close)
		disk->close(disk);
}

/* The next disk of the controller under way. */
static bool next_unit(struct disks *disks)
{
	while (disks->driver && disks->unit < disks->driver->units) {
		disks->open.disk.unfit = NULL;
		if (disks->driver->open(disks, disks->unit++) || disks->open.disk.unfit)
			return true;
		/* it may have been started */
		quiesce(&disks->open.disk);
	}
	disks->driver = NULL;
	return false;
}

static bool next(struct disks *disks, uint64_t ticks_hz)
{
	if (!disks->is_past_ata) {
		disks->is_past_ata = true;
		if (ata_open(&disks->open.ata, ticks_hz) || disks->open.disk.unfit)
			return true;
	}
	while (!next_unit(disks)) {
		if (!disks->host || !pci_next(disks->host, &disks->walk, &disks->function))
			return false;
		disks->driver = driver_of(&disks->function);
		disks->unit = 0;
		if (disks->driver)
			pci_enable(disks->host, &disks->function);
	}
	return true;
}

struct disk *disks_next(struct disks *disks, uint64_t ticks_hz)
{
	if (disks->disk)
		quiesce(disks->disk);
	disks->disk = next(disks, ticks_hz) ? &disks->open.disk : NULL;
	return disks->disk;
}
