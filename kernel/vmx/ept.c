/* SPDX-License-Identifier: Apache-2.0 */
/* Builder and walker of EPT01; see ept.h. */
#include "kernel/vmx/ept.h"

static u32 index_at(u64 address, u32 level)
{
	return (u32)(address >> (12 + 9 * (level - 1))) & 511;
}

static u64 page_bytes(u32 level)
{
	return 1ull << (12 + 9 * (level - 1));
}

static struct ept_table *table_of(const struct ept_pool *pool, u64 entry)
{
	return &pool->tables[((entry & EPT_ADDRESS) - pool->physical) / PAGE_SIZE];
}

/* An empty table of the pool's; NULL when the pool is used up. */
static struct ept_table *take(struct ept_pool *pool)
{
	if (pool->used >= pool->count)
		return NULL;
	struct ept_table *table = &pool->tables[pool->used++];
	__builtin_memset(table, 0, sizeof(*table));
	return table;
}

/* The table one level down, taken from the pool when the entry is still empty. */
static struct ept_table *next_table(struct ept_pool *pool, u64 *entry)
{
	if (!*entry) {
		const struct ept_table *table = take(pool);

		if (!table)
			return NULL;
		*entry = (pool->physical + (u64)(table - pool->tables) * PAGE_SIZE) | EPT_RWX;
	}
	return table_of(pool, *entry);
}

static u32 largest_level(const struct ept_pool *pool, u64 guest, u64 host, u64 bytes)
{
	u32 level = pool->largest_level;

	while (level > 1 && (((guest | host) & (page_bytes(level) - 1)) || bytes < page_bytes(level)))
		level--;
	return level;
}

/* The table that holds the leaves of a level for an address. */
static struct ept_table *leaf_table(struct ept_pool *pool, u64 guest, u32 leaf_level)
{
	struct ept_table *table = &pool->tables[0];

	for (u32 level = 4; table && level > leaf_level; level--)
		table = next_table(pool, &table->entry[index_at(guest, level)]);
	return table;
}

/* As many pages of one size as the range has and one table holds; the bytes they cover. */
static u64 fill(struct ept_table *table, u64 guest, u64 leaf, u64 bytes, u32 level)
{
	u64 page = page_bytes(level), done = 0;

	for (u32 i = index_at(guest, level); i < 512 && bytes - done >= page; i++, done += page)
		table->entry[i] = leaf + done;
	return done;
}

u32 ept_table_count(u64 bytes, u32 largest_level)
{
	u64 count = 1;

	for (u32 level = largest_level > 1 ? 2 : 1; level < 4; level++)
		count += bytes / page_bytes(level + 1) + 2;
	return (u32)count;
}

bool ept_map(struct ept_pool *pool, gpa_t guest, hpa_t host, u64 bytes)
{
	if (!pool->used && !take(pool))
		return false;
	for (u64 done = 0; done < bytes;) {
		u64 from = guest.value + done, to = host.value + done;
		u32 level = largest_level(pool, from, to, bytes - done);
		struct ept_table *table = leaf_table(pool, from, level);

		if (!table)
			return false;
		u64 leaf = to | EPT_RWX | EPT_MEMORY_TYPE(MEMORY_TYPE_WB) | (level > 1 ? EPT_LARGE : 0);
		done += fill(table, from, leaf, bytes - done, level);
	}
	return true;
}

u64 ept_lookup(const struct ept_pool *pool, gpa_t guest, u32 *level)
{
	const struct ept_table *table = &pool->tables[0];

	if (guest.value >> 48)
		return 0;
	for (*level = 4; *level > 0; (*level)--) {
		u64 entry = table->entry[index_at(guest.value, *level)];

		if (!entry || *level == 1 || (entry & EPT_LARGE))
			return entry;
		table = table_of(pool, entry);
	}
	return 0;
}
