/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card as its user sees it: frames go in and come out, polled, without check sums. What a card says of a frame is checked by its driver.
 */
#ifndef BSP_NET_NIC_H
#define BSP_NET_NIC_H

#include "bsp/pci/pci.h"

#define NIC_MAC_BYTES 6u
#define NIC_FRAME_MOST 1518u
#define NIC_WHERE_BYTES 32u

/* Which frames the card takes in: for this address, broadcasts and groups; or all there are. */
struct nic_address {
	uint8_t mac[NIC_MAC_BYTES];
	bool takes_all;
};

struct nic {
	/* 14 to NIC_FRAME_MOST bytes. False: there is no room now. A frame for which there is no link is lost. */
	bool (*send)(struct nic *nic, const uint8_t *frame, uint32_t count);
	/* The bytes of the next frame, at most `room`; 0: there is none. */
	uint32_t (*receive)(struct nic *nic, uint8_t *frame, uint32_t room);
	bool (*is_up)(struct nic *nic);
	const char *model;
	char where[NIC_WHERE_BYTES];
	uint64_t bad;    /* received, and broken by their length or the card's word */
	uint64_t lost;   /* to be sent, without a link */
	uint32_t resets; /* of a card that sent nothing any more */
};

#endif
