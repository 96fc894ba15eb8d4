/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network as whoever drives a card offers it to the partition's port: what may pass, frames in and out, and what has been counted.
 */
#ifndef VIRTIO_NET_BACKEND_H
#define VIRTIO_NET_BACKEND_H

#include "virtio/net_filter.h"

enum net_count {
	NET_COUNT_SENT,
	NET_COUNT_RECEIVED,
	NET_COUNT_MALFORMED,      /* of these, either way */
	NET_COUNT_NO_STATION,
	NET_COUNT_FOREIGN_SOURCE,
	NET_COUNT_NOT_FOR_US,
	NET_COUNT_NO_ROOM,        /* received, and the guest's buffer was too small */
	NET_COUNTS,
};

struct net_backend {
	struct net_policy policy;
	uint64_t *counts; /* NET_COUNTS of them, by enum net_count; they outlast the guest */
	/* False: there is no room now. count: NET_FRAME_LEAST to NET_FRAME_MOST. */
	bool (*send)(void *context, const uint8_t *frame, uint32_t count);
	/* The bytes of the next frame, at most `room`; 0: there is none. */
	uint32_t (*receive)(void *context, uint8_t *frame, uint32_t room);
	bool (*is_up)(void *context);
	/* The first frame ever that has a foreign source. */
	void (*foreign)(void *context, const uint8_t *source);
	void *context;
};

#endif
