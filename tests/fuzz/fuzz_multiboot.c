/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as a Multiboot kernel of either version. The first byte chooses the version
 * and whether the header's magic and checksum are made right, the second the number of modules; the
 * rest is the kernel.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "image/bytes.h"
#include "loader/loader.h"

#define MIB (1ull << 20)
#define RAM_BYTES (20 * MIB)
#define HEAD 2u
#define HEADER_AT 0x80u

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
		memory = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(memory != MAP_FAILED);
	return memory;
}

/* Past the checksum, which random bytes do not get right, without hiding the search for the header.
 */
static void repair_header(uint8_t *kernel, size_t size, bool is_multiboot2)
{
	uint8_t *header = kernel + HEADER_AT;

	if (size < HEADER_AT + 16)
		return;
	bytes_put32(header, is_multiboot2 ? 0xE85250D6 : 0x1BADB002);
	if (!is_multiboot2) {
		bytes_put32(header + 8, 0 - bytes_get32(header) - bytes_get32(header + 4));
		return;
	}
	bytes_put32(header + 4, 0);
	bytes_put32(header + 12, 0 - bytes_get32(header) - bytes_get32(header + 8));
}

static void check_start(const struct loader *loader, const struct boot_state *boot)
{
	const struct placement *placement = &loader->placement;
	uint32_t holds_entry = 0;

	must(boot->mode == BOOT_FLAT32 && guest_ram_at(&loader->ram, boot->rbx, 8));
	for (uint32_t i = 0; i < placement->count; i++) {
		const struct placement_range *range = &placement->ranges[i];

		holds_entry += range->owner == OWNER_PLACED && boot->rip >= range->base &&
			       boot->rip < range->end;
		for (uint32_t k = 0; k < i; k++)
			must(range->base >= placement->ranges[k].end ||
			     placement->ranges[k].base >= range->end);
	}
	must(holds_entry == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct loader loader;
	static struct payload payload;
	const struct guest_ram ram = { ram_memory(), RAM_BYTES };
	struct boot_state boot;
	uint64_t gpa;

	if (size <= HEAD)
		return 0;
	uint8_t *kernel = malloc(size - HEAD);
	must(kernel);
	memcpy(kernel, input + HEAD, size - HEAD);
	if (input[0] & 2)
		repair_header(kernel, size - HEAD, input[0] & 1);
	payload.count = 1 + input[1] % (PAYLOAD_MAX_PARTS - 1);
	payload.parts[0] = (struct payload_part){
		.type = input[0] & 1 ? PART_KERNEL_MULTIBOOT2 : PART_KERNEL_MULTIBOOT1,
		.size = size - HEAD,
		.data = kernel,
	};
	for (size_t i = 1; i < payload.count; i++)
		payload.parts[i] = (struct payload_part){
			.type = PART_MODULE, .offset = 4096 * i, .size = 1, .text = "m"
		};
	must(!loader_init(&loader, &ram));
	if (!loader_stage(&loader, size + 4096 * PAYLOAD_MAX_PARTS, &gpa) &&
	    !loader_load(&loader, &payload, gpa, &boot))
		check_start(&loader, &boot);
	free(kernel);
	return 0;
}
