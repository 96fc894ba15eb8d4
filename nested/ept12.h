/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the extended page tables L1 has made, and sets their accessed and dirty flags. Pure over functions that read and write L1's memory;
 * every entry is read once, the depth is a constant.
 * Source: Intel SDM volume 3 "The Extended Page Table Mechanism (EPT)", "EPT-Induced VM Exits", "Accessed and Dirty Flags for EPT".
 */
#ifndef NESTED_EPT12_H
#define NESTED_EPT12_H

#include "kernel/vmx/ept.h"

enum ept12_outcome { EPT12_MAPPED, EPT12_VIOLATION, EPT12_MISCONFIGURED };

#define EPT12_LEVELS 4u
#define EPT12_RIGHTS (EPT_RWX | EPT_EXECUTE_USER)

struct ept12_walk {
	enum ept12_outcome outcome;
	u32 level;       /* of the leaf: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB; of the entry that ended the walk otherwise */
	u64 rights;      /* EPT12_RIGHTS that every entry of the path has */
	u64 entry[EPT12_LEVELS + 1]; /* as read, by level, EPT12_LEVELS down to .level */
};

/* MAPPED: guest-physical (L1) base of the page; memory type and ignore-PAT bits of the leaf, in place. */
static inline u64 ept12_page(const struct ept12_walk *walk) { return walk->entry[walk->level] & EPT_ADDRESS; }
static inline u64 ept12_leaf_type(const struct ept12_walk *walk) { return walk->entry[walk->level] & (EPT_MEMORY_TYPE(7) | EPT_IGNORE_PAT); }

struct ept12_question { u64 eptp; l2pa_t address; };

struct ept12_features { u32 physical_bits; bool has_execute_only, has_2m, has_1g, is_mode_based; };

/* What makes an entry a misconfiguration, by level: made once for either meaning of bit 10. SDM "EPT Misconfigurations" */
struct ept12_rules {
	u64 present;                         /* an entry with none of these bits maps nothing */
	u64 plain_mask, plain;               /* (entry & plain_mask) == plain: a table with all rights, no other bit of weight */
	u64 table_reserved;
	u64 leaf_reserved[EPT12_LEVELS + 1]; /* EPT_LARGE among them where no leaf may be */
	u32 bad_rights;                      /* bit n makes no sense: n is read, write, execute, and execute for user mode */
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

static inline u32 ept12_rights_number(u64 entry)
{
	return (u32)((entry & EPT_RWX) | (entry >> 7 & 8));
}

static inline bool ept12_is_misconfigured(const struct ept12_rules *rules, u32 level, u64 entry, bool is_leaf)
{
	u64 reserved = is_leaf ? rules->leaf_reserved[level] : rules->table_reserved;

	return rules->bad_rights >> ept12_rights_number(entry) & 1 || entry & reserved || (is_leaf && !ept12_type_is_valid(entry));
}

static inline __attribute__((always_inline)) void ept12_walk(struct ept12_walk *walk, const struct ept12_rules *rules, ept12_reader *read,
							      void *context, struct ept12_question question)
{
	u32 level = EPT12_LEVELS;

	walk->outcome = EPT12_VIOLATION;
	if (question.address.value >> 48) {
		walk->level = level;
		walk->rights = walk->entry[level] = 0;
		return;
	}
	u64 rights = EPT12_RIGHTS;
	u64 entry = read(context, level, ept12_entry_at(question.eptp & EPT_ADDRESS, level, question.address));
	/* tables with all rights: what nearly all are */
	while (level > 1 && (entry & rules->plain_mask) == rules->plain) {
		walk->entry[level--] = entry;
		entry = read(context, level, ept12_entry_at(entry & EPT_ADDRESS, level, question.address));
	}
	for (;;) {
		bool is_leaf = level == 1 || entry & EPT_LARGE;

		walk->entry[level] = entry;
		walk->level = level;
		walk->rights = rights &= entry;
		if (!(entry & rules->present))
			return;
		if (ept12_is_misconfigured(rules, level, entry, is_leaf)) {
			walk->outcome = EPT12_MISCONFIGURED;
			return;
		}
		if (is_leaf)
			break;
		level--;
		entry = read(context, level, ept12_entry_at(entry & EPT_ADDRESS, level, question.address));
	}
	walk->outcome = EPT12_MAPPED;
}

/* MAPPED. Has the access nothing left to flag? A dirty flag is the leaf's alone. */
bool must_check ept12_is_flagged(const struct ept12_walk *walk, bool is_write);
/* Writes an entry of L1's if it is still the old one. */
typedef bool ept12_exchanger(void *context, u32 level, gpa_t at, u64 old, u64 entry);
/* Flags every entry of the path as the access does. False: L1 has changed an entry since it was read; the access starts anew. */
bool must_check ept12_flag(struct ept12_walk *walk, struct ept12_question question, bool is_write, ept12_exchanger *exchange, void *context);

#endif
