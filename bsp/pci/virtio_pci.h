/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A modern virtio device behind PCI as a driver (ring 3) sees it: its registers, the handshake, and one queue of which one request at a time is
 * under way. Source: Virtual I/O Device (VIRTIO) 1.1, sections 2.6 "Split Virtqueues", 3.1 "Device Initialization", 4.1 "Virtio Over PCI
 * Bus".
 */
#ifndef BSP_PCI_VIRTIO_PCI_H
#define BSP_PCI_VIRTIO_PCI_H

#include "bsp/pci/message.h"

#define VIRTIO_VENDOR 0x1AF4u
#define VIRTIO_FEATURE_MODERN (1ull << 32)
#define VIRTIO_FEATURE_PLATFORM (1ull << 33)
#define VIRTIO_QUEUE_ENTRIES 8u

/* What the device and the driver share; at the start of the DMA memory. */
struct virtio_pci_ring {
	struct { uint64_t address; uint32_t bytes; uint16_t flags, next; } descriptors[VIRTIO_QUEUE_ENTRIES];
	struct { uint16_t flags; volatile uint16_t index; uint16_t heads[VIRTIO_QUEUE_ENTRIES], event; } available;
	uint8_t to_four[2];
	struct { volatile uint16_t flags, index; volatile struct { uint32_t head, bytes; } entries[VIRTIO_QUEUE_ENTRIES]; volatile uint16_t event; } used;
};

struct virtio_pci {
	const struct pci_host *host;
	struct registers common, notify, own; /* own: the configuration of its kind */
	uint32_t notify_step;
	uint16_t used; /* completions seen */
	bool has_message;
};

struct virtio_pci_piece { uint64_t address; uint32_t bytes; bool device_writes; };

/* Finds the registers. False: it is no modern device, or its capabilities are absurd. */
bool virtio_pci_find(struct virtio_pci *device, const struct pci_host *host, const struct pci_function *function);

/* Reset. False: the device does not answer. */
bool virtio_pci_reset(const struct virtio_pci *device);

/*
 * Reset and handshake: of the features offered those under `wanted` are taken and put into `features`; queue 0 stands at the start of the DMA
 * memory. False: it refuses.
 */
bool virtio_pci_start(struct virtio_pci *device, uint64_t wanted, uint64_t *features);

/* Sends at most VIRTIO_QUEUE_ENTRIES pieces as one request; the one before has to be over. */
void virtio_pci_send(struct virtio_pci *device, const struct virtio_pci_piece *pieces, uint32_t count);

/* Is it over? VIRTIO_ANSWER_ABSURD: the device is to be reset. */
enum virtio_answer { VIRTIO_ANSWER_NONE, VIRTIO_ANSWER_GOOD, VIRTIO_ANSWER_ABSURD };
enum virtio_answer virtio_pci_answer(struct virtio_pci *device);

#endif
