/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-rng: fills what the driver offers with random bytes of the platform's generator.
 * Manual: Virtual I/O Device (VIRTIO) 1.2, 5.4 "Entropy Device".
 */
#ifndef VIRTIO_RNG_H
#define VIRTIO_RNG_H

#include "virtio/function.h"

#define RNG_MAX_BYTES 512u /* of one request; a driver asks again for more */

struct virtio_rng {
	struct virtio_function function;
	void (*random)(void *context, void *bytes, uint32_t count);
	void *context;
};

/* Power-on; set random and context first, plug it in afterwards. */
void virtio_rng_init(struct virtio_rng *rng, const struct virtio_host *host);

#endif
