/* SPDX-License-Identifier: Apache-2.0 */
/* See ept12.h. */
#include "nested/ept12.h"

#define TABLE_RESERVED 0x78ull /* memory type and ignore-PAT are a leaf's */

static bool level_may_be_leaf(const struct ept12_features *f, u32 level)
{
	return level == 1 || (level == 2 && f->has_2m) || (level == 3 && f->has_1g);
}

void ept12_make_rules(struct ept12_rules *rules, const struct ept12_features *f)
{
	u64 above = EPT_ADDRESS & ~(BIT(f->physical_bits) - 1);

	/* writable and not readable; execute-only where the CPU has none */
	rules->bad_rights = BIT(EPT_WRITE) | BIT(EPT_WRITE | EPT_EXECUTE) | (f->has_execute_only ? 0 : BIT(EPT_EXECUTE));
	rules->table_reserved = above | TABLE_RESERVED;
	rules->plain_mask = rules->table_reserved | EPT_LARGE | EPT_RWX;
	for (u32 level = 1; level <= EPT12_LEVELS; level++) {
		u64 inside = EPT_ADDRESS & (ept_page_bytes(level) - 1);

		rules->leaf_reserved[level] = above | inside | (level_may_be_leaf(f, level) ? 0 : EPT_LARGE);
	}
}
