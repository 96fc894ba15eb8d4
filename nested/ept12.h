/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the extended page tables L1 has made. Pure over a function that reads L1's memory; every entry is read once, the depth is a constant.
 * Source: Intel SDM volume 3 "The Extended Page Table Mechanism (EPT)", "EPT-Induced VM Exits".
 */
#ifndef NESTED_EPT12_H
#define NESTED_EPT12_H

#include "kernel/vmx/ept.h"

enum ept12_outcome { EPT12_MAPPED, EPT12_VIOLATION, EPT12_MISCONFIGURED };

struct ept12_walk {
	enum ept12_outcome outcome;
	u32 level;       /* of the leaf: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB; of the entry that ended the walk otherwise */
	u64 rights;      /* EPT_RWX bits that every entry of the path has */
	u64 page;        /* MAPPED: guest-physical (L1) base of the page of that level */
	u64 leaf_type;   /* MAPPED: memory type and ignore-PAT bits of the leaf, in place */
};

struct ept12_source {
	bool (*read)(void *context, gpa_t at, u64 *entry); /* false: not in L1's RAM */
	void *context;
	u32 physical_bits;
	bool has_execute_only, has_2m, has_1g;
};

void ept12_walk(const struct ept12_source *source, u64 eptp, l2pa_t address, struct ept12_walk *walk);

static inline u64 ept_page_bytes(u32 level) { return 1ull << (12 + 9 * (level - 1)); }

#endif
