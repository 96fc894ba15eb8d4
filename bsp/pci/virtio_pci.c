/* SPDX-License-Identifier: Apache-2.0 */
/* A modern virtio device as a driver sees it; see virtio_pci.h. */
#include "bsp/pci/virtio_pci.h"

#include <stddef.h>
#include <string.h>

/* Of the common configuration. */
enum {
	FEATURE_SELECT = 0x00,
	FEATURES = 0x04,
	DRIVER_SELECT = 0x08,
	DRIVER_FEATURES = 0x0C,
	CONFIG_VECTOR = 0x10,
	QUEUE_COUNT = 0x12,
	STATUS = 0x14,
	QUEUE_SELECT = 0x16,
	QUEUE_SIZE = 0x18,
	QUEUE_VECTOR = 0x1A,
	QUEUE_ENABLE = 0x1C,
	QUEUE_NOTIFY = 0x1E,
	QUEUE_DESCRIPTORS = 0x20,
	QUEUE_AVAILABLE = 0x28,
	QUEUE_USED = 0x30,
	COMMON_BYTES = 0x38,
};
enum { STATUS_SEEN = 1, STATUS_DRIVER = 2, STATUS_RUNS = 4, STATUS_FEATURES = 8, STATUS_BROKEN = 0x40 };
enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2, NO_INTERRUPT = 1 };

/* Of a capability. */
enum { CAPABILITY_VENDOR = 0x09, CAPABILITY_KIND = 3, CAPABILITY_BAR = 4, CAPABILITY_OFFSET = 8, CAPABILITY_BYTES = 12, CAPABILITY_STEP = 16 };
enum { KIND_COMMON = 1, KIND_NOTIFY = 2, KIND_OWN = 4 };

#define BAR_BYTES 0x10000u
#define NO_VECTOR 0xFFFFu
#define RESET_MS 1000u

/* The registers that one capability names. */
static bool take_window(struct virtio_pci *device, const struct pci_function *f, uint32_t at, struct registers *window)
{
	const struct pci_host *host = device->host;
	uint32_t offset = host->config_read(host->context, f->address, at + CAPABILITY_OFFSET);
	uint32_t bytes = host->config_read(host->context, f->address, at + CAPABILITY_BYTES);
	struct registers bar;

	if (!pci_map(host, f, pci_read8(host, f, at + CAPABILITY_BAR), BAR_BYTES, &bar) || offset >= bar.bytes)
		return false;
	*window = (struct registers){ host, bar.base + offset, bytes < bar.bytes - offset ? bytes : bar.bytes - offset };
	return true;
}

bool virtio_pci_find(struct virtio_pci *device, const struct pci_host *host, const struct pci_function *function)
{
	struct registers *const windows[] = { [KIND_COMMON] = &device->common, [KIND_NOTIFY] = &device->notify, [KIND_OWN] = &device->own };

	*device = (struct virtio_pci){ .host = host };
	uint32_t at = pci_capability(host, function, CAPABILITY_VENDOR, 0);

	for (uint32_t i = 0; at && i < PCI_CAPABILITIES_MAX; i++, at = pci_capability(host, function, CAPABILITY_VENDOR, at)) {
		uint8_t kind = pci_read8(host, function, at + CAPABILITY_KIND);

		if (kind >= sizeof(windows) / sizeof(windows[0]) || !windows[kind] || windows[kind]->bytes)
			continue; /* of several of a kind the first counts */
		if (!take_window(device, function, at, windows[kind]))
			return false;
		if (kind == KIND_NOTIFY)
			device->notify_step = host->config_read(host->context, function->address, at + CAPABILITY_STEP);
	}
	device->has_message = pci_messages_start(host, function) == PCI_MESSAGES_MSIX;
	return device->common.bytes >= COMMON_BYTES && device->notify.bytes && device->own.bytes;
}

bool virtio_pci_reset(const struct virtio_pci *device)
{
	registers_write(&device->common, STATUS, 1, 0);
	struct wait wait = wait_start(device->host, RESET_MS);

	for (bool is_over = false; registers_read(&device->common, STATUS, 1); is_over = wait_is_over(&wait))
		if (is_over)
			return false;
	return true;
}

static void status_add(const struct virtio_pci *device, uint32_t bits)
{
	registers_write(&device->common, STATUS, 1, registers_read(&device->common, STATUS, 1) | bits);
}

