/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver for the virtio tests: RAM of a guest, rings in it, chains built by hand, and what the device
 * has answered. It follows the rules unless a test breaks them.
 */
#ifndef TESTS_UNIT_VIRTIO_DRIVER_H
#define TESTS_UNIT_VIRTIO_DRIVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "virtio/function.h"

#define RAM_BYTES 0x80000u
#define RING_SIZE 16u
#define QUEUE_AREA 0x1000u /* the rings of queue n lie at n + 1 times this */
#define DATA_GPA 0x20000u

#define READ 0u
#define NEXT 1u
#define WRITE 2u
#define INDIRECT 4u

struct driver {
	uint8_t ram[RAM_BYTES];
	struct virtio *virtio;
	uint32_t messages;
	uint64_t message_address;
	uint32_t message_data;
	uint16_t put[VIRTIO_MAX_QUEUES], seen[VIRTIO_MAX_QUEUES]; /* of the rings */
};

extern struct driver driver;

/* An empty world, and what a device under test is given of it. */
struct virtio_host driver_start(void);

/* Reset to DRIVER_OK with every queue enabled, RING_SIZE entries each, all features but `without`. */
void driver_bring_up(struct virtio *virtio, uint64_t without);

uint64_t driver_ring(uint32_t queue);
void driver_descriptor(uint64_t table, uint32_t index, uint64_t gpa, uint64_t count_flags_next);
#define DESCRIPTOR(count, flags, next) \
	((uint32_t)(count) | (uint64_t)(flags) << 32 | (uint64_t)(next) << 48)

/* Makes the chain at `head` available; notifies unless told not to. */
void driver_offer(uint32_t queue, uint16_t head);
void driver_kick(uint32_t queue);

/* The next used entry of a queue; false: none. */
bool driver_used(uint32_t queue, uint32_t *head, uint32_t *written);

#endif
