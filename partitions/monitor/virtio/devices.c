/* SPDX-License-Identifier: Apache-2.0 */
/* The list of virtio devices; see devices.h. */
#include "virtio/devices.h"

/* PCI device numbers: those of a device do not depend on which others there are. */
enum slot { SLOT_RNG = 1 };

void virtio_devices_reset(struct virtio_devices *devices, const struct platform *platform,
			  struct pci *pci)
{
	const struct virtio_host host = {
		.memory = { platform->ops->memory, platform->context },
		.msi = platform->ops->msi,
		.context = platform->context,
	};

	if (platform->devices & PLATFORM_RNG) {
		devices->rng.random = platform->ops->random;
		devices->rng.context = platform->context;
		virtio_rng_init(&devices->rng, &host);
		virtio_function_plug(&devices->rng.function, pci, SLOT_RNG);
	}
}
