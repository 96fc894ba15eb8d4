/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of Intel's 82540EM and 82545EM (the e1000 of emulators): two rings of 32 frames, polled, DMA into and out of buffers of the monitor's. A
 * card that stops sending is set up again. Source: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, sections 3.2
 * "Packet Reception", 3.4 "Packet Transmission", 13 "Register Descriptions", 14 "General Initialization and Reset Operation".
 */
#ifndef BSP_NET_E1000_H
#define BSP_NET_E1000_H

#include "bsp/net/nic.h"

#define E1000_RING 32u
#define E1000_BUFFER_BYTES 2048u
#define E1000_DMA_BYTES (4096u + 2 * E1000_RING * E1000_BUFFER_BYTES)

struct e1000 {
	struct nic nic;
	struct registers registers;
	struct nic_address address;
	uint32_t next_received;      /* place in its ring */
	uint32_t next_sent, pending; /* place of the next frame to send; how many before it the card still has */
	uint64_t progress_ticks;     /* when the card last gave one back, or had none */
	bool is_skipping;            /* inside of a frame longer than a buffer */
};

bool e1000_drives(const struct pci_function *function);

/* The card of a function that pci_enable() has been called for; host->dma is its own. False: it does not answer as it should. */
bool e1000_open(struct e1000 *card, const struct pci_host *host, const struct pci_function *function, const struct nic_address *address);

#endif
