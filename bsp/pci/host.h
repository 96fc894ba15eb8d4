/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ring-3 driver of a PCI device reaches of the machine: configuration space, registers, a clock, and memory that the device
 * reads and writes, too. The monitor fills it with system calls, a test with a device that it plays.
 */
#ifndef BSP_PCI_HOST_H
#define BSP_PCI_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Memory of the monitor's own at one physical place, aligned to 4 KiB. */
struct dma_memory {
	uint8_t *bytes;
	uint64_t physical;
	uint32_t size;
};

struct pci_host {
	void *context;
	/* 32 bits at a multiple of 4; all ones where nothing is. function: bus << 16 | device << 11 | function << 8 */
	uint32_t (*config_read)(void *context, uint32_t function, uint32_t offset);
	void (*config_write)(void *context, uint32_t function, uint32_t offset, uint32_t value);
	/* Registers at a physical address, for good; 0: refused. */
	uintptr_t (*map)(void *context, uint64_t physical, uint32_t bytes);
	/* A register of 1, 2 or 4 bytes at an address that map() has returned, or behind it. */
	uint32_t (*read)(void *context, uintptr_t address, uint32_t size);
	void (*write)(void *context, uintptr_t address, uint32_t size, uint32_t value);
	uint64_t (*ticks)(void *context);
	uint64_t ticks_hz;
	struct dma_memory dma; /* whose driver is open owns it */
	struct { uint32_t address, data; } message; /* what a device writes to interrupt; address 0: nobody listens */
};

/* A device's registers. What is outside reads as all ones and cannot be written. */
struct registers {
	const struct pci_host *host;
	uintptr_t base;
	uint32_t bytes;
};

static inline bool registers_have(const struct registers *r, uint32_t offset, uint32_t size)
{
	return size <= r->bytes && offset <= r->bytes - size;
}

static inline uint32_t registers_read(const struct registers *r, uint32_t offset, uint32_t size)
{
	return registers_have(r, offset, size) ? r->host->read(r->host->context, r->base + offset, size) : UINT32_MAX;
}

static inline void registers_write(const struct registers *r, uint32_t offset, uint32_t size, uint32_t value)
{
	if (registers_have(r, offset, size))
		r->host->write(r->host->context, r->base + offset, size, value);
}

static inline uint32_t read32(const struct registers *r, uint32_t offset)
{
	return registers_read(r, offset, 4);
}

static inline void write32(const struct registers *r, uint32_t offset, uint32_t value)
{
	registers_write(r, offset, 4, value);
}

/* Two registers, the low half first. */
static inline void write64(const struct registers *r, uint32_t offset, uint64_t value)
{
	write32(r, offset, (uint32_t)value);
	write32(r, offset + 4, (uint32_t)(value >> 32));
}

/* Until a register has `wanted` under `mask`. False: it did not within so many milliseconds. */
bool registers_wait(const struct registers *r, uint32_t offset, uint32_t mask, uint32_t wanted, uint32_t milliseconds);

/* A time that is over sooner or later. */
struct wait {
	const struct pci_host *host;
	uint64_t start, ticks;
};

static inline struct wait wait_start(const struct pci_host *host, uint32_t milliseconds)
{
	return (struct wait){ host, host->ticks(host->context), host->ticks_hz / 1000 * milliseconds };
}

static inline bool wait_is_over(const struct wait *wait)
{
	return wait->host->ticks(wait->host->context) - wait->start > wait->ticks;
}

/* Nothing is moved across it by the compiler; the CPU keeps stores in order, and device registers are uncached. */
static inline void dma_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

#endif
