/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partition's network port may send and gets to see. It sends from its own Ethernet address and sees what is for it or for a group; one
 * that may spoof, as a partition must that bridges guests of its own, sends from any station's address and sees everything. Pure; it judges a
 * copy of a frame, never the guest's memory. Source: IEEE 802.3, section 3 "MAC frame and packet specifications".
 */
#ifndef VIRTIO_NET_FILTER_H
#define VIRTIO_NET_FILTER_H

#include "layout/mac.h"

/* From the destination address to the last byte of data, without check sum; one tag (802.1Q) is room for. */
#define NET_FRAME_LEAST 14u
#define NET_FRAME_MOST 1518u

struct net_policy {
	uint8_t mac[MAC_BYTES];
	bool may_spoof;
};

enum net_verdict {
	NET_PASS,
	NET_MALFORMED,      /* too short, too long, or a header that asks for what was not offered */
	NET_NO_STATION,     /* sent from a group's address, or from zero */
	NET_FOREIGN_SOURCE, /* sent from another station's address */
	NET_NOT_FOR_US,     /* received, for another station */
};

enum net_verdict net_filter_send(const struct net_policy *policy, const uint8_t *frame, uint32_t count);
enum net_verdict net_filter_receive(const struct net_policy *policy, const uint8_t *frame, uint32_t count);

#endif
