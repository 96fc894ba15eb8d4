/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short list of taken ranges, searched from front to back: there are tens of them, once per boot.
 */
#include "loader/placement.h"

#include <stddef.h>

#include "image/bytes.h"

static const enum load_error blocked_by[] = {
	[OWNER_NOT_RAM] = LOAD_ERROR_NOT_RAM,
	[OWNER_BIOS_DATA] = LOAD_ERROR_OVERLAPS_BIOS_DATA,
	[OWNER_STAGED] = LOAD_ERROR_OVERLAPS_STAGING,
	[OWNER_PLACED] = LOAD_ERROR_OVERLAPS_PLACED,
};

static void take(struct placement *placement, struct placement_range range)
{
	if (range.end > range.base)
		placement->ranges[placement->count++] = range;
}

void placement_init(struct placement *placement, const struct e820_map *map)
{
	uint64_t behind = 0;

	placement->count = 0;
	take(placement, (struct placement_range){ 0, E820_BIOS_DATA_END, OWNER_BIOS_DATA });
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *entry = &map->entries[i];

		if (entry->type != E820_RAM)
			continue;
		take(placement, (struct placement_range){ behind, entry->base, OWNER_NOT_RAM });
		behind = entry->base + entry->bytes;
	}
	take(placement, (struct placement_range){ behind, UINT64_MAX, OWNER_NOT_RAM });
}

static const struct placement_range *blocker(const struct placement *placement, uint64_t base,
					     uint64_t end)
{
	for (uint32_t i = 0; i < placement->count; i++)
		if (base < placement->ranges[i].end && placement->ranges[i].base < end)
			return &placement->ranges[i];
	return NULL;
}

enum load_error placement_claim(struct placement *placement, uint64_t base, uint64_t bytes,
				enum placement_owner owner)
{
	uint64_t end;

	if (!bytes)
		return LOAD_OK;
	if (!range_end(base, bytes, &end))
		return LOAD_ERROR_NOT_RAM;
	const struct placement_range *other = blocker(placement, base, end);
	if (other)
		return blocked_by[other->owner];
	if (placement->count == PLACEMENT_MAX)
		return LOAD_ERROR_TOO_MANY_RANGES;
	take(placement, (struct placement_range){ base, end, owner });
	return LOAD_OK;
}

/* The first aligned address from `from` on; false when there is none in 64 bits. */
static bool align_up(uint64_t from, uint64_t alignment, uint64_t *aligned)
{
	if (!range_end(from, alignment - 1, aligned))
		return false;
	*aligned &= ~(alignment - 1);
	return true;
}

static bool find_lowest(const struct placement *placement, const struct placement_wish *wish,
			uint64_t *base)
{
	uint64_t from = wish->minimum;

	while (align_up(from, wish->alignment, base) && range_fits(*base, wish->bytes, wish->end)) {
		const struct placement_range *other =
		    blocker(placement, *base, *base + wish->bytes);

		if (!other)
			return true;
		from = other->end;
	}
	return false;
}

static bool find_highest(const struct placement *placement, const struct placement_wish *wish,
			 uint64_t *base)
{
	uint64_t end = wish->end;

	while (end >= wish->bytes) {
		*base = (end - wish->bytes) & ~(wish->alignment - 1);
		if (*base < wish->minimum)
			return false;
		const struct placement_range *other =
		    blocker(placement, *base, *base + wish->bytes);
		if (!other)
			return true;
		end = other->base;
	}
	return false;
}

bool placement_find(struct placement *placement, const struct placement_wish *wish, uint64_t *base)
{
	if (!wish->bytes)
		return false;
	if (!(wish->is_from_top ? find_highest : find_lowest)(placement, wish, base))
		return false;
	return placement_claim(placement, *base, wish->bytes, OWNER_PLACED) == LOAD_OK;
}