static uint64_t agree(const struct virtio_pci *device, uint64_t wanted)
{
	uint64_t features = 0;

	for (uint32_t half = 0; half < 2; half++) {
		write32(&device->common, FEATURE_SELECT, half);
		features |= (uint64_t)read32(&device->common, FEATURES) << 32 * half;
	}
	features &= wanted | VIRTIO_FEATURE_MODERN | VIRTIO_FEATURE_PLATFORM;
	for (uint32_t half = 0; half < 2; half++) {
		write32(&device->common, DRIVER_SELECT, half);
		write32(&device->common, DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
	}
	return features;
}

/* False: somebody has to look after the queue. */
static bool message_start(const struct virtio_pci *device)
{
	const struct registers *r = &device->common;

	if (!device->has_message)
		return false;
	registers_write(r, CONFIG_VECTOR, 2, NO_VECTOR);
	registers_write(r, QUEUE_VECTOR, 2, 0);
	return !registers_read(r, QUEUE_VECTOR, 2);
}

static bool queue_start(struct virtio_pci *device)
{
	const struct dma_memory *dma = &device->host->dma;
	const struct registers *r = &device->common;

	registers_write(r, QUEUE_SELECT, 2, 0);
	if (!registers_read(r, QUEUE_COUNT, 2) || registers_read(r, QUEUE_SIZE, 2) < VIRTIO_QUEUE_ENTRIES)
		return false;
	memset(dma->bytes, 0, sizeof(struct virtio_pci_ring));
	((struct virtio_pci_ring *)(void *)dma->bytes)->available.flags = message_start(device) ? 0 : NO_INTERRUPT;
	device->used = 0;
	registers_write(r, QUEUE_SIZE, 2, VIRTIO_QUEUE_ENTRIES);
	write64(r, QUEUE_DESCRIPTORS, dma->physical);
	write64(r, QUEUE_AVAILABLE, dma->physical + offsetof(struct virtio_pci_ring, available));
	write64(r, QUEUE_USED, dma->physical + offsetof(struct virtio_pci_ring, used));
	dma_barrier();
	registers_write(r, QUEUE_ENABLE, 2, 1);
	return true;
}

bool virtio_pci_start(struct virtio_pci *device, uint64_t wanted, uint64_t *features)
{
	if (device->host->dma.size < sizeof(struct virtio_pci_ring) || !virtio_pci_reset(device))
		return false;
	status_add(device, STATUS_SEEN);
	status_add(device, STATUS_DRIVER);
	*features = agree(device, wanted);
	if (!(*features & VIRTIO_FEATURE_MODERN))
		return false;
	status_add(device, STATUS_FEATURES);
	if (!(registers_read(&device->common, STATUS, 1) & STATUS_FEATURES) || !queue_start(device))
		return false;
	status_add(device, STATUS_RUNS);
	return !(registers_read(&device->common, STATUS, 1) & STATUS_BROKEN);
}

static void notify(const struct virtio_pci *device)
{
	uint64_t offset = (uint64_t)registers_read(&device->common, QUEUE_NOTIFY, 2) * device->notify_step;

	dma_barrier();
	if (offset < device->notify.bytes)
		registers_write(&device->notify, (uint32_t)offset, 2, 0);
}

void virtio_pci_send(struct virtio_pci *device, const struct virtio_pci_piece *pieces, uint32_t count)
{
	struct virtio_pci_ring *ring = (struct virtio_pci_ring *)(void *)device->host->dma.bytes;
	uint16_t number = ring->available.index;

	for (uint32_t i = 0; i < count && i < VIRTIO_QUEUE_ENTRIES; i++) {
		ring->descriptors[i].address = pieces[i].address;
		ring->descriptors[i].bytes = pieces[i].bytes;
		ring->descriptors[i].flags = (uint16_t)((pieces[i].device_writes ? DESCRIPTOR_WRITE : 0) | (i + 1 < count ? DESCRIPTOR_NEXT : 0));
		ring->descriptors[i].next = (uint16_t)(i + 1);
	}
	ring->available.heads[number % VIRTIO_QUEUE_ENTRIES] = 0;
	dma_barrier();
	ring->available.index = (uint16_t)(number + 1);
	notify(device);
}

enum virtio_answer virtio_pci_answer(struct virtio_pci *device)
{
	const struct virtio_pci_ring *ring = (const struct virtio_pci_ring *)(const void *)device->host->dma.bytes;
	uint16_t used = ring->used.index;

	if (used == device->used)
		return VIRTIO_ANSWER_NONE;
	dma_barrier();
	device->used++;
	/* one is under way: anything else is none of ours */
	return used == device->used && !ring->used.entries[(uint16_t)(used - 1) % VIRTIO_QUEUE_ENTRIES].head ? VIRTIO_ANSWER_GOOD : VIRTIO_ANSWER_ABSURD;
}
