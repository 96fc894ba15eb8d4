/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID of the partition: a table computed once from cpuid.def and the CPU, looked up at each exit. Building and look-up are pure:
 * the CPU's own answers come through a function.
 */
#ifndef KERNEL_CPUID_POLICY_H
#define KERNEL_CPUID_POLICY_H

#include "bsp/cpu.h"

#define CPUID_ANY_SUBLEAF 0xFFFFFFFFu
#define CPUID_ENTRIES 40
#define CPUID_HYPERVISOR_LEAF 0x40000000u
#define CPUID_HYPERVISOR_SIGNATURE "NestboxNestb"
#define CPUID_KVM_LEAF 0x40000100u
/* basic, ours, extended, KVM's */
#define CPUID_RANGES 4

struct cpuid_entry {
	u32 leaf, subleaf;
	bool depends_on_moment;
	struct cpuid_result value;
};

struct cpuid_table {
	struct cpuid_entry entry[CPUID_ENTRIES];
	u32 count;
	u32 cpu_count;
	u8 first[CPUID_RANGES][32]; /* entry number + 1 of the first entry of leaf base + n of each range */
	/* the answers to leaves that depend on nothing, by cpuid_slot(): what guests ask in bulk */
	const struct cpuid_entry *plain[4 * 32];
};

struct cpuid_config {
	u32 cpu_count;
	bool nested;            /* VMX is visible */
	bool has_rdtscp, has_invpcid, has_xsaves;
	bool has_arch_capabilities; /* the register, answered by Nestbox */
	u64 tsc_hz;
	u8 build_identity[16];
};

typedef struct cpuid_result cpuid_source(u32 leaf, u32 subleaf);

void cpuid_build(struct cpuid_table *table, const struct cpuid_config *config, cpuid_source *hardware);
/* What depends on the vCPU and its moment. */
struct cpuid_moment {
	u32 apic_id;
	bool osxsave;
	u32 xsave_bytes; /* size of the area for the XCR0 in force; 0: leave as the table has it */
};
struct cpuid_result cpuid_lookup(const struct cpuid_table *table, u32 leaf, u32 subleaf, const struct cpuid_moment *moment);

struct cpuid_place { u32 range, index; };

/* Basic, hypervisor, extended by the top bits; KVM's leaves stand 0x100 above ours. range CPUID_RANGES: outside all. */
static inline struct cpuid_place cpuid_place(u32 leaf)
{
	struct cpuid_place p = { leaf >> 30, leaf & 0x3FFFFFFF };

	if (p.index < 32)
		return p.range < 3 ? p : (struct cpuid_place){ CPUID_RANGES, 0 };
	return (struct cpuid_place){ leaf - CPUID_KVM_LEAF < 32 ? 3 : CPUID_RANGES, leaf - CPUID_KVM_LEAF };
}

static inline u32 cpuid_slot(u32 leaf)
{
	return (leaf >> 30) * 32 + leaf % 32;
}

/* The table's entry, NULL: none. */
static inline const struct cpuid_entry *cpuid_find(const struct cpuid_table *table, u32 leaf, u32 subleaf)
{
	struct cpuid_place at = cpuid_place(leaf);
	u32 next = at.range < CPUID_RANGES ? table->first[at.range][at.index] : 0;

	for (; next && next <= table->count; next++) {
		const struct cpuid_entry *e = &table->entry[next - 1];

		if (e->leaf != leaf)
			return NULL;
		if (e->subleaf == CPUID_ANY_SUBLEAF || e->subleaf == subleaf)
			return e;
	}
	return NULL;
}

#endif
