/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's own extended page tables (EPT01): fixed at boot, largest pages the CPU may have, write-back RAM and nothing else. Pure builder and walker
 * over a pool, so that the host tests them. Source: Intel SDM volume 3 "The Extended Page Table Mechanism (EPT)".
 */
#ifndef KERNEL_VMX_EPT_H
#define KERNEL_VMX_EPT_H

#include "bsp/types.h"

#define EPT_READ     BIT(0)
#define EPT_WRITE    BIT(1)
#define EPT_EXECUTE  BIT(2)
#define EPT_RWX      (EPT_READ | EPT_WRITE | EPT_EXECUTE)
#define EPT_MEMORY_TYPE(t) ((u64)(t) << 3)
#define EPT_IGNORE_PAT BIT(6)
#define EPT_LARGE    BIT(7)
#define EPT_ACCESSED BIT(8)
#define EPT_DIRTY    BIT(9)
#define EPT_EXECUTE_USER BIT(10) /* with mode-based execute control; EPT_EXECUTE is then supervisor mode's */
#define EPT_SUPPRESS_VE BIT(63)
#define EPT_ADDRESS  0x000FFFFFFFFFF000ull
#define MEMORY_TYPE_UC 0
#define MEMORY_TYPE_WB 6

/* EPTP: write-back structures, walk length 4. */
#define EPTP_WB_4_LEVELS (6ull | 3ull << 3)
#define EPTP_ACCESSED_DIRTY BIT(6)

struct ept_table { u64 entry[512]; };

/* Table i of the pool is at physical address physical + i * 4096. Table 0 is the root. What the tables held before does not matter. */
struct ept_pool {
	struct ept_table *tables;
	u64 physical;
	u32 count, used;
	u32 largest_level; /* of a leaf: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB */
};

/* Enough tables for RAM of that many bytes in two pieces, wherever they begin. */
u32 ept_table_count(u64 bytes, u32 largest_level);

/* Maps [guest, guest + bytes) to host, both 4 KiB-aligned, read, write and execute, write-back. False: the pool is too small. */
bool must_check ept_map(struct ept_pool *pool, gpa_t guest, hpa_t host, u64 bytes);
/* Leaf that maps a guest-physical address; *level 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB. 0: not mapped. */
u64 ept_lookup(const struct ept_pool *pool, gpa_t guest, u32 *level);

#endif
