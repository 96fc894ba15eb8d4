/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's virtio devices: which there are, and where on the bus. The one place that ties them to
 * the platform.
 */
#ifndef VIRTIO_DEVICES_H
#define VIRTIO_DEVICES_H

#include "devices/platform.h"
#include "devices/timebase.h"
#include "virtio/blk.h"
#include "virtio/console.h"
#include "virtio/net.h"
#include "virtio/rng.h"

struct virtio_devices {
	const struct timebase *timebase;
	uint64_t worked; /* when last, in periods of VIRTIO_WORK_HZ */
	struct port_backend terminal; /* the guest console */
	struct virtio_rng rng;
	struct virtio_console console;
	struct virtio_blk blk;
	struct virtio_net net;
};

#define VIRTIO_WORK_HZ 1000u

/* Power-on: plugs those of platform->devices into the bus, which has just been reset. */
void virtio_devices_reset(struct virtio_devices *devices, const struct timebase *timebase,
			  struct pci *pci);

/* What is due, and when the next is; as the board's functions of these names. */
void virtio_devices_run(struct virtio_devices *devices);
uint64_t virtio_devices_next_deadline(const struct virtio_devices *devices);

/* A typed byte for the guest console; false: there is no room, or nobody has opened it. */
bool virtio_devices_console_input(struct virtio_devices *devices, uint8_t byte);

#endif
