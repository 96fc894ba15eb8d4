/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio block driver; see virtio_blk.h. Owns the device's registers and the DMA memory while it is open. */
#include "bsp/disk/virtio_blk.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_CAPACITY = 0, CONFIG_BLOCK = 20, CONFIG_DISCARD = 36 };

#define FEATURE_READ_ONLY (1ull << 5)
#define FEATURE_BLOCK_SIZE (1ull << 6)
#define FEATURE_FLUSH (1ull << 9)
#define FEATURE_DISCARD (1ull << 13)
#define FEATURES (FEATURE_READ_ONLY | FEATURE_BLOCK_SIZE | FEATURE_FLUSH | FEATURE_DISCARD)
#define SECTORS_AT_ONCE 128u
#define NO_STATUS 0xFF

struct memory {
	struct virtio_pci_ring ring;
	struct { uint32_t kind, reserved; uint64_t sector; } header;
	volatile uint8_t status;
	uint8_t bounce[SECTORS_AT_ONCE * DISK_SECTOR_BYTES];
};

static const uint8_t kinds[] = { [DISK_READ] = 0, [DISK_WRITE] = 1, [DISK_FLUSH] = 4, [DISK_DISCARD] = 11 };

static struct memory *memory_of(const struct virtio_blk *blk)
{
	return (struct memory *)(void *)blk->device.host->dma.bytes;
}

static bool start(struct virtio_blk *blk)
{
	blk->is_broken = !virtio_pci_start(&blk->device, FEATURES, &blk->features);
	return !blk->is_broken;
}

/* Its range is what the device reads. */
struct range { uint64_t sector; uint32_t count, flags; };

static uint32_t data_bytes(struct memory *memory, const struct disk_request *r)
{
	const struct range range = { .sector = r->sector, .count = r->count };

	if (r->operation != DISK_DISCARD)
		return r->count * DISK_SECTOR_BYTES;
	memcpy(memory->bounce, &range, sizeof(range));
	return sizeof(range);
}

static bool begin(struct disk *disk, const struct disk_request *r)
{
	struct virtio_blk *blk = (struct virtio_blk *)disk;
	struct memory *memory = memory_of(blk);
	uint64_t base = blk->device.host->dma.physical;
	uint32_t bytes = data_bytes(memory, r);
	const struct virtio_pci_piece pieces[] = {
		{ base + offsetof(struct memory, header), sizeof(memory->header), false },
		{ base + offsetof(struct memory, bounce), bytes, r->operation == DISK_READ },
		{ base + offsetof(struct memory, status), 1, true },
	};
	const struct virtio_pci_piece without_data[] = { pieces[0], pieces[2] };

	if (blk->is_broken)
		return disk_failed(disk, "the device does not come back from its reset");
	/* without this feature what is written is on the medium */
	if (r->operation == DISK_FLUSH && !(blk->features & FEATURE_FLUSH))
		return true;
	memory->header.kind = kinds[r->operation];
	memory->header.sector = r->operation == DISK_DISCARD ? 0 : r->sector;
	memory->status = NO_STATUS;
	blk->is_broken = true; /* until it has answered */
	virtio_pci_send(&blk->device, bytes ? pieces : without_data, bytes ? 3 : 2);
	return true;
}

static enum disk_progress look(struct disk *disk, const struct disk_request *r)
{
	struct virtio_blk *blk = (struct virtio_blk *)disk;

	if (r->operation == DISK_FLUSH && !(blk->features & FEATURE_FLUSH))
		return DISK_GOOD;
	enum virtio_answer answer = virtio_pci_answer(&blk->device);

	if (answer == VIRTIO_ANSWER_NONE)
		return DISK_BUSY;
	blk->is_broken = answer == VIRTIO_ANSWER_ABSURD;
	if (!blk->is_broken && !memory_of(blk)->status)
		return DISK_GOOD;
	disk_failed(disk, "request %u at sector %llu: %s, status %u", (unsigned int)kinds[r->operation], (unsigned long long)r->sector,
		    blk->is_broken ? "an absurd answer" : "failed", (unsigned int)memory_of(blk)->status);
	return DISK_BAD;
}

static void recover(struct disk *disk)
{
	struct virtio_blk *blk = (struct virtio_blk *)disk;

	if (blk->is_broken)
		(void)start(blk);
}

static void close(struct disk *disk)
{
	(void)virtio_pci_reset(&((struct virtio_blk *)disk)->device);
}

bool virtio_blk_open(struct virtio_blk *blk, const struct pci_host *host, const struct pci_function *function)
{
	*blk = (struct virtio_blk){ .disk = { .begin = begin, .look = look, .recover = recover, .sectors_at_once = SECTORS_AT_ONCE, .model = "virtio" } };
	disk_clock(&blk->disk, host->ticks, host->context, host->ticks_hz);
	snprintf(blk->disk.where, sizeof(blk->disk.where), "virtio %02x:%02x.%x", (unsigned int)(function->address >> 16 & 0xFF),
		 (unsigned int)(function->address >> 11 & 0x1F), (unsigned int)(function->address >> 8 & 7));
	if (host->dma.size < sizeof(struct memory) || !virtio_pci_find(&blk->device, host, function))
		return false;
	blk->disk.close = close;
	if (!start(blk))
		return false;
	if (blk->features & FEATURE_READ_ONLY)
		return disk_unfit(&blk->disk, "it is read-only; attach it for writing");
	if (blk->features & FEATURE_BLOCK_SIZE && read32(&blk->device.own, CONFIG_BLOCK) != DISK_SECTOR_BYTES)
		return disk_unfit(&blk->disk, DISK_LARGE_SECTORS);
	uint64_t sectors = read32(&blk->device.own, CONFIG_CAPACITY) | (uint64_t)read32(&blk->device.own, CONFIG_CAPACITY + 4) << 32;

	blk->disk.bounce = memory_of(blk)->bounce;
	blk->disk.discard_sectors = blk->features & FEATURE_DISCARD ? read32(&blk->device.own, CONFIG_DISCARD) : 0;
	disk_offer(&blk->disk, sectors);
	return sectors != 0 && sectors != UINT64_MAX;
}
