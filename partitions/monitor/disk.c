/* SPDX-License-Identifier: Apache-2.0 */
/* The partition's disk; see disk.h. Owns the bytes of the one in memory. */
#include "disk.h"

#include "device_list.h"
#include "slots.h"
#include "virtio/disk_region.h"
#include "virtio/ram_disk.h"

#define RAM_BYTES (DEVICE_LIST_DISK_RAM_KIB * 1024u)

static uint8_t ram[RAM_BYTES + 1];
static struct block_device device;
static struct block_region region;
static struct disk_backend backend;

const struct disk_backend *disk_find(void)
{
	if (backend.start)
		return &backend;
	if (RAM_BYTES) {
		device = ram_disk(ram, RAM_BYTES);
		region = block_whole(&device);
		backend = disk_region_backend(&region, "nestbox-ram");
	} else if (slots_data(&region)) {
		backend = disk_region_backend(&region, "nestbox-data");
	}
	return backend.start ? &backend : NULL;
}
