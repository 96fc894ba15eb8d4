/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backs world.h with an anonymous mapping.
 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define LOW_BYTES 0x100000u

void world_open(struct world *world, uint64_t ram_bytes)
{
	memset(world, 0, sizeof(*world));
	world->ram.bytes = ram_bytes;
	world->ram.base = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(world->ram.base != MAP_FAILED);
	/* RAM is not zero when a partition starts again. */
	memset(world->ram.base, 0xA5, LOW_BYTES);
}

void world_close(struct world *world)
{
	for (size_t i = 0; i < PAYLOAD_MAX_PARTS; i++)
		free(world->exact[i]);
	munmap(world->ram.base, world->ram.bytes);
}

void world_add(struct world *world, enum part_type type, const void *bytes, uint64_t count)
{
	struct payload_part *part = &world->payload.parts[world->payload.count++];

	part->type = type;
	part->size = count;
	part->data = bytes;
	part->offset = world->stage_bytes ? world->stage_bytes : PAYLOAD_TABLE_BYTES;
	strcpy(part->text, "a part");
	world->stage_bytes = (part->offset + count + 4095) & ~4095ull;
}

enum load_error world_load(struct world *world)
{
	enum load_error error = loader_init(&world->loader, &world->ram);

	if (!error)
		error = loader_stage(&world->loader, world->stage_bytes, &world->stage);
	if (error)
		return error;
	for (size_t i = 0; i < world->payload.count; i++) {
		struct payload_part *part = &world->payload.parts[i];
		uint8_t *place = world_at(world, world->stage + part->offset, part->size);

		if (!part->data) {
			part->data = place;
			continue;
		}
		memcpy(place, part->data, part->size);
		world->exact[i] = malloc(part->size);
		memcpy(world->exact[i], part->data, part->size);
		part->data = world->exact[i];
	}
	return loader_load(&world->loader, &world->payload, world->stage, &world->boot);
}

uint8_t *world_at(const struct world *world, uint64_t gpa, uint64_t count)
{
	uint8_t *place = guest_ram_at(&world->ram, gpa, count);

	assert_non_null(place);
	return place;
}

bool world_has_overlaps(const struct world *world)
{
	const struct placement *placement = &world->loader.placement;

	for (uint32_t i = 0; i < placement->count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (placement->ranges[i].base < placement->ranges[k].end &&
			    placement->ranges[k].base < placement->ranges[i].end)
				return true;
	return false;
}
