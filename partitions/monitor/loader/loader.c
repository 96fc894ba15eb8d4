/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a payload to a partition that can start: sorts the parts, hands them to the kernel's
 * protocol.
 */
#include "loader/loader.h"

#include <string.h>

#include "loader/linux.h"
#include "loader/multiboot1.h"
#include "loader/multiboot2.h"

#define STAGE_ALIGNMENT (2ull << 20)
#define STAGE_END 0x7FE00000ull /* Linux takes an initrd that ends below 2 GiB */

static enum load_error (*const protocols[PART_TYPE_COUNT])(struct loader *loader,
							   struct boot_state *boot) = {
	[PART_KERNEL_LINUX] = linux_load,
	[PART_KERNEL_MULTIBOOT1] = multiboot1_load,
	[PART_KERNEL_MULTIBOOT2] = multiboot2_load,
};

enum load_error loader_init(struct loader *loader, const struct guest_ram *ram)
{
	memset(loader, 0, sizeof(*loader));
	if (ram->bytes < E820_MIN_RAM_BYTES)
		return LOAD_ERROR_RAM_TOO_SMALL;
	loader->ram = *ram;
	e820_build(ram, &loader->map);
	placement_init(&loader->placement, &loader->map);
	return LOAD_OK;
}

enum load_error loader_stage(struct loader *loader, uint64_t bytes, uint64_t *gpa)
{
	uint64_t low = guest_ram_low_bytes(&loader->ram) & ~(STAGE_ALIGNMENT - 1);
	uint64_t end = low < STAGE_END ? low : STAGE_END;

	if (bytes > end - E820_RAM_AGAIN)
		return LOAD_ERROR_NO_ROOM;
	*gpa = (end - bytes) & ~(STAGE_ALIGNMENT - 1);
	if (*gpa < E820_RAM_AGAIN)
		return LOAD_ERROR_NO_ROOM;
	return placement_claim(&loader->placement, *gpa, bytes, OWNER_STAGED);
}

enum load_error loader_claim_low(struct loader *loader, uint64_t bytes, uint64_t *gpa)
{
	const struct placement_wish wish = {
		.bytes = bytes,
		.alignment = 4096,
		.minimum = LOADER_LOW_MINIMUM,
		.end = E820_LOW_END,
	};

	return placement_find(&loader->placement, &wish, gpa) ? LOAD_OK : LOAD_ERROR_NO_ROOM;
}

void *loader_at(struct loader *loader, uint64_t gpa, uint64_t bytes)
{
	void *place = guest_ram_at(&loader->ram, gpa, bytes);

	/* A caller without a claim is our own defect: fault here, not in the guest's RAM. */
	if (!place)
		__builtin_trap();
	return place;
}

static struct load_part part_view(const struct payload_part *part, uint64_t gpa)
{
	return (struct load_part){
		.bytes = part->data,
		.size = part->size,
		.gpa = gpa + part->offset,
		.text = part->text,
	};
}

static void collect(struct loader *loader, const struct payload *payload, uint64_t gpa)
{
	loader->module_count = 0;
	loader->command_line[0] = 0;
	for (size_t i = 0; i < payload->count; i++) {
		const struct payload_part *part = &payload->parts[i];

		if (protocols[part->type]) {
			loader->kernel = part_view(part, gpa);
		} else if (part->type != PART_COMMAND_LINE) {
			loader->modules[loader->module_count++] = part_view(part, gpa);
		} else {
			memcpy(loader->command_line, part->data, part->size);
			loader->command_line[part->size] = 0;
		}
	}
}

enum load_error loader_load(struct loader *loader, const struct payload *payload, uint64_t gpa,
			    struct boot_state *boot)
{
	collect(loader, payload, gpa);
	memset(boot, 0, sizeof(*boot));
	return protocols[payload_kernel(payload)->type](loader, boot);
}
