/* SPDX-License-Identifier: Apache-2.0 */
/* See ept12.h. */
#include "nested/ept12.h"

#define LEVELS 4u

static u64 reserved_above(u32 physical_bits)
{
	return EPT_ADDRESS & ~(BIT(physical_bits) - 1);
}

static bool level_may_be_leaf(const struct ept12_source *s, u32 level)
{
	return level == 1 || (level == 2 && s->has_2m) || (level == 3 && s->has_1g);
}

static bool is_leaf(u32 level, u64 entry)
{
	return level == 1 || (level < LEVELS && entry & EPT_LARGE);
}

static bool type_is_valid(u64 entry)
{
	u64 type = entry >> 3 & 7;

	return type == 0 || type == 1 || type == 4 || type == 5 || type == 6;
}

/* SDM "EPT Misconfigurations": rights that make no sense, reserved bits, memory types that do not exist. */
static bool is_misconfigured(const struct ept12_source *s, u32 level, u64 entry)
{
	u64 rights = entry & EPT_RWX;

	if (rights & EPT_WRITE && !(rights & EPT_READ))
		return true;
	if (rights == EPT_EXECUTE && !s->has_execute_only)
		return true;
	if (entry & reserved_above(s->physical_bits))
		return true;
	if (!is_leaf(level, entry))
		return entry & (level == LEVELS ? 0xF8ull : 0x78ull);
	if (!level_may_be_leaf(s, level) || !type_is_valid(entry))
		return true;
	return level > 1 && entry & EPT_ADDRESS & (ept_page_bytes(level) - 1);
}

void ept12_walk(const struct ept12_source *s, u64 eptp, l2pa_t address, struct ept12_walk *walk)
{
	u64 table = eptp & EPT_ADDRESS;

	*walk = (struct ept12_walk){ .outcome = EPT12_VIOLATION, .level = LEVELS, .rights = EPT_RWX };
	if (address.value >> 48) {
		walk->rights = 0;
		return;
	}
	for (u32 level = LEVELS; level; level--) {
		u64 index = address.value >> (12 + 9 * (level - 1)) & 511;
		u64 entry;

		walk->level = level;
		if (!s->read(s->context, GPA(table + 8 * index), &entry))
			entry = ~0ull; /* nothing answers there: all ones, as on a bus */
		walk->rights &= entry;
		if (!(entry & EPT_RWX))
			return;
		if (is_misconfigured(s, level, entry)) {
			walk->outcome = EPT12_MISCONFIGURED;
			return;
		}
		table = entry & EPT_ADDRESS;
		if (is_leaf(level, entry)) {
			walk->outcome = EPT12_MAPPED;
			walk->page = table;
			walk->leaf_type = entry & (EPT_MEMORY_TYPE(7) | BIT(6));
			return;
		}
	}
}
