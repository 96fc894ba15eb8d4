/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's PCI functions (ring 3). Whatever a device says of itself is checked. Source: PCI Local Bus Specification 3.0, section 6
 * "Configuration Space"; PCI-to-PCI Bridge Architecture Specification 1.2, section 3.2 "Configuration Space Header".
 */
#ifndef BSP_PCI_PCI_H
#define BSP_PCI_PCI_H

#include "bsp/pci/host.h"

#define PCI_CAPABILITIES_MAX 48u /* as many as fit; a list may loop */

struct pci_function {
	uint32_t address; /* as pci_host's */
	uint16_t vendor, device;
	uint32_t class_code; /* base class << 16 | sub-class << 8 | programming interface */
};

/* A walk over all functions: bus 0, and what is behind the bridges that the firmware has set up. Start with zeros. */
struct pci_walk {
	uint32_t next; /* within the bus: device << 3 | function */
	uint32_t bus;
	uint8_t wanted[256 / 8]; /* buses behind bridges */
	uint8_t done[256 / 8];
	bool is_single; /* the device under way has one function */
};

/* False: there are no more. */
bool pci_next(const struct pci_host *host, struct pci_walk *walk, struct pci_function *function);

/* Registers and bus mastering on, interrupts off. Before, a driver's registers do not answer. */
void pci_enable(const struct pci_host *host, const struct pci_function *function);

/*
 * A memory base address register, `number` 0 to 5: where it is and how much. False: it is an I/O range, is not set up, or is absurd.
 * The function's registers do not answer meanwhile.
 */
bool pci_bar(const struct pci_host *host, const struct pci_function *function, uint32_t number, uint64_t *physical, uint64_t *bytes);

/* Maps [offset, offset + bytes) of one; at_most: less is taken from a shorter one. False: it cannot be. */
bool pci_map(const struct pci_host *host, const struct pci_function *function, uint32_t number, uint32_t at_most, struct registers *registers);

/* The offset of the next capability of a kind after `after` (0: the first); 0: none. */
uint32_t pci_capability(const struct pci_host *host, const struct pci_function *function, uint8_t kind, uint32_t after);

uint8_t pci_read8(const struct pci_host *host, const struct pci_function *function, uint32_t offset);

#endif
