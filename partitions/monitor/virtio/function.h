/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device as a PCI function: capabilities, one BAR with the four register blocks, the MSI-X
 * table and its pending bits. There is no interrupt pin: a driver without MSI-X polls.
 * Manual: Virtual I/O Device (VIRTIO) 1.2, 4.1 "Virtio Over PCI Bus".
 */
#ifndef VIRTIO_FUNCTION_H
#define VIRTIO_FUNCTION_H

#include "pci/msix.h"
#include "pci/pci.h"
#include "virtio/transport.h"

struct virtio_function {
	struct pci_function pci;
	struct msix msix;
	struct virtio virtio;
};

/* What all functions of a board share. */
struct virtio_host {
	struct virtio_memory memory;
	void (*msi)(void *context, uint64_t address, uint32_t data);
	void *context; /* of msi */
};

/* Power-on of a function at device number `slot` (1 to 31) of bus 0; `device` is the kind's. */
void virtio_function_init(struct virtio_function *function, const struct virtio_kind *kind,
			  void *device, const struct virtio_host *host);

/* Puts it on the bus as device `slot`; as pci_add. */
bool virtio_function_plug(struct virtio_function *function, struct pci *pci, uint32_t slot);

#endif
