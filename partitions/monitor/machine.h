/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that the box's own drivers see: struct pci_host of bsp/pci, made of system calls.
 */
#ifndef MONITOR_MACHINE_H
#define MONITOR_MACHINE_H

#include "bsp/pci/host.h"
#include "kernel/monitor_abi.h"

/* For the disk's driver; null: it has no use for the PCI bus. */
const struct pci_host *machine_pci(const struct monitor_info *info);

/* For the network card's, with memory of its own; null: there is no network. */
const struct pci_host *machine_network(const struct monitor_info *info);

#endif
