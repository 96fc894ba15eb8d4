/* SPDX-License-Identifier: Apache-2.0 */
/* The board's PCI functions; see pci.h. */
#include "bsp/pci/pci.h"

enum {
	CONFIG_ID = 0x00,
	CONFIG_COMMAND = 0x04, /* status in the high half */
	CONFIG_CLASS = 0x08,
	CONFIG_HEADER = 0x0C,
	CONFIG_BAR = 0x10,
	CONFIG_BUSES = 0x18, /* of a bridge */
	CONFIG_CAPABILITIES = 0x34,
};

enum { COMMAND_MEMORY = 1 << 1, COMMAND_MASTER = 1 << 2, COMMAND_NO_INTERRUPT = 1 << 10, STATUS_CAPABILITIES = 1 << 20 };
enum { HEADER_BRIDGE = 1, HEADER_MULTIPLE = 0x80 };
enum { BAR_IS_IO = 1, BAR_TYPE = 6, BAR_64 = 4 };

#define FUNCTIONS_PER_BUS 256u
#define MAP_LEAST 0x1000u

bool registers_wait(const struct registers *r, uint32_t offset, uint32_t mask, uint32_t wanted, uint32_t milliseconds)
{
	struct wait wait = wait_start(r->host, milliseconds);

	for (;;) {
		bool is_over = wait_is_over(&wait);

		if ((read32(r, offset) & mask) == wanted)
			return true;
		if (is_over)
			return false;
	}
}

static uint32_t get(const struct pci_host *host, uint32_t address, uint32_t offset)
{
	return host->config_read(host->context, address, offset);
}

static void put(const struct pci_host *host, const struct pci_function *f, uint32_t offset, uint32_t value)
{
	host->config_write(host->context, f->address, offset, value);
}

static void note_bridge(const struct pci_host *host, struct pci_walk *walk, uint32_t address, uint32_t header)
{
	uint32_t secondary = get(host, address, CONFIG_BUSES) >> 8 & 0xFF;

	if ((header & 0x7F) == HEADER_BRIDGE && secondary)
		walk->wanted[secondary / 8] |= (uint8_t)(1u << secondary % 8);
}

static bool next_bus(struct pci_walk *walk)
{
	walk->done[walk->bus / 8] |= (uint8_t)(1u << walk->bus % 8);
	walk->next = 0;
	for (uint32_t bus = 0; bus < 256; bus++)
		if ((walk->wanted[bus / 8] & ~walk->done[bus / 8]) >> bus % 8 & 1) {
			walk->bus = bus;
			return true;
		}
	return false;
}

/* The function at walk->next, which then is behind it. */
static bool look(const struct pci_host *host, struct pci_walk *walk, struct pci_function *f)
{
	uint32_t number = walk->next++, address = walk->bus << 16 | number << 8;
	bool is_first = number % 8 == 0;

	if (!is_first && walk->is_single)
		return false;
	uint32_t id = get(host, address, CONFIG_ID);

	if (is_first)
		walk->is_single = true;
	if ((id & 0xFFFF) == 0xFFFF)
		return false;
	uint32_t header = get(host, address, CONFIG_HEADER) >> 16 & 0xFF;

	if (is_first)
		walk->is_single = !(header & HEADER_MULTIPLE);
	note_bridge(host, walk, address, header);
	*f = (struct pci_function){ address, (uint16_t)id, (uint16_t)(id >> 16), get(host, address, CONFIG_CLASS) >> 8 };
	return (header & 0x7F) == 0;
}

bool pci_next(const struct pci_host *host, struct pci_walk *walk, struct pci_function *function)
{
	if (walk->done[0] & 1 && walk->bus == 0)
		return false;
	for (;;) {
		while (walk->next < FUNCTIONS_PER_BUS)
			if (look(host, walk, function))
				return true;
		if (!next_bus(walk)) {
			*walk = (struct pci_walk){ .done = { 1 } };
			return false;
		}
	}
}

static void command_change(const struct pci_host *host, const struct pci_function *f, uint32_t clear, uint32_t set)
{
	/* the status half is cleared by ones */
	put(host, f, CONFIG_COMMAND, ((get(host, f->address, CONFIG_COMMAND) & 0xFFFF & ~clear) | set));
}

void pci_enable(const struct pci_host *host, const struct pci_function *function)
{
	command_change(host, function, 0, COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTERRUPT);
}

/* The bits of a register that can be set, found by trying. */
static uint32_t probe(const struct pci_host *host, const struct pci_function *f, uint32_t offset)
{
	uint32_t before = get(host, f->address, offset);

	put(host, f, offset, UINT32_MAX);
	uint32_t bits = get(host, f->address, offset);

	put(host, f, offset, before);
	return bits;
}

bool pci_bar(const struct pci_host *host, const struct pci_function *function, uint32_t number, uint64_t *physical, uint64_t *bytes)
{
	uint32_t offset = CONFIG_BAR + 4 * number, low = number < 6 ? get(host, function->address, offset) : BAR_IS_IO;
	bool is_64 = (low & BAR_TYPE) == BAR_64;

	if (low & BAR_IS_IO || (is_64 && number == 5))
		return false;
	uint32_t command = get(host, function->address, CONFIG_COMMAND) & (COMMAND_MEMORY | COMMAND_MASTER);

	command_change(host, function, COMMAND_MEMORY | COMMAND_MASTER, 0);
	uint64_t mask = probe(host, function, offset) & ~0xFu;

	mask |= is_64 ? (uint64_t)probe(host, function, offset + 4) << 32 : 0xFFFFFFFF00000000ull;
	*physical = (low & ~0xFu) | (is_64 ? (uint64_t)get(host, function->address, offset + 4) << 32 : 0);
	command_change(host, function, 0, command);
	*bytes = ~mask + 1;
	return *physical && mask && *bytes && !(*bytes & (*bytes - 1)) && !(*physical & (*bytes - 1));
}

bool pci_map(const struct pci_host *host, const struct pci_function *function, uint32_t number, uint32_t at_most, struct registers *registers)
{
	uint64_t physical, bytes;

	if (!pci_bar(host, function, number, &physical, &bytes))
		return false;
	uint64_t in_page = physical % MAP_LEAST;

	bytes = bytes < at_most ? bytes : at_most;
	uintptr_t base = host->map(host->context, physical - in_page, (uint32_t)((in_page + bytes + MAP_LEAST - 1) / MAP_LEAST * MAP_LEAST));

	*registers = (struct registers){ host, base + (uintptr_t)in_page, (uint32_t)bytes };
	return base;
}

uint8_t pci_read8(const struct pci_host *host, const struct pci_function *function, uint32_t offset)
{
	return (uint8_t)(get(host, function->address, offset & ~3u) >> 8 * (offset & 3));
}

uint32_t pci_capability(const struct pci_host *host, const struct pci_function *function, uint8_t kind, uint32_t after)
{
	uint32_t at = after ? after + 1 : CONFIG_CAPABILITIES;

	if (!(get(host, function->address, CONFIG_COMMAND) & STATUS_CAPABILITIES))
		return 0;
	for (uint32_t i = 0; i < PCI_CAPABILITIES_MAX; i++) {
		uint32_t offset = pci_read8(host, function, at) & ~3u;

		if (offset < 0x40)
			return 0;
		if (pci_read8(host, function, offset) == kind)
			return offset;
		at = offset + 1;
	}
	return 0;
}
