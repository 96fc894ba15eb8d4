/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio 1.x device between its registers and its queues: features, status, queue setup, interrupts.
 * Knows nothing of PCI but that interrupts have vectors. A device is a struct virtio_kind and its own
 * state; it runs only between the driver's DRIVER_OK and the next reset or broken queue.
 * Manual: Virtual I/O Device (VIRTIO) 1.2, 2 "Basic Facilities", 4.1.4.3 "Common configuration structure
 * layout".
 */
#ifndef VIRTIO_TRANSPORT_H
#define VIRTIO_TRANSPORT_H

#include "virtio/virtqueue.h"

#define VIRTIO_MAX_QUEUES 12u
#define VIRTIO_NO_VECTOR 0xFFFFu
#define VIRTIO_COMMON_BYTES 56u

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1 (1ull << 32)

enum virtio_status {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

enum virtio_isr { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

struct virtio_kind {
	uint16_t type;         /* VIRTIO 1.2, 5 "Device Types" */
	uint16_t queue_count;  /* up to VIRTIO_MAX_QUEUES */
	uint32_t class;        /* PCI class, 24 bits */
	uint64_t features;     /* beside those of the transport */
	uint32_t config_bytes; /* of the device's configuration */
	/* The driver has put something into a queue that is enabled; the device is running. */
	void (*notify)(void *device, uint32_t queue);
	/* Forget every request; no chain of before may be touched or given back. */
	void (*reset)(void *device);
	/* The device's configuration, config_bytes of it, in *bytes; may be null. */
	void (*config)(const void *device, uint8_t *bytes);
};

struct virtio {
	const struct virtio_kind *kind;
	void *device;
	uint64_t features;           /* offered; set before the driver comes, see virtio_reset */
	uint64_t driver_features;    /* accepted */
	uint32_t offered_select, accepted_select;
	uint16_t queue_select;
	uint16_t config_vector;
	uint16_t vectors[VIRTIO_MAX_QUEUES];
	uint16_t vector_count;       /* vectors there are */
	uint8_t status;              /* enum virtio_status */
	uint8_t isr;                 /* enum virtio_isr; reading it clears it */
	uint8_t generation;          /* of the device's configuration */
	struct virtqueue queues[VIRTIO_MAX_QUEUES];
	void (*raise)(void *context, uint32_t vector);
	void *context;
};

struct virtio_wiring {
	struct virtio_memory memory;
	uint16_t vector_count;
	void (*raise)(void *context, uint32_t vector);
	void *context;
};

/* Power-on. `features`: what this one offers of the kind's. */
void virtio_init(struct virtio *virtio, const struct virtio_kind *kind, void *device,
		 const struct virtio_wiring *wiring);

/* As a driver resets it. */
void virtio_reset(struct virtio *virtio);

bool virtio_is_running(const struct virtio *virtio);
bool virtio_has(const struct virtio *virtio, uint64_t feature);

/* The four register blocks; any size, what does not fit a register reads as zero and is ignored. */
uint64_t virtio_common_read(const struct virtio *virtio, uint32_t offset, uint32_t size);
void virtio_common_write(struct virtio *virtio, uint32_t offset, uint32_t size, uint64_t value);
uint64_t virtio_config_read(const struct virtio *virtio, uint32_t offset, uint32_t size);
uint8_t virtio_isr_read(struct virtio *virtio);
void virtio_notify(struct virtio *virtio, uint32_t queue);

/*
 * For devices. take: the next request of a queue, false when there is none; a broken queue stops the
 * device. give: ends it, and interrupts if the driver wants to know.
 */
bool virtio_take(struct virtio *virtio, uint32_t queue, struct virtqueue_chain *chain);
void virtio_give(struct virtio *virtio, uint32_t queue, uint16_t head, uint32_t written);

/* Requests a device may take in one go. */
uint32_t virtio_waiting(struct virtio *virtio, uint32_t queue);

/* What the device's configuration says has changed. */
void virtio_config_changed(struct virtio *virtio);

/* The driver has broken the rules in a request: nothing more until it resets the device. */
void virtio_fail(struct virtio *virtio);

#endif
