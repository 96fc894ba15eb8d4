/* SPDX-License-Identifier: Apache-2.0 */
/* See ept02.h. */
#include "nested/ept02.h"

#define LEVELS 4u

static bool is_used(const struct ept02_root *root)
{
	return root->first != EPT02_NONE;
}

void ept02_init(struct ept02_pool *pool)
{
	for (u32 i = 0; i < pool->count; i++)
		pool->next[i] = (u16)(i + 1 < pool->count ? i + 1 : EPT02_NONE);
	pool->free = 0;
	pool->free_count = pool->least_free = pool->count;
	pool->clock = 0;
	pool->tlb_is_stale = true;
	for (u32 i = 0; i < EPT02_ROOTS; i++)
		pool->roots[i] = (struct ept02_root){ .first = EPT02_NONE, .last = EPT02_NONE };
}

static void drop(struct ept02_pool *pool, struct ept02_root *root)
{
	u32 tables = 1;

	if (!is_used(root))
		return;
	for (u16 i = root->first; i != root->last; i = pool->next[i])
		tables++;
	pool->next[root->last] = pool->free;
	pool->free = root->first;
	pool->free_count += tables;
	pool->tlb_is_stale = true;
	root->first = root->last = EPT02_NONE;
}

/* A zeroed table of the root's, EPT02_NONE when the pool is used up. */
static u16 take(struct ept02_pool *pool, struct ept02_root *root)
{
	u16 taken = pool->free;

	if (taken == EPT02_NONE)
		return EPT02_NONE;
	pool->free = pool->next[taken];
	pool->free_count--;
	if (pool->free_count < pool->least_free)
		pool->least_free = pool->free_count;
	__builtin_memset(&pool->tables[taken], 0, sizeof(pool->tables[taken]));
	pool->next[taken] = EPT02_NONE;
	if (is_used(root))
		pool->next[root->last] = taken;
	else
		root->first = taken;
	root->last = taken;
	return taken;
}

static struct ept02_root *least_recent(struct ept02_pool *pool)
{
	struct ept02_root *oldest = &pool->roots[0];

	for (u32 i = 0; i < EPT02_ROOTS; i++) {
		if (!is_used(&pool->roots[i]))
			return &pool->roots[i];
		if (pool->roots[i].last_use < oldest->last_use)
			oldest = &pool->roots[i];
	}
	return oldest;
}

static void drop_others(struct ept02_pool *pool, const struct ept02_root *keep)
{
	for (u32 i = 0; i < EPT02_ROOTS; i++)
		if (&pool->roots[i] != keep)
			drop(pool, &pool->roots[i]);
}

static void start(struct ept02_pool *pool, struct ept02_root *root, u64 key)
{
	drop(pool, root);
	if (take(pool, root) == EPT02_NONE) {
		drop_others(pool, root);
		(void)!take(pool, root);
	}
	root->key = key;
}

u32 ept02_root_for(struct ept02_pool *pool, u64 key)
{
	struct ept02_root *root = NULL;

	for (u32 i = 0; i < EPT02_ROOTS && !root; i++)
		if (ept02_root_is(pool, i, key))
			root = &pool->roots[i];
	if (!root) {
		root = least_recent(pool);
		start(pool, root, key);
	}
	root->last_use = ++pool->clock;
	return (u32)(root - pool->roots);
}

static u64 *entry_at(struct ept02_pool *pool, u16 table, l2pa_t address, u32 level)
{
	return &pool->tables[table].entry[address.value >> (12 + 9 * (level - 1)) & 511];
}

static bool is_table(u64 entry)
{
	return entry & EPT_RWX && !(entry & EPT_LARGE);
}

/* Flagged from the start: the CPU need not. */
#define TABLE (EPT12_RIGHTS | EPT_ACCESSED)

static u16 table_index(const struct ept02_pool *pool, u64 entry)
{
	return (u16)(((entry & EPT_ADDRESS) - pool->physical) / PAGE_SIZE);
}

/*
 * The entry for address at the wanted level, or lower where tables already reach deeper; a large page in the way gives way to a table.
 * NULL: the pool is used up.
 */
static u64 *descend(struct ept02_pool *pool, struct ept02_root *root, l2pa_t address, u32 *level)
{
	u16 table = root->first;

	for (u32 at = LEVELS;; at--) {
		u64 *entry = entry_at(pool, table, address, at);

		if (at == 1 || (at <= *level && !is_table(*entry))) {
			*level = at;
			return entry;
		}
		if (!is_table(*entry)) {
			u16 taken = take(pool, root);

			if (taken == EPT02_NONE)
				return NULL;
			*entry = (pool->physical + taken * PAGE_SIZE) | TABLE;
		}
		table = table_index(pool, *entry);
	}
}

/* What EPT01 lets be executed may be in either mode. */
static u64 host_rights(u64 leaf)
{
	return (leaf & EPT_RWX) | (leaf & EPT_EXECUTE) << 8;
}

u32 ept02_map(struct ept02_pool *pool, u32 number, l2pa_t address, const struct ept12_walk *walk, const struct ept02_leaf *leaf)
{
	struct ept02_root *root = &pool->roots[number];
	u32 level = walk->level < leaf->host_level ? walk->level : leaf->host_level;
	u64 *entry = descend(pool, root, address, &level);

	if (!entry) { /* first the others give way, then this root's own tables */
		drop_others(pool, root);
		entry = descend(pool, root, address, &level);
	}
	if (!entry) {
		start(pool, root, root->key);
		entry = descend(pool, root, address, &level);
	}
	u64 inside = ept_page_bytes(leaf->host_level) - 1;
	u64 host = (leaf->host_leaf & EPT_ADDRESS & ~inside) + (leaf->l1 & inside & ~(ept_page_bytes(level) - 1));
	*entry = host | (walk->rights & host_rights(leaf->host_leaf)) | ept12_leaf_type(walk) | EPT_ACCESSED | EPT_DIRTY |
		 (level > 1 ? EPT_LARGE : 0);
	return level;
}

void ept02_invalidate(struct ept02_pool *pool, u64 eptp12)
{
	for (u32 i = 0; i < EPT02_ROOTS; i++)
		if (!((pool->roots[i].key ^ eptp12) & EPT_ADDRESS))
			drop(pool, &pool->roots[i]);
}

void ept02_invalidate_all(struct ept02_pool *pool)
{
	drop_others(pool, NULL);
}

bool ept02_audit(const struct ept02_pool *pool)
{
	u32 seen = 0;

	for (u32 r = 0; r < EPT02_ROOTS; r++) {
		u16 i = pool->roots[r].first;

		for (; i != EPT02_NONE && seen <= pool->count; i = pool->next[i]) {
			seen++;
			if (i == pool->roots[r].last)
				break;
		}
	}
	u32 free_seen = 0;
	for (u16 i = pool->free; i != EPT02_NONE && free_seen <= pool->count; i = pool->next[i])
		free_seen++;
	return free_seen == pool->free_count && seen + free_seen == pool->count;
}
