/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID exits: a look-up in the partition's table. The guest's XCR0 is in the CPU, so the size leaf is asked of hardware. */
#include "kernel/cpuid_policy.h"
#include "kernel/exits.h"
#include "kernel/partition.h"
#include "kernel/vmx/vmx_insn.h"

static inline enum exit_action answer(struct vcpu *v, const struct cpuid_result *r)
{
	v->gpr[RAX] = r->eax;
	v->gpr[RBX] = r->ebx;
	v->gpr[RCX] = r->ecx;
	v->gpr[RDX] = r->edx;
	return EXIT_ACTION_SKIP;
}

static cold_path enum exit_action look_up(struct vcpu *v, u32 leaf, u32 subleaf)
{
	const struct cpuid_entry *e = cpuid_find(&v->partition->cpuid, leaf, subleaf);

	if (e && !e->depends_on_moment)
		return answer(v, &e->value);
	struct cpuid_moment moment = { .apic_id = (u32)v->index };

	if (leaf == 1)
		moment.osxsave = vmread(VMCS_GUEST_CR4) & CR4_OSXSAVE;
	if (leaf == 0xD && subleaf < 2)
		moment.xsave_bytes = cpuid(leaf, subleaf).ebx;
	struct cpuid_result r = cpuid_lookup(&v->partition->cpuid, leaf, subleaf, &moment);
	return answer(v, &r);
}

enum exit_action exit_cpuid(struct vcpu *v)
{
	u32 leaf = (u32)v->gpr[RAX];
	const struct cpuid_entry *e = v->partition->cpuid.plain[cpuid_slot(leaf)];

	if (e->leaf == leaf)
		return answer(v, &e->value);
	return look_up(v, leaf, (u32)v->gpr[RCX]);
}
