/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net: one pair of queues, frames without offloads, between the guest and a network card. Each frame of the guest is copied once, the copy
 * is judged by the filter and sent. The card is polled; the link's state follows. Manual: Virtual I/O Device (VIRTIO) 1.2, 5.1 "Network Device".
 */
#ifndef VIRTIO_NET_H
#define VIRTIO_NET_H

#include "virtio/function.h"
#include "virtio/net_backend.h"

#define NET_HEADER_BYTES 12u
#define NET_BURST 64u /* frames in one go and direction, then about a millisecond later: whoever holds the monitor holds up the guest */

struct virtio_net {
	struct virtio_function function;
	const struct net_backend *backend;
	bool is_up;
	bool is_stalled; /* the burst is used up or the card is full, and there are frames to send */
	uint32_t runs;
};

/* Power-on. */
void virtio_net_init(struct virtio_net *net, const struct virtio_host *host, const struct net_backend *backend);

/* Whether it waits for time to pass, and what is to be done then. Zeros are a device, too. */
static inline bool virtio_net_wants_time(const struct virtio_net *net)
{
	return net->backend && virtio_is_running(&net->function.virtio);
}

void virtio_net_run(struct virtio_net *net);

#endif
