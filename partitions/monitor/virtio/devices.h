/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's virtio devices: which there are, and where on the bus. The one place that ties them to
 * the platform.
 */
#ifndef VIRTIO_DEVICES_H
#define VIRTIO_DEVICES_H

#include "devices/platform.h"
#include "virtio/rng.h"

struct virtio_devices {
	struct virtio_rng rng;
};

/* Power-on: plugs those of platform->devices into the bus, which has just been reset. */
void virtio_devices_reset(struct virtio_devices *devices, const struct platform *platform,
			  struct pci *pci);

#endif
