/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's network cards: the first on the PCI bus that has a driver here and answers.
 */
#ifndef BSP_NET_NICS_H
#define BSP_NET_NICS_H

#include "bsp/net/e1000.h"

#define NICS_DMA_BYTES E1000_DMA_BYTES /* that the host must have for them */

struct nics {
	struct e1000 e1000;
};

/* Null: there is none. */
struct nic *nics_open(struct nics *nics, const struct pci_host *host, const struct nic_address *address);

#endif
