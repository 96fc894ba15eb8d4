/* SPDX-License-Identifier: Apache-2.0 */
/* Builder, lookup and audit of page tables; see page_tables.h. Levels count from 1 (page table) to
 * 4 (PML4). */
#include "bsp/memory/page_tables.h"

#define ROOT_LEVEL 4
#define UPPER_HALF BIT(47)

static u64 level_bytes(u32 level)
{
	return BIT(12 + 9 * (level - 1));
}

static u32 level_index(u64 linear, u32 level)
{
	return linear >> (12 + 9 * (level - 1)) & 511;
}

static bool is_leaf(u64 entry, u32 level)
{
	return level == 1 || ((level == 2 || level == 3) && (entry & PTE_LARGE));
}

static bool is_canonical(u64 linear)
{
	return linear >> 47 == 0 || linear >> 47 == 0x1FFFF;
}

static struct table_page *table_at(const struct table_pool *pool, u64 entry)
{
	u64 index = ((entry & PTE_ADDRESS) - pool->physical) / PAGE_SIZE;

	return index < pool->used ? &pool->pages[index] : NULL;
}

bool tables_create(struct table_pool *pool, hpa_t *root)
{
	if (pool->used >= pool->count)
		return false;
	struct table_page *page = &pool->pages[pool->used];
	for (u32 i = 0; i < 512; i++)
		page->entry[i] = 0;
	*root = HPA(pool->physical + pool->used++ * PAGE_SIZE);
	return true;
}

/* The table an entry leads to, made if there is none. Upper levels allow everything: the leaf
 * decides. */
static struct table_page *table_below(struct table_pool *pool, u64 *entry, u64 user)
{
	hpa_t below;

	if (!(*entry & PTE_PRESENT)) {
		if (!tables_create(pool, &below))
			return NULL;
		*entry = below.value | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
	}
	*entry |= user;
	return table_at(pool, *entry);
}

/* The entry at the target level for the start of a mapping; NULL: pool used up or a larger page is
 * in the way. */
static u64 *entry_make(struct table_pool *pool, hpa_t root, const struct mapping *m, u32 target)
{
	u64 user = m->flags & PAGING_USER ? PTE_USER : 0;
	struct table_page *table = table_at(pool, root.value);

	for (u32 level = ROOT_LEVEL; table && level > target; level--) {
		u64 *entry = &table->entry[level_index(m->linear, level)];

		if ((*entry & PTE_PRESENT) && is_leaf(*entry, level))
			return NULL;
		table = table_below(pool, entry, user);
	}
	return table ? &table->entry[level_index(m->linear, target)] : NULL;
}

u64 *tables_leaf(struct table_pool *pool, hpa_t root, u64 linear)
{
	struct mapping page = { .linear = linear };

	return entry_make(pool, root, &page, 1);
}

static u64 leaf_bits(u32 flags, u32 level)
{
	u64 bits = PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY;

	bits |= flags & PAGING_WRITE ? PTE_WRITE : 0;
	bits |= flags & PAGING_EXECUTE ? 0 : PTE_NX;
	bits |= flags & PAGING_USER ? PTE_USER : 0;
	bits |= flags & PAGING_UNCACHED ? PTE_PCD | PTE_PWT : 0;
	bits |= flags & PAGING_GLOBAL ? PTE_GLOBAL : 0;
	return level > 1 ? bits | PTE_LARGE : bits;
}

static bool mapping_is_valid(const struct mapping *m)
{
	u64 last = m->linear + m->bytes - 1;

	return m->bytes && !((m->linear | m->physical.value | m->bytes) & PAGE_MASK) &&
	       last > m->linear && is_canonical(m->linear) && is_canonical(last) &&
	       m->linear >> 47 == last >> 47 && m->bytes <= PTE_ADDRESS &&
	       m->physical.value <= PTE_ADDRESS + PAGE_SIZE - m->bytes &&
	       (m->flags & (PAGING_WRITE | PAGING_EXECUTE)) != (PAGING_WRITE | PAGING_EXECUTE);
}

