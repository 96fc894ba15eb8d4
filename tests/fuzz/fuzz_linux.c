/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a bzImage. The first 4 choose RAM, initrd and command line; the rest is
 * the kernel. Reading a byte too many is the sanitizer's to find; what a success must mean is
 * checked here.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "loader/loader.h"

#define MIB (1ull << 20)
#define MAX_RAM (40 * MIB)
#define HEAD 4u

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t *ram_memory(void)
{
	static uint8_t *memory;

	if (!memory)
		memory = mmap(NULL, MAX_RAM, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(memory != MAP_FAILED);
	return memory;
}

static void check_start(const struct loader *loader, const struct boot_state *boot)
{
	const struct guest_ram *ram = &loader->ram;

	must(boot->mode == BOOT_LONG64);
	must(guest_ram_at(ram, boot->rip, 1) && guest_ram_at(ram, boot->rsi, 4096));
	must(guest_ram_at(ram, boot->cr3, 4096) &&
	     guest_ram_at(ram, boot->gdt_base, boot->gdt_limit + 1ull));
	for (uint32_t i = 0; i < loader->placement.count; i++)
		for (uint32_t k = 0; k < i; k++)
			must(loader->placement.ranges[i].base >= loader->placement.ranges[k].end ||
			     loader->placement.ranges[k].base >= loader->placement.ranges[i].end);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct loader loader;
	static struct payload payload;
	struct boot_state boot;
	uint64_t gpa;

	if (size <= HEAD)
		return 0;
	const struct guest_ram ram = { ram_memory(), 15 * MIB + (input[0] % 26) * MIB };
	uint64_t kernel_bytes = size - HEAD, initrd_bytes = input[1] * 65536ull;
	payload.count = 3;
	payload.parts[0] = (struct payload_part){ .type = PART_KERNEL_LINUX,
						  .size = kernel_bytes,
						  .data = input + HEAD };
	payload.parts[1] = (struct payload_part){ .type = PART_INITRD, .size = initrd_bytes };
	payload.parts[2] =
	    (struct payload_part){ .type = PART_COMMAND_LINE, .size = input[2], .data = ram.base };
	payload.parts[1].offset = (kernel_bytes + 4095) & ~4095ull;
	payload.parts[1].data = ram.base;
	memset(ram.base, 'x', 256);
	if (loader_init(&loader, &ram) ||
	    loader_stage(&loader, payload.parts[1].offset + (initrd_bytes ? initrd_bytes : 1),
			 &gpa))
		return 0;
	payload.parts[1].data = guest_ram_at(&ram, gpa + payload.parts[1].offset, initrd_bytes);
	must(payload.parts[1].data);
	if (!loader_load(&loader, &payload, gpa, &boot))
		check_start(&loader, &boot);
	return 0;
}
