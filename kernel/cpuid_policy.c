/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and searches the partition's CPUID table; see cpuid_policy.h. Pure. */
#include "kernel/cpuid_policy.h"

#define ANY CPUID_ANY_SUBLEAF

static const struct { u32 leaf, subleaf; struct cpuid_result mask; } rows[] = {
#define ROW(leaf, subleaf, a, b, c, d) { leaf, subleaf, { a, b, c, d } },
#include "kernel/cpuid.def"
#undef ROW
};
_Static_assert(ARRAY_SIZE(rows) <= CPUID_ENTRIES, "CPUID_ENTRIES is too small");

#define MAX_BASIC_LEAF 0x15u
#define FEATURE_XSAVES (1u << 3)
#define FEATURE_ARCH_CAPABILITIES (1u << 29)
#define FEATURE_VMX BIT(5)
#define FEATURE_OSXSAVE BIT(27)
#define FEATURE_HYPERVISOR BIT(31)
#define FEATURE_HTT BIT(28)

static u32 log2_ceil(u32 n)
{
	return n > 1 ? 32 - (u32)__builtin_clz(n - 1) : 0;
}

static void compute_features(struct cpuid_result *r, const struct cpuid_config *config)
{
	r->ebx |= config->cpu_count << 16;
	r->ecx |= FEATURE_HYPERVISOR | (config->nested ? FEATURE_VMX : 0);
	r->edx = config->cpu_count > 1 ? r->edx | FEATURE_HTT : r->edx & ~(u32)FEATURE_HTT;
}

/* One package of cpu_count cores with one thread each; the caches above level 2 are shared by all. */
static void compute_cache(struct cpuid_result *r, const struct cpuid_config *config)
{
	u32 cores = (1u << log2_ceil(config->cpu_count)) - 1;
	u32 level = r->eax >> 5 & 7;

	if (!(r->eax & 0x1F))
		return;
	r->eax = (r->eax & 0x3FFF) | cores << 26 | (level > 2 ? cores << 14 : 0);
}

static void compute_topology(struct cpuid_entry *e, const struct cpuid_config *config)
{
	bool core_level = e->subleaf == 1;

	e->value.eax = core_level ? log2_ceil(config->cpu_count) : 0;
	e->value.ebx = core_level ? config->cpu_count : 1;
	e->value.ecx = e->subleaf | (core_level ? 2u : 1u) << 8;
}

/* Crystal = TSC: ratio 1/1, so that a guest takes both TSC and LAPIC timer frequency from here and calibrates nothing. */
static void compute_tsc(struct cpuid_result *r, const struct cpuid_config *config)
{
	*r = (struct cpuid_result){ 1, 1, (u32)config->tsc_hz, 0 };
}

static u32 word(const u8 *bytes)
{
	return (u32)bytes[0] | (u32)bytes[1] << 8 | (u32)bytes[2] << 16 | (u32)bytes[3] << 24;
}

static void compute_hypervisor(struct cpuid_entry *e, const struct cpuid_config *config)
{
	static const u8 signature[] = CPUID_HYPERVISOR_SIGNATURE;
	static const u8 kvm_signature[12] = "KVMKVMKVM";
	const u8 *id = config->build_identity;

	switch (e->leaf) {
	case CPUID_KVM_LEAF: /* makes Linux use x2APIC without interrupt remapping; no KVM feature is offered */
		e->value = (struct cpuid_result){ CPUID_KVM_LEAF + 1, word(kvm_signature), word(kvm_signature + 4),
						  word(kvm_signature + 8) };
		break;
	case CPUID_KVM_LEAF + 1:
		break;
	case CPUID_HYPERVISOR_LEAF:
		e->value = (struct cpuid_result){ CPUID_HYPERVISOR_LEAF + 2, word(signature), word(signature + 4),
						  word(signature + 8) };
		break;
	case CPUID_HYPERVISOR_LEAF + 1: /* build identity: parent and child compare it */
		e->value = (struct cpuid_result){ word(id), word(id + 4), word(id + 8), word(id + 12) };
		break;
	default:
		e->value = (struct cpuid_result){ config->nested, 0, 0, 0 };
	}
}

