/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI bus 0: configuration by mechanism 1 (ports CF8h and CFCh-CFFh), a table of functions with the
 * host bridge first, and the window of memory their BARs lie in. A function is 256 bytes of registers
 * with a mask of writable bits, which makes BAR sizing work by itself. Everything else reads all-ones.
 * Manual: PCI Local Bus 3.0, 3.2.2.3.2 "Software Generation of Configuration Transactions", 6.2.5 "Base
 * Addresses".
 */
#ifndef PCI_PCI_H
#define PCI_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_CONFIG_BYTES 256u
#define PCI_MAX_FUNCTIONS 16u

#define PCI_COMMAND        0x04u
#define PCI_STATUS         0x06u
#define PCI_REVISION       0x08u /* revision, then class in 24 bits */
#define PCI_BAR0           0x10u
#define PCI_SUBSYSTEM      0x2Cu
#define PCI_CAPABILITIES   0x34u
#define PCI_LINE           0x3Cu

#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_STATUS_LIST    0x0010u /* there are capabilities */

/* Where BARs are put, and the whole window a guest may move them in; also in dsdt.asl. */
#define PCI_WINDOW_FIRST   0xC0000000u
#define PCI_WINDOW_LAST    0xFEBFFFFFu
#define PCI_BARS_START     0xFE000000u

/* Intel 82441FX, the host bridge every guest knows. */
#define PCI_HOST_BRIDGE_ID 0x12378086u

struct pci_ops {
	/* Before a read of, and after a write of, `size` bytes of registers at `offset`. */
	void (*reading)(void *device, uint32_t offset, uint32_t size);
	void (*written)(void *device, uint32_t offset, uint32_t size);
	/* An access that lies wholly in BAR 0; `size` is 1, 2, 4 or 8, alignment as the guest likes. */
	uint64_t (*bar_read)(void *device, uint32_t offset, uint32_t size);
	void (*bar_write)(void *device, uint32_t offset, uint32_t size, uint64_t value);
};

struct pci_function {
	uint8_t devfn; /* device << 3 | function */
	uint8_t config[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES];
	uint32_t bar_bytes; /* of BAR 0, 32-bit memory, a power of two from 16 on; 0: none */
	void *device;
	const struct pci_ops *ops; /* null: registers only; any of them may be null without a BAR */
};

struct pci {
	uint32_t address; /* CF8h */
	uint32_t next_bar;
	uint32_t function_count;
	struct pci_function *functions[PCI_MAX_FUNCTIONS];
	struct pci_function host_bridge;
};

void pci_reset(struct pci *pci);

/*
 * Plugs a function in and gives its BAR a place; it stays the caller's. False: the table or the window
 * is full, or the place is taken.
 */
bool pci_add(struct pci *pci, struct pci_function *function);

/* Sets `size` (1, 2 or 4) bytes of read-only identity in a function's registers, little-endian. */
void pci_define(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t value);

/* `size` bytes of a function's registers, at most 4; what lies behind them reads as zero. */
uint32_t pci_get(const struct pci_function *function, uint32_t offset, uint32_t size);

uint64_t pci_address_read(void *device, uint64_t port, uint32_t size);
void pci_address_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t pci_data_read(void *device, uint64_t port, uint32_t size);
void pci_data_write(void *device, uint64_t port, uint32_t size, uint64_t value);

/* Of the memory window: whether a function decodes the whole access; only then may it be made. */
bool pci_memory_claims(const void *device, uint64_t address, uint32_t size);
uint64_t pci_memory_read(void *device, uint64_t address, uint32_t size);
void pci_memory_write(void *device, uint64_t address, uint32_t size, uint64_t value);

#endif
