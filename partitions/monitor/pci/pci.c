/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration mechanism 1 and the memory window; see pci.h. */
#include "pci/pci.h"

#include <string.h>

#include "devices/bus.h"

#define ADDRESS_ENABLE   0x80000000u
#define ADDRESS_WRITABLE 0x80FFFFFCu
#define ADDRESS_BUS      0x00FF0000u
#define ADDRESS_DEVFN_SHIFT 8

#define CONFIG_ID 0x00u

#define CLASS_HOST_BRIDGE 0x06000002u /* class 06 00 00, revision 2 */
#define COMMAND_DEFAULT   0x0006u     /* memory and bus master, as the bridge has them hard-wired */

void pci_define(struct pci_function *function, uint32_t offset, uint32_t size, uint32_t value)
{
	for (uint32_t i = 0; i < size && offset + i < PCI_CONFIG_BYTES; i++)
		function->config[offset + i] = (uint8_t)(value >> 8 * i);
}

uint32_t pci_get(const struct pci_function *function, uint32_t offset, uint32_t size)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < size && offset + i < PCI_CONFIG_BYTES; i++)
		value |= (uint32_t)function->config[offset + i] << 8 * i;
	return value;
}

/* BARs are as far apart as they are big, so that each is aligned to its size. */
static bool place_bar(struct pci *pci, struct pci_function *function)
{
	uint32_t mask = ~(function->bar_bytes - 1);
	uint32_t base = (pci->next_bar + function->bar_bytes - 1) & mask;

	if (!function->bar_bytes)
		return true;
	if (base < PCI_BARS_START || base > PCI_WINDOW_LAST - (function->bar_bytes - 1))
		return false;
	pci->next_bar = base + function->bar_bytes;
	pci_define(function, PCI_BAR0, 4, base);
	for (uint32_t i = 0; i < 4; i++)
		function->writable[PCI_BAR0 + i] = (uint8_t)(mask >> 8 * i);
	return true;
}

bool pci_add(struct pci *pci, struct pci_function *function)
{
	if (pci->function_count == PCI_MAX_FUNCTIONS)
		return false;
	for (uint32_t i = 0; i < pci->function_count; i++)
		if (pci->functions[i]->devfn == function->devfn)
			return false;
	if (!place_bar(pci, function))
		return false;
	pci->functions[pci->function_count++] = function;
	return true;
}

void pci_reset(struct pci *pci)
{
	memset(pci, 0, sizeof(*pci));
	pci->next_bar = PCI_BARS_START;
	pci_define(&pci->host_bridge, CONFIG_ID, 4, PCI_HOST_BRIDGE_ID);
	pci_define(&pci->host_bridge, PCI_COMMAND, 2, COMMAND_DEFAULT);
	pci_define(&pci->host_bridge, PCI_REVISION, 4, CLASS_HOST_BRIDGE);
	pci->host_bridge.writable[PCI_LINE] = 0xFF;
	pci_add(pci, &pci->host_bridge);
}

/* The function CF8h points to, NULL if nothing answers there. */
static struct pci_function *addressed(const struct pci *pci)
{
	uint8_t devfn = (uint8_t)(pci->address >> ADDRESS_DEVFN_SHIFT);

	if (!(pci->address & ADDRESS_ENABLE) || (pci->address & ADDRESS_BUS))
		return NULL;
	for (uint32_t i = 0; i < pci->function_count; i++)
		if (pci->functions[i]->devfn == devfn)
			return pci->functions[i];
	return NULL;
}

/* The bus lets no access leave CFCh-CFFh, so the bytes after it are registers too. */
static uint32_t register_of(const struct pci *pci, uint64_t port)
{
	return (pci->address & 0xFC) | (port & 3);
}

uint64_t pci_address_read(void *device, uint64_t port, uint32_t size)
{
	const struct pci *pci = device;

	(void)port;
	(void)size;
	return pci->address;
}

void pci_address_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct pci *pci = device;

	(void)port;
	(void)size;
	pci->address = (uint32_t)value & ADDRESS_WRITABLE;
}

uint64_t pci_data_read(void *device, uint64_t port, uint32_t size)
{
	const struct pci *pci = device;
	const struct pci_function *function = addressed(pci);
	uint32_t offset = register_of(pci, port);

	if (!function)
		return bus_ones(size);
	if (function->ops && function->ops->reading)
		function->ops->reading(function->device, offset, size);
	return pci_get(function, offset, size);
}

void pci_data_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	const struct pci *pci = device;
	struct pci_function *function = addressed(pci);
	uint32_t offset = register_of(pci, port);

	if (!function)
		return;
	for (uint32_t i = 0; i < size && offset + i < PCI_CONFIG_BYTES; i++) {
		uint8_t mask = function->writable[offset + i];
		uint8_t byte = (uint8_t)(value >> 8 * i);

		byte = (byte & mask) | (function->config[offset + i] & (uint8_t)~mask);
		function->config[offset + i] = byte;
	}
	if (function->ops && function->ops->written)
		function->ops->written(function->device, offset, size);
}

static bool decodes(const struct pci_function *function, uint64_t address, uint32_t size)
{
	uint32_t base = pci_get(function, PCI_BAR0, 4);

	return function->bar_bytes >= size && address >= base &&
	       address - base <= function->bar_bytes - size &&
	       (pci_get(function, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
}

/* Where two BARs overlap the lower function answers. */
static struct pci_function *decoder(const struct pci *pci, uint64_t address, uint32_t size)
{
	for (uint32_t i = 0; i < pci->function_count; i++)
		if (decodes(pci->functions[i], address, size))
			return pci->functions[i];
	return NULL;
}

bool pci_memory_claims(const void *device, uint64_t address, uint32_t size)
{
	return decoder(device, address, size);
}

uint64_t pci_memory_read(void *device, uint64_t address, uint32_t size)
{
	const struct pci_function *function = decoder(device, address, size);

	if (!function)
		return bus_ones(size);
	return function->ops->bar_read(function->device,
				       (uint32_t)(address - pci_get(function, PCI_BAR0, 4)), size);
}

void pci_memory_write(void *device, uint64_t address, uint32_t size, uint64_t value)
{
	const struct pci_function *function = decoder(device, address, size);

	if (function)
		function->ops->bar_write(function->device,
					 (uint32_t)(address - pci_get(function, PCI_BAR0, 4)), size,
					 value);
}
