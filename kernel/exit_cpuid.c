/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID exits: a look-up in the partition's table. The guest's XCR0 is in the CPU, so the size leaf is asked of hardware. */
#include "kernel/cpuid_policy.h"
#include "kernel/exits.h"
#include "kernel/vmx/vmx_insn.h"

struct cpuid_table cpuid_table;

enum exit_action exit_cpuid(struct vcpu *v)
{
	u32 leaf = (u32)v->gpr[RAX], subleaf = (u32)v->gpr[RCX];
	struct cpuid_moment moment = { .apic_id = (u32)v->index };

	if (leaf == 1)
		moment.osxsave = vmread(VMCS_GUEST_CR4) & CR4_OSXSAVE;
	if (leaf == 0xD && subleaf < 2)
		moment.xsave_bytes = cpuid(leaf, subleaf).ebx;
	struct cpuid_result r = cpuid_lookup(&cpuid_table, leaf, subleaf, &moment);
	v->gpr[RAX] = r.eax;
	v->gpr[RBX] = r.ebx;
	v->gpr[RCX] = r.ecx;
	v->gpr[RDX] = r.edx;
	return EXIT_ACTION_SKIP;
}