static u32 fitting_level(const struct table_pool *pool, const struct mapping *m)
{
	u32 level = m->flags & PAGING_SMALL ? 1 : pool->largest_level;

	while (level > 1 && (m->bytes < level_bytes(level) ||
			     ((m->linear | m->physical.value) & (level_bytes(level) - 1))))
		level--;
	return level;
}

bool tables_map(struct table_pool *pool, hpa_t root, const struct mapping *m)
{
	struct mapping rest = *m;

	if (!mapping_is_valid(m))
		return false;
	while (rest.bytes) {
		u32 level = fitting_level(pool, &rest);
		u64 *entry = entry_make(pool, root, &rest, level);

		if (!entry || (*entry & PTE_PRESENT))
			return false;
		*entry = rest.physical.value | leaf_bits(m->flags, level);
		rest.linear += level_bytes(level);
		rest.physical.value += level_bytes(level);
		rest.bytes -= level_bytes(level);
	}
	return true;
}

bool tables_lookup(const struct table_pool *pool, hpa_t root, u64 linear, struct translation *out)
{
	u64 rights = PTE_WRITE | PTE_USER, forbidden = 0;
	const struct table_page *table = table_at(pool, root.value);

	for (u32 level = ROOT_LEVEL; table; level--) {
		u64 entry = table->entry[level_index(linear, level)];

		if (!(entry & PTE_PRESENT))
			return false;
		rights &= entry;
		forbidden |= entry & PTE_NX;
		if (!is_leaf(entry, level)) {
			table = table_at(pool, entry);
			continue;
		}
		u64 offset_mask = level_bytes(level) - 1;
		out->physical = HPA((entry & PTE_ADDRESS & ~offset_mask) | (linear & offset_mask));
		out->page_bytes = level_bytes(level);
		out->flags = (rights & PTE_WRITE ? PAGING_WRITE : 0) |
			     (forbidden ? 0 : PAGING_EXECUTE) |
			     (rights & PTE_USER ? PAGING_USER : 0) |
			     (entry & PTE_PCD ? PAGING_UNCACHED : 0) |
			     (entry & PTE_GLOBAL ? PAGING_GLOBAL : 0);
		return true;
	}
	return false;
}

struct audit {
	const struct table_pool *pool;
	struct audit_finding *finding;
};

/* What the levels above an entry grant. */
struct grant { u64 linear; u64 rights; };

static bool audit_leaf(const struct audit *audit, struct grant grant, u64 entry)
{
	bool is_upper = grant.linear & UPPER_HALF;
	bool is_bad = ((grant.rights & PTE_WRITE) && !(grant.rights & PTE_NX)) ||
		      (is_upper && (grant.rights & PTE_USER));

	audit->finding->pages++;
	if (is_bad) {
		audit->finding->linear = is_upper ? grant.linear | ~(UPPER_HALF - 1) : grant.linear;
		audit->finding->entry = entry;
	}
	return !is_bad;
}

static bool audit_table(const struct audit *audit, u64 table_entry, u32 level, struct grant above)
{
	const struct table_page *table = table_at(audit->pool, table_entry);

	if (!table) {
		audit->finding->linear = above.linear;
		audit->finding->entry = table_entry;
		return false;
	}
	for (u32 i = 0; i < 512; i++) {
		u64 entry = table->entry[i];
		struct grant grant = {
			.linear = above.linear | i * level_bytes(level),
			.rights = (above.rights & entry & (PTE_WRITE | PTE_USER)) |
				  ((above.rights | entry) & PTE_NX),
		};

		if (!(entry & PTE_PRESENT))
			continue;
		if (is_leaf(entry, level) ? !audit_leaf(audit, grant, entry)
					  : !audit_table(audit, entry, level - 1, grant))
			return false;
	}
	return true;
}

bool tables_audit(const struct table_pool *pool, hpa_t root, struct audit_finding *finding)
{
	struct audit audit = { pool, finding };
	struct grant all = { 0, PTE_WRITE | PTE_USER };

	*finding = (struct audit_finding){ 0 };
	return audit_table(&audit, root.value, ROOT_LEVEL, all);
}
