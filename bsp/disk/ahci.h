/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of a SATA disk behind an AHCI controller: one command at a time, DMA into a bounce buffer; a port is stopped, reset where that
 * does not help, and started again after a failure. Source: Serial ATA AHCI 1.3.1, sections 3 "HBA Memory Registers", 4 "System Memory
 * Structures", 6.2 "Error Recovery", 10.1 "Platform Communication", 10.6 "BIOS/OS Handoff".
 */
#ifndef BSP_DISK_AHCI_H
#define BSP_DISK_AHCI_H

#include "bsp/disk/disk.h"
#include "bsp/pci/pci.h"

#define AHCI_CLASS 0x010601u
#define AHCI_PORTS 32u

struct ahci {
	struct disk disk;
	struct registers registers;
	uint32_t port;
	bool interrupts;
	uint8_t command; /* the one under way */
};

/* The disk at a port of a controller that pci_enable() has been called for. False: none, or one with other sectors or without 48-bit commands. */
bool ahci_open(struct ahci *ahci, const struct pci_host *host, const struct pci_function *function, uint32_t port);

#endif
