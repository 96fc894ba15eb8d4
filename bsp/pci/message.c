/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts as messages; see message.h. */
#include "bsp/pci/message.h"

enum { CAPABILITY_MSI = 0x05, CAPABILITY_MSIX = 0x11 };

/* Of MSI, control in the high half of the first register. */
enum { MSI_ENABLE = 1 << 16, MSI_SEVERAL = 7 << 20, MSI_64 = 1 << 23, MSI_MASKS = 1 << 24 };
enum { MSI_ADDRESS = 4, MSI_REST = 8 }; /* behind: the address' high half where there is one, data, mask where there is one */

/* Of MSI-X. */
enum { MSIX_TABLE = 4, MSIX_TABLE_BAR = 7, MSIX_ENTRY_BYTES = 16 };
#define MSIX_MASK_ALL (1u << 30)
#define MSIX_ENABLE (1u << 31)
#define TABLE_WITHIN (1u << 20) /* of its range */

static uint32_t get(const struct pci_host *host, const struct pci_function *f, uint32_t offset)
{
	return host->config_read(host->context, f->address, offset);
}

static void put(const struct pci_host *host, const struct pci_function *f, uint32_t offset, uint32_t value)
{
	host->config_write(host->context, f->address, offset, value);
}

static bool start_msix(const struct pci_host *host, const struct pci_function *f, uint32_t at)
{
	uint32_t place = get(host, f, at + MSIX_TABLE), offset = place & ~(uint32_t)MSIX_TABLE_BAR;
	struct registers table;

	if (offset >= TABLE_WITHIN || !pci_map(host, f, place & MSIX_TABLE_BAR, offset + MSIX_ENTRY_BYTES, &table) ||
	    !registers_have(&table, offset, MSIX_ENTRY_BYTES))
		return false;
	put(host, f, at, get(host, f, at) | MSIX_MASK_ALL | MSIX_ENABLE);
	write64(&table, offset, host->message.address);
	write32(&table, offset + 8, host->message.data);
	write32(&table, offset + 12, 0);
	put(host, f, at, (get(host, f, at) | MSIX_ENABLE) & ~MSIX_MASK_ALL);
	return true;
}

static void start_msi(const struct pci_host *host, const struct pci_function *f, uint32_t at)
{
	uint32_t control = get(host, f, at) & ~(uint32_t)(MSI_ENABLE | MSI_SEVERAL), rest = at + MSI_REST;

	put(host, f, at, control);
	put(host, f, at + MSI_ADDRESS, host->message.address);
	if (control & MSI_64) {
		put(host, f, rest, 0);
		rest += 4;
	}
	put(host, f, rest, host->message.data);
	if (control & MSI_MASKS)
		put(host, f, rest + 4, 0);
	put(host, f, at, control | MSI_ENABLE);
}

enum pci_messages pci_messages_start(const struct pci_host *host, const struct pci_function *function)
{
	uint32_t at = pci_capability(host, function, CAPABILITY_MSIX, 0);

	if (!host->message.address)
		return PCI_MESSAGES_NONE;
	if (at && start_msix(host, function, at))
		return PCI_MESSAGES_MSIX;
	at = pci_capability(host, function, CAPABILITY_MSI, 0);
	if (!at)
		return PCI_MESSAGES_NONE;
	start_msi(host, function, at);
	return PCI_MESSAGES_MSI;
}
