/* SPDX-License-Identifier: Apache-2.0 */
/* Partition by partition; see flash_map.h. */
#include "flash_map.h"

#include <stdlib.h>
#include <string.h>

#include "flash_gpt.h"
#include "image/manifest.h"

#define EDGE_BYTES (1u << 20)
#define ALIGNMENT 4096u

/* Adds a range behind or overlapping the last one. */
static bool map_add(struct flash_map *map, uint64_t first, uint64_t end)
{
	struct flash_range *last = map->count ? &map->ranges[map->count - 1] : NULL;

	first -= first % ALIGNMENT;
	if (last && first < last->end)
		first = last->end;
	if (first >= end)
		return true;
	map->bytes += end - first;
	if (last && first == last->end) {
		last->end = end;
		return true;
	}
	if (map->count == FLASH_MAX_RANGES)
		return false;
	map->ranges[map->count++] = (struct flash_range){ first, end };
	return true;
}

/* What the file really holds of a range. */
static bool map_add_data(struct flash_map *map, const struct flash_file *file, uint64_t first, uint64_t end)
{
	for (uint64_t at = file->next_data(file->context, first); at < end; at = file->next_data(file->context, at)) {
		uint64_t hole = file->next_hole(file->context, at);

		hole = hole < end ? hole : end;
		if (hole <= at || !map_add(map, at, hole))
			return false;
		at = hole;
	}
	return true;
}

/* Bytes of the image in a slot, or of what must not be taken for one. */
static uint64_t slot_bytes(const struct flash_file *file, uint64_t first, uint64_t bytes)
{
	struct manifest manifest;
	uint64_t used = EDGE_BYTES;

	if (!manifest_parse(file->bytes + first, (size_t)bytes, &manifest))
		used = (manifest_image_bytes(&manifest) + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
	return used < bytes ? used : bytes;
}

static bool map_add_partition(struct flash_map *map, const struct flash_file *file, const struct flash_range *p,
			      const uint8_t *type)
{
	uint64_t bytes = p->end - p->first;

	if (!memcmp(type, gpt_type_guest, UUID_BYTES))
		return map_add(map, p->first, p->first + slot_bytes(file, p->first, bytes));
	if (memcmp(type, gpt_type_data, UUID_BYTES) || bytes <= 2 * EDGE_BYTES)
		return map_add(map, p->first, p->end);
	return map_add(map, p->first, p->first + EDGE_BYTES) && map_add_data(map, file, p->first, p->end) &&
	       map_add(map, p->end - EDGE_BYTES, p->end);
}

static int partition_compare(const void *a, const void *b)
{
	const struct gpt_partition *const *left = a, *const *right = b;

	return (*left)->first < (*right)->first ? -1 : 1;
}

bool flash_map_make(struct flash_map *map, const struct flash_file *file, const struct gpt *gpt)
{
	const struct gpt_partition *order[GPT_MAX_PARTITIONS] = { NULL };
	uint64_t at = 0;

	map->count = 0;
	map->bytes = 0;
	for (size_t i = 0; i < gpt->count; i++)
		order[i] = &gpt->partitions[i];
	/* pointers are what is sorted: NOLINTNEXTLINE(bugprone-sizeof-expression) */
	qsort(order, gpt->count, sizeof(order[0]), partition_compare);
	for (size_t i = 0; i < gpt->count; i++) {
		const struct flash_range p = { order[i]->first * gpt->device->sector_bytes,
					       (order[i]->last + 1) * gpt->device->sector_bytes };

		if (!map_add(map, at, p.first) || !map_add_partition(map, file, &p, order[i]->type))
			return false;
		at = p.end;
	}
	return map_add(map, at, file->size - FLASH_TABLE_BYTES);
}
