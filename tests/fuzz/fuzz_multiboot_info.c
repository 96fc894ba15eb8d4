/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot loader's information block, any bytes, then carving by what it says: never a crash,
 * never a partition outside what the map calls RAM.
 * Links bsp/boot/multiboot2.c bsp/memory/carve.c
 */
#include <stdlib.h>
#include <string.h>

#include "bsp/boot/multiboot2.h"
#include "bsp/memory/carve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside_ram(const struct boot_info *info, u64 base, u64 bytes)
{
	for (u32 i = 0; i < info->region_count; i++) {
		const struct memory_region *r = &info->regions[i];

		if (r->type == MEMORY_AVAILABLE && r->base <= base &&
		    base + bytes <= r->base + r->bytes)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info info;
	const struct memory_range kernel = { MIB(16), MIB(48) };
	struct carve_result carved;
	hpa_t page;

	if (size < 8)
		return 0;
	u8 *block = malloc(size);
	memcpy(block, data, size);
	if (multiboot2_parse(MULTIBOOT2_BOOTED, block, size, &info) == MULTIBOOT_OK) {
		for (u64 bytes = MIB(2); bytes <= GIB(4); bytes *= 2)
			if (carve_ram(&info, kernel, bytes, &carved) &&
			    !is_inside_ram(&info, carved.base.value, bytes))
				abort();
		if (carve_low_page(&info, &page) && !is_inside_ram(&info, page.value, PAGE_SIZE))
			abort();
		if (carve_check_loaded(&info, kernel) >= CARVE_CHECKS)
			abort();
	}
	free(block);
	return 0;
}
