/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration space by mechanism 1 (ports CF8h and CFCh-CFFh): bus 0, a table of functions,
 * the host bridge first. A function is 256 bytes of registers with a mask of writable bits, which
 * makes BAR sizing work by itself. Everything else reads all-ones.
 * Manual: PCI Local Bus 3.0, 3.2.2.3.2 "Software Generation of Configuration Transactions".
 */
#ifndef DEVICES_PCI_H
#define DEVICES_PCI_H

#include "devices/platform.h"

#define PCI_CONFIG_BYTES 256u
#define PCI_MAX_FUNCTIONS 16u

/* Intel 82441FX, the host bridge every guest knows. */
#define PCI_HOST_BRIDGE_ID 0x12378086u

struct pci_function {
	uint8_t devfn; /* device << 3 | function */
	uint8_t config[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES];
	void *device;
	/* After a write changed `size` bytes at `offset`; may be NULL. */
	void (*written)(void *device, uint32_t offset, uint32_t size);
};

struct pci {
	uint32_t address; /* CF8h */
	uint32_t function_count;
	struct pci_function *functions[PCI_MAX_FUNCTIONS];
	struct pci_function host_bridge;
};

void pci_reset(struct pci *pci);

/* Plugs a function in; it stays the caller's. False: the table is full or the place is taken. */
bool pci_add(struct pci *pci, struct pci_function *function);

/* Sets `size` (1, 2 or 4) bytes of read-only identity in a function's registers, little-endian. */
void pci_define(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t value);

uint64_t pci_address_read(void *device, uint64_t port, uint32_t size);
void pci_address_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t pci_data_read(void *device, uint64_t port, uint32_t size);
void pci_data_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif
