/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device; see rng.h. */
#include "virtio/rng.h"

#define TYPE_ENTROPY 4u
#define CLASS_OTHER 0xFF0000u
#define QUEUE 0u

static void serve(struct virtio_rng *rng, const struct virtqueue_chain *chain)
{
	uint8_t bytes[RNG_MAX_BYTES];
	uint32_t count = chain->write_bytes < sizeof(bytes) ? (uint32_t)chain->write_bytes :
							      (uint32_t)sizeof(bytes);

	rng->random(rng->context, bytes, count);
	count = (uint32_t)virtqueue_copy_to(chain, 0, bytes, count);
	virtio_give(&rng->function.virtio, QUEUE, chain->head, count);
}

static void notify(void *device, uint32_t queue)
{
	struct virtio_rng *rng = device;
	struct virtqueue_chain chain;
	uint32_t waiting = virtio_waiting(&rng->function.virtio, queue);

	while (waiting-- && virtio_take(&rng->function.virtio, queue, &chain))
		serve(rng, &chain);
}

static void reset(void *device)
{
	(void)device; /* no request is ever kept */
}

static const struct virtio_kind kind = {
	.type = TYPE_ENTROPY, .class = CLASS_OTHER, .queue_count = 1,
	.notify = notify, .reset = reset,
};

void virtio_rng_init(struct virtio_rng *rng, const struct virtio_host *host)
{
	virtio_function_init(&rng->function, &kind, rng, host);
}
