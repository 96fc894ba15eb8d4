/* SPDX-License-Identifier: Apache-2.0 */
/* The machine that the box's own drivers see; see machine.h. Owns the memory that devices reach. */
#include "machine.h"

#include <stddef.h>

#include "bsp/newlib/sys_call.h"
#include "network_config.h"

#define CONFIG_ADDRESS 0xCF8
#define CONFIG_DATA 0xCFC
#define CONFIG_ENABLE (1u << 31)
#define DMA_BYTES (96u * 1024)
#define MAPS 16u

static uint8_t disk_memory[DMA_BYTES] __attribute__((aligned(4096)));
static uint8_t network_memory[NETWORK_DMA_BYTES] __attribute__((aligned(4096)));
static struct pci_host disk_host, network_host;
/* Registers stay mapped when the partition, and with it the disk, starts again. */
static struct { uint64_t physical; uint32_t bytes; uintptr_t address; } maps[MAPS];

static void select(uint32_t function, uint32_t offset)
{
	sys_call(SYS_PORT_WRITE, CONFIG_ADDRESS, 4, CONFIG_ENABLE | function | (offset & 0xFC));
}

static uint32_t config_read(void *context, uint32_t function, uint32_t offset)
{
	(void)context;
	select(function, offset);
	return (uint32_t)sys_call(SYS_PORT_READ, CONFIG_DATA, 4, 0);
}

static void config_write(void *context, uint32_t function, uint32_t offset, uint32_t value)
{
	(void)context;
	select(function, offset);
	sys_call(SYS_PORT_WRITE, CONFIG_DATA, 4, value);
}

static uintptr_t map(void *context, uint64_t physical, uint32_t bytes)
{
	uint32_t i = 0;

	(void)context;
	for (; i < MAPS && maps[i].address; i++)
		if (maps[i].physical == physical && maps[i].bytes >= bytes)
			return maps[i].address;
	int64_t address = i < MAPS ? sys_call(SYS_MMIO_MAP, physical, bytes, 0) : -SYS_EPERM;

	if (address <= 0)
		return 0;
	maps[i].physical = physical;
	maps[i].bytes = bytes;
	maps[i].address = (uintptr_t)address;
	return maps[i].address;
}

static uint32_t read(void *context, uintptr_t address, uint32_t size)
{
	(void)context;
	switch (size) {
	case 1:
		return *(volatile uint8_t *)address;
	case 2:
		return *(volatile uint16_t *)address;
	default:
		return *(volatile uint32_t *)address;
	}
}

static void write(void *context, uintptr_t address, uint32_t size, uint32_t value)
{
	(void)context;
	switch (size) {
	case 1:
		*(volatile uint8_t *)address = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)address = (uint16_t)value;
		break;
	default:
		*(volatile uint32_t *)address = value;
	}
}

static uint64_t ticks(void *context)
{
	(void)context;
	return __builtin_ia32_rdtsc();
}

/* False: the memory is not in one piece, or the kernel keeps the bus to itself. */
static bool lend(const struct monitor_info *info, struct pci_host *host, struct dma_memory memory)
{
	int64_t physical = sys_call(SYS_DMA_ADDRESS, (uintptr_t)memory.bytes, 0, 0);

	if (physical <= 0)
		return false;
	for (uint32_t offset = 4096; offset < memory.size; offset += 4096)
		if (sys_call(SYS_DMA_ADDRESS, (uintptr_t)memory.bytes + offset, 0, 0) != physical + offset)
			return false;
	memory.physical = (uint64_t)physical;
	*host = (struct pci_host){
		.config_read = config_read, .config_write = config_write, .map = map, .read = read, .write = write, .ticks = ticks,
		.ticks_hz = info->tsc_hz,
		.dma = memory,
	};
	return true;
}

/* All disks share a line: one of them is in use. */
static void lend_message(struct pci_host *host)
{
	int64_t message = sys_call(SYS_IRQ_BIND, DISK_HOST_IRQ, true, 0);

	if (message <= 0)
		return;
	host->message.address = (uint32_t)(message >> 16);
	host->message.data = (uint16_t)message;
}

const struct pci_host *machine_pci(const struct monitor_info *info)
{
	const struct dma_memory memory = { .bytes = disk_memory, .size = sizeof(disk_memory) };

	if (info->disk != DISK_PCI || !lend(info, &disk_host, memory))
		return NULL;
	lend_message(&disk_host);
	return &disk_host;
}

const struct pci_host *machine_network(const struct monitor_info *info)
{
	const struct dma_memory memory = { .bytes = network_memory, .size = sizeof(network_memory) };

	return info->network != NETWORK_NONE && lend(info, &network_host, memory) ? &network_host : NULL;
}
