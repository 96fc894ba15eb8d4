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

/* The table one level down, taken from the pool when the entry is still empty; NULL when the pool is used up. */
static struct ept_table *next_table(struct ept_pool *pool, u64 *entry)
{
	if (!*entry) {
		if (pool->used >= pool->count)
			return NULL;
		*entry = (pool->physical + pool->used++ * PAGE_SIZE) | EPT_RWX;
	}
	return table_of(pool, *entry);
}

static u32 largest_level(const struct ept_pool *pool, u64 guest, u64 host, u64 bytes)
{
	u32 level = pool->has_1g ? 3 : 2;

	while (level > 1 && (((guest | host) & (page_bytes(level) - 1)) || bytes < page_bytes(level)))
		level--;
	return level;
}

static bool map_page(struct ept_pool *pool, u64 guest, u64 host, u32 leaf_level)
{
	struct ept_table *table = &pool->tables[0];

	for (u32 level = 4; level > leaf_level; level--) {
		table = next_table(pool, &table->entry[index_at(guest, level)]);
		if (!table)
			return false;
	}
	table->entry[index_at(guest, leaf_level)] =
		host | EPT_RWX | EPT_MEMORY_TYPE(MEMORY_TYPE_WB) | (leaf_level > 1 ? EPT_LARGE : 0);
	return true;
}

bool ept_map(struct ept_pool *pool, gpa_t guest, hpa_t host, u64 bytes)
{
	if (!pool->used)
		pool->used = 1;
	for (u64 done = 0; done < bytes;) {
		u32 level = largest_level(pool, guest.value + done, host.value + done, bytes - done);

		if (!map_page(pool, guest.value + done, host.value + done, level))
			return false;
		done += page_bytes(level);
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
