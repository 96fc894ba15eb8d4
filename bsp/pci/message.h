/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts of a PCI function as messages: MSI-X where it has it, MSI otherwise, one message for everything. Source: PCI Local Bus
 * Specification 3.0, section 6.8 "Message Signaled Interrupts".
 */
#ifndef BSP_PCI_MESSAGE_H
#define BSP_PCI_MESSAGE_H

#include "bsp/pci/pci.h"

enum pci_messages { PCI_MESSAGES_NONE, PCI_MESSAGES_MSI, PCI_MESSAGES_MSIX };

/* Lets it send host->message. PCI_MESSAGES_NONE: it cannot, or the host has none to give; then somebody has to look after the device. */
enum pci_messages pci_messages_start(const struct pci_host *host, const struct pci_function *function);

#endif
