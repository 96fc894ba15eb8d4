/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's RAM as virtio devices see it: one function that turns guest-physical bytes into
 * pointers, or says no. What is behind a pointer can change at any moment under a hostile guest: each
 * byte that decides something is copied once, and the copy is judged and used.
 */
#ifndef VIRTIO_MEMORY_H
#define VIRTIO_MEMORY_H

#include <stdint.h>

struct virtio_memory {
	/* The bytes [gpa, gpa + count), or null unless all are RAM in one piece. Any values. */
	void *(*at)(void *context, uint64_t gpa, uint64_t count);
	void *context;
};

#endif
