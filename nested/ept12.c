/* SPDX-License-Identifier: Apache-2.0 */
/* See ept12.h. */
#include "nested/ept12.h"

#define TABLE_RESERVED 0x78ull /* memory type and ignore-PAT are a leaf's */
#define RIGHTS_NUMBERS 16u

static bool level_may_be_leaf(const struct ept12_features *f, u32 level)
{
	return level == 1 || (level == 2 && f->has_2m) || (level == 3 && f->has_1g);
}

/* Writable or, where the CPU has no execute-only, executable, and not readable. */
static bool rights_are_bad(const struct ept12_features *f, u32 number)
{
	bool reads = number & 1, writes = number & 2, executes = number & 4 || (f->is_mode_based && number & 8);

	return !reads && (writes || (executes && !f->has_execute_only));
}

void ept12_make_rules(struct ept12_rules *rules, const struct ept12_features *f)
{
	u64 above = EPT_ADDRESS & ~(BIT(f->physical_bits) - 1);

	*rules = (struct ept12_rules){ .present = f->is_mode_based ? EPT12_RIGHTS : EPT_RWX, .table_reserved = above | TABLE_RESERVED };
	for (u32 number = 0; number < RIGHTS_NUMBERS; number++)
		rules->bad_rights |= rights_are_bad(f, number) ? 1u << number : 0;
	rules->plain = rules->present;
	rules->plain_mask = rules->table_reserved | EPT_LARGE | rules->present;
	for (u32 level = 1; level <= EPT12_LEVELS; level++) {
		u64 inside = EPT_ADDRESS & (ept_page_bytes(level) - 1);

		rules->leaf_reserved[level] = above | inside | (level_may_be_leaf(f, level) ? 0 : EPT_LARGE);
	}
}

static u64 flags_of(const struct ept12_walk *walk, u32 level, bool is_write)
{
	return level == walk->level && is_write ? EPT_ACCESSED | EPT_DIRTY : EPT_ACCESSED;
}

bool ept12_is_flagged(const struct ept12_walk *walk, bool is_write)
{
	for (u32 level = EPT12_LEVELS; level >= walk->level; level--)
		if (flags_of(walk, level, is_write) & ~walk->entry[level])
			return false;
	return true;
}

bool ept12_flag(struct ept12_walk *walk, struct ept12_question question, bool is_write, ept12_exchanger *exchange, void *context)
{
	u64 table = question.eptp & EPT_ADDRESS;

	for (u32 level = EPT12_LEVELS; level >= walk->level; level--) {
		u64 old = walk->entry[level], entry = old | flags_of(walk, level, is_write);

		if (entry != old && !exchange(context, level, ept12_entry_at(table, level, question.address), old, entry))
			return false;
		walk->entry[level] = entry;
		table = entry & EPT_ADDRESS;
	}
	return true;
}