static void compute(struct cpuid_entry *e, const struct cpuid_config *config)
{
	switch (e->leaf) {
	case 0: e->value.eax = MAX_BASIC_LEAF; break;
	case 1: compute_features(&e->value, config); break;
	case 4: compute_cache(&e->value, config); break;
	case 7:
		e->value.edx |= config->has_arch_capabilities ? FEATURE_ARCH_CAPABILITIES : 0;
		if (!config->has_invpcid)
			e->value.ebx &= ~(1u << 10);
		if (!config->has_rdtscp)
			e->value.ecx &= ~(1u << 22);
		break;
	case 0xB: compute_topology(e, config); break;
	case 0xD:
		if (e->subleaf == 1 && !config->has_xsaves)
			e->value.eax &= ~FEATURE_XSAVES;
		break;
	case 0x40000000 ... 0x400001FF: compute_hypervisor(e, config); break;
	case 0x15: compute_tsc(&e->value, config); break;
	case 0x80000000: e->value.eax = 0x80000008; break;
	case 0x80000001:
		if (!config->has_rdtscp)
			e->value.edx &= ~(1u << 27);
		break;
	}
}

static void build_entry(struct cpuid_table *table, u32 row, const struct cpuid_config *config, cpuid_source *hardware)
{
	u32 leaf = rows[row].leaf, subleaf = rows[row].subleaf;
	struct cpuid_entry *e = &table->entry[table->count++];
	struct cpuid_result mask = rows[row].mask;
	struct cpuid_result r = { 0, 0, 0, 0 };

	if (leaf <= hardware(leaf & 0x80000000u, 0).eax)
		r = hardware(leaf, subleaf == ANY ? 0 : subleaf);
	*e = (struct cpuid_entry){ leaf, subleaf, leaf == 1 || leaf == 0xB || leaf == 0xD,
				   { r.eax & mask.eax, r.ebx & mask.ebx, r.ecx & mask.ecx, r.edx & mask.edx } };
	compute(e, config);
	struct cpuid_place at = cpuid_place(leaf);
	u8 *first = &table->first[at.range][at.index];
	if (!*first)
		*first = (u8)table->count;
	if (e->subleaf == CPUID_ANY_SUBLEAF && !e->depends_on_moment)
		table->plain[cpuid_slot(leaf)] = e;
}

void cpuid_build(struct cpuid_table *table, const struct cpuid_config *config, cpuid_source *hardware)
{
	static const struct cpuid_entry none = { .leaf = ~0u };

	*table = (struct cpuid_table){ .cpu_count = config->cpu_count };
	for (u32 i = 0; i < ARRAY_SIZE(table->plain); i++)
		table->plain[i] = &none;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		build_entry(table, i, config, hardware);
}

static struct cpuid_result now(const struct cpuid_entry *e, const struct cpuid_moment *moment)
{
	struct cpuid_result r = e->value;

	switch (e->leaf) {
	case 1:
		r.ebx |= moment->apic_id << 24;
		r.ecx |= moment->osxsave ? (u32)FEATURE_OSXSAVE : 0;
		break;
	case 0xB:
		r.edx = moment->apic_id;
		break;
	case 0xD:
		if (moment->xsave_bytes)
			r.ebx = moment->xsave_bytes;
		break;
	}
	return r;
}

struct cpuid_result cpuid_lookup(const struct cpuid_table *table, u32 leaf, u32 subleaf, const struct cpuid_moment *moment)
{
	const struct cpuid_entry *e = cpuid_find(table, leaf, subleaf);

	if (e)
		return now(e, moment);
	if (leaf == 0xB) /* subleaves beyond the last level: the level number and the id only */
		return (struct cpuid_result){ 0, 0, subleaf & 0xFF, moment->apic_id };
	return (struct cpuid_result){ 0, 0, 0, 0 };
}
