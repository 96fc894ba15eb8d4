/* SPDX-License-Identifier: Apache-2.0 */
/* The partition's disk; see disk.h. Owns the bytes of the one in memory. */
#include "disk.h"

#include <inttypes.h>

#include "device_list.h"
#include "print.h"
#include "slots.h"
#include "virtio/disk_queue.h"
#include "virtio/disk_region.h"
#include "virtio/ram_disk.h"

#define RAM_BYTES (DEVICE_LIST_DISK_RAM_KIB * 1024u)

static uint8_t ram[RAM_BYTES + 1];
static struct block_device device;
static struct block_region region;
static struct disk_backend backend;
static struct disk_queue queue;

static uint32_t interrupts; /* while something was under way */

const struct disk_backend *disk_find(void)
{
	if (backend.start)
		return &backend;
	if (RAM_BYTES) {
		device = ram_disk(ram, RAM_BYTES);
		region = block_whole(&device);
		backend = disk_region_backend(&region, "nestbox-ram");
	} else if (slots_data(&region)) {
		backend = region.device->start ? disk_queue_backend(&queue, &region, "nestbox-data") : disk_region_backend(&region, "nestbox-data");
	}
	return backend.start ? &backend : NULL;
}

void disk_note_interrupt(void)
{
	interrupts += queue.is_under_way;
}

void disk_end_guest(void)
{
	if (!queue.region)
		return;
	disk_queue_settle(&queue);
	print("disk: %" PRIu32 " pieces moved for the guest, %" PRIu32 " of them while it ran, %" PRIu32 " interrupts\n",
	      queue.pieces, queue.waits, interrupts);
	queue.pieces = queue.waits = interrupts = 0;
}
