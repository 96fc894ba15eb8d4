/* SPDX-License-Identifier: Apache-2.0 */
/* The board's network cards; see nics.h. The table of drivers. */
#include "bsp/net/nics.h"

#include <stddef.h>

struct nic_driver {
	bool (*drives)(const struct pci_function *function);
	struct nic *(*open)(struct nics *nics, const struct pci_host *host, const struct pci_function *function, const struct nic_address *address);
};

static struct nic *open_e1000(struct nics *nics, const struct pci_host *host, const struct pci_function *function, const struct nic_address *address)
{
	return e1000_open(&nics->e1000, host, function, address) ? &nics->e1000.nic : NULL;
}

static const struct nic_driver drivers[] = {
	{ e1000_drives, open_e1000 },
};

static struct nic *open(struct nics *nics, const struct pci_host *host, const struct pci_function *function, const struct nic_address *address)
{
	for (uint32_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (drivers[i].drives(function)) {
			pci_enable(host, function);
			return drivers[i].open(nics, host, function, address);
		}
	return NULL;
}

struct nic *nics_open(struct nics *nics, const struct pci_host *host, const struct nic_address *address)
{
	struct pci_walk walk = { 0 };
	struct pci_function function;
	struct nic *nic = NULL;

	while (!nic && pci_next(host, &walk, &function))
		nic = open(nics, host, &function, address);
	return nic;
}
