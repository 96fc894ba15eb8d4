/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EPT02: the tables L2 runs on, composed page by page from EPT12 and EPT01 when L2 touches them. All tables of a vCPU come from its fixed pool;
 * each belongs to exactly one root, roots share nothing; invalidating gives a root's tables back at once. Pure: the pool is a value.
 * Source: Intel SDM volume 3 "The Extended Page Table Mechanism (EPT)".
 */
#ifndef NESTED_EPT02_H
#define NESTED_EPT02_H

#include "nested/ept12.h"

#define EPT02_ROOTS 4u
#define EPT02_NONE 0xFFFFu

/*
 * What one root stands for: address and flagging of an EPTP of L1's, and whether bit 10 of its entries is a right. Memory type and length of the
 * walk make no difference to what is mapped.
 */
#define EPT02_KEY_MODE_BASED BIT(0)
#define EPT02_KEY_NO_EPT12   BIT(1) /* L1's memory onto itself */
static inline u64 ept02_key(u64 eptp12, bool is_mode_based)
{
	return (eptp12 & (EPT_ADDRESS | EPTP_ACCESSED_DIRTY)) | is_mode_based;
}

struct ept02_root {
	u64 key;                 /* meaningless while first == EPT02_NONE */
	u64 last_use;
	u16 first;               /* the root table; the chain over next[] holds every table of this root */
	u16 last;
};

struct ept02_pool {
	struct ept_table *tables;   /* count tables at physical, physical + 4096, ... */
	u16 *next;                  /* count links */
	u64 physical;
	u64 clock;
	u32 count;
	u16 free;                   /* chain of free tables */
	u32 free_count, least_free; /* now; the lowest it has been */
	bool tlb_is_stale;          /* tables were given back: INVEPT before the next entry */
	struct ept02_root roots[EPT02_ROOTS];
};

void ept02_init(struct ept02_pool *pool);
/* The root for a key, made if it is new (the least recently used one gives way). Never fails: count >= EPT02_ROOTS + 3. */
u32 ept02_root_for(struct ept02_pool *pool, u64 key);
/* Is it this root still? */
static inline bool ept02_root_is(const struct ept02_pool *pool, u32 root, u64 key)
{
	return pool->roots[root].first != EPT02_NONE && pool->roots[root].key == key;
}
/* With L1's flags on, the CPU counts walks of L2's page tables as writes; the flags it sets in our tables nobody reads. */
static inline u64 ept02_eptp(const struct ept02_pool *pool, u32 root)
{
	const struct ept02_root *r = &pool->roots[root];

	return (pool->physical + r->first * PAGE_SIZE) | EPTP_WB_4_LEVELS | (r->key & EPTP_ACCESSED_DIRTY);
}

/*
 * Maps the page that holds address, by the smaller of the two page sizes, with the rights of the walk that EPT01 gives as well. When the pool
 * is used up the other roots are dropped, then this one: it starts anew, so the call always succeeds. Returns level mapped.
 */
struct ept02_leaf {
	u64 host_leaf;           /* EPT01's for l1 */
	u32 host_level;
	u64 l1;                  /* where address leads to by EPT12, to the byte */
};
u32 ept02_map(struct ept02_pool *pool, u32 root, l2pa_t address, const struct ept12_walk *walk, const struct ept02_leaf *leaf);

/* INVEPT by L1: for one EPTP, whose address alone counts; for all. */
void ept02_invalidate(struct ept02_pool *pool, u64 eptp12);
void ept02_invalidate_all(struct ept02_pool *pool);

/* Do the tables of all roots and the free ones make up the pool, each once? For tests and debug builds. */
bool must_check ept02_audit(const struct ept02_pool *pool);

#endif
