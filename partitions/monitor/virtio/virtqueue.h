/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's side of a split virtqueue in the guest's memory. Every index, descriptor and address
 * comes from a guest that may be hostile: it is read once and checked, and what does not hold breaks
 * the queue, which then gives nothing more until it is reset.
 * Manual: Virtual I/O Device (VIRTIO) 1.2, 2.7 "Split Virtqueues".
 */
#ifndef VIRTIO_VIRTQUEUE_H
#define VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/memory.h"

#define VIRTQUEUE_MAX_SIZE 128u
#define VIRTQUEUE_MAX_SEGMENTS 66u /* of a chain; more is an error of the driver's */

struct virtqueue {
	struct virtio_memory memory;
	uint64_t descriptor_gpa, driver_gpa, device_gpa;
	uint16_t size;       /* of the rings: a power of two up to max_size */
	uint16_t max_size;
	bool is_enabled;
	bool is_broken;
	bool may_be_indirect; /* negotiated */
	uint16_t next_taken, next_given;
	/* Into the guest's RAM, when enabled. */
	const uint8_t *descriptors, *available;
	uint8_t *used;
};

struct virtqueue_segment {
	uint8_t *bytes; /* in the guest's RAM */
	uint32_t count;
};

/* A request: segments the device reads, then segments it writes. */
struct virtqueue_chain {
	uint16_t head;
	uint16_t readable, writable; /* segments */
	uint64_t read_bytes, write_bytes;
	struct virtqueue_segment segments[VIRTQUEUE_MAX_SEGMENTS];
};

enum virtqueue_result { VIRTQUEUE_EMPTY, VIRTQUEUE_CHAIN, VIRTQUEUE_BROKEN };

/* As after power-on; keeps max_size and memory. */
void virtqueue_reset(struct virtqueue *queue);

/* Finds the rings and makes the queue ready. A queue that cannot be is broken. */
void virtqueue_enable(struct virtqueue *queue);

/* Requests waiting now; more than the queue's size breaks it. A device takes no more at one time, as a
 * guest could go on adding forever. */
uint32_t virtqueue_waiting(struct virtqueue *queue);

/* The next request. *chain is filled only with VIRTQUEUE_CHAIN. */
enum virtqueue_result virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain);

/* Undoes the last take, so that it comes again. */
void virtqueue_untake(struct virtqueue *queue);

/* Ends a request into whose segments `written` bytes were put. True: the driver wants an interrupt. */
bool virtqueue_give(struct virtqueue *queue, uint16_t head, uint32_t written);

/*
 * The guest's bytes of the readable, or writable, segments from `offset` on, as far as they lie in one piece:
 * *count becomes less then. Null behind the end.
 */
uint8_t *virtqueue_readable_at(const struct virtqueue_chain *chain, uint64_t offset, size_t *count);
uint8_t *virtqueue_writable_at(const struct virtqueue_chain *chain, uint64_t offset, size_t *count);

/*
 * Copies from the readable, or into the writable, segments from `offset` on; how many bytes there were
 * room for.
 */
size_t virtqueue_copy_from(const struct virtqueue_chain *chain, uint64_t offset, void *bytes,
			   size_t count);
size_t virtqueue_copy_to(const struct virtqueue_chain *chain, uint64_t offset, const void *bytes,
			 size_t count);

#endif
