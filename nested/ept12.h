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

struct ept12_question { u64 eptp; l2pa_t address; };

#define EPT12_LEVELS 4u

struct ept12_features { u32 physical_bits; bool has_execute_only, has_2m, has_1g; };

/* What makes an entry a misconfiguration, by level: made once. SDM "EPT Misconfigurations" */
struct ept12_rules {
	u64 table_reserved;
	u64 plain_mask;                      /* an entry that is EPT_RWX under it is a table with all rights and nothing wrong */
	u64 leaf_reserved[EPT12_LEVELS + 1]; /* EPT_LARGE among them where no leaf may be */
	u32 bad_rights;                      /* bit n: read, write, execute = n makes no sense */
};
void ept12_make_rules(struct ept12_rules *rules, const struct ept12_features *features);

static inline u64 ept_page_bytes(u32 level) { return 1ull << (12 + 9 * (level - 1)); }

/* Types 2, 3 and 7 do not exist. */
static inline bool ept12_type_is_valid(u64 entry) { return 0x73u >> (entry >> 3 & 7) & 1; }

/* The entry of a table of L1's; all ones where nothing answers. */
typedef u64 ept12_reader(void *context, u32 level, gpa_t at);

static inline gpa_t ept12_entry_at(u64 table, u32 level, l2pa_t address)
{
	return GPA(table + 8 * (address.value >> (12 + 9 * (level - 1)) & 511));
}

static inline bool ept12_is_misconfigured(const struct ept12_rules *rules, u32 level, u64 entry, bool is_leaf)
{
	u64 reserved = is_leaf ? rules->leaf_reserved[level] : rules->table_reserved;

	return rules->bad_rights >> (entry & EPT_RWX) & 1 || entry & reserved || (is_leaf && !ept12_type_is_valid(entry));
}

static inline __attribute__((always_inline)) struct ept12_walk ept12_walk(const struct ept12_rules *rules, ept12_reader *read, void *context,
									   struct ept12_question question)
{
	struct ept12_walk walk = { .outcome = EPT12_VIOLATION, .level = EPT12_LEVELS, .rights = EPT_RWX };

	if (question.address.value >> 48)
		return (struct ept12_walk){ .outcome = EPT12_VIOLATION, .level = EPT12_LEVELS };
	u64 entry = read(context, EPT12_LEVELS, ept12_entry_at(question.eptp & EPT_ADDRESS, EPT12_LEVELS, question.address));
	/* tables with all rights: what nearly all are */
	while (walk.level > 1 && (entry & rules->plain_mask) == EPT_RWX) {
		walk.level--;
		entry = read(context, walk.level, ept12_entry_at(entry & EPT_ADDRESS, walk.level, question.address));
	}
	for (;;) {
		bool is_leaf = walk.level == 1 || entry & EPT_LARGE;

		walk.rights &= entry;
		if (!(entry & EPT_RWX))
			return walk;
		if (ept12_is_misconfigured(rules, walk.level, entry, is_leaf)) {
			walk.outcome = EPT12_MISCONFIGURED;
			return walk;
		}
		if (is_leaf)
			break;
		walk.level--;
		entry = read(context, walk.level, ept12_entry_at(entry & EPT_ADDRESS, walk.level, question.address));
	}
	walk.outcome = EPT12_MAPPED;
	walk.page = entry & EPT_ADDRESS;
	walk.leaf_type = entry & (EPT_MEMORY_TYPE(7) | BIT(6));
	return walk;
}

#endif
