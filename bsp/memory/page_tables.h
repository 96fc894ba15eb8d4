/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four-level page tables as plain data: a pool of pages, a builder that picks the largest page, a
 * lookup and an audit. Nothing here touches a CPU, so that it runs on the host under test. A pool
 * only grows; tables are never freed. Source: Intel SDM volume 3 "4-Level Paging and 5-Level
 * Paging".
 */
#ifndef BSP_MEMORY_PAGE_TABLES_H
#define BSP_MEMORY_PAGE_TABLES_H

#include "bsp/types.h"

#define PTE_PRESENT   BIT(0)
#define PTE_WRITE     BIT(1)
#define PTE_USER      BIT(2)
#define PTE_PWT       BIT(3)
#define PTE_PCD       BIT(4)
#define PTE_ACCESSED  BIT(5)
#define PTE_DIRTY     BIT(6)
#define PTE_LARGE     BIT(7)
#define PTE_GLOBAL    BIT(8)
#define PTE_NX        BIT(63)
#define PTE_ADDRESS   0x000FFFFFFFFFF000ull

/* Readable always; what is not named is refused to the page's users. */
enum paging_flags {
	PAGING_WRITE = 1 << 0,
	PAGING_EXECUTE = 1 << 1,    /* not together with PAGING_WRITE */
	PAGING_USER = 1 << 2,
	PAGING_UNCACHED = 1 << 3,
	PAGING_GLOBAL = 1 << 4,
	PAGING_SMALL = 1 << 5,      /* 4 KiB pages even where larger ones fit */
};

struct table_page { u64 entry[512]; };

struct table_pool {
	struct table_page *pages;
	u64 physical;               /* of pages[0] */
	u32 count, used;
	u32 largest_level;          /* of a leaf: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB */
};

struct mapping { u64 linear; hpa_t physical; u64 bytes; u32 flags; };

/* An empty PML4; false when the pool is used up. */
bool must_check tables_create(struct table_pool *pool, hpa_t *root);

/*
 * Maps a page-aligned range with the largest pages its alignment allows. False: unaligned, wraps,
 * not canonical, writable and executable, something is mapped there already, or the pool is used
 * up. What was mapped until then stays.
 */
bool must_check tables_map(struct table_pool *pool, hpa_t root, const struct mapping *m);

/* The 4 KiB leaf entry for an address, its tables made as needed; NULL: pool used up or a large
 * page is in the way. */
u64 *tables_leaf(struct table_pool *pool, hpa_t root, u64 linear);

/* False: not mapped. flags: PAGING_WRITE, _EXECUTE, _USER, _UNCACHED and _GLOBAL as all levels
 * together give them. */
struct translation { hpa_t physical; u64 page_bytes; u32 flags; };
bool tables_lookup(const struct table_pool *pool, hpa_t root, u64 linear, struct translation *out);

/*
 * Walks everything under a root. False at the first page that is writable and executable, or open
 * to ring 3 in the upper half, or at a table outside the pool; linear and entry say where.
 */
struct audit_finding { u64 linear, entry; u64 pages; };
bool must_check tables_audit(const struct table_pool *pool, hpa_t root,
			     struct audit_finding *finding);

#endif
