/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What vmcs02 has that is not L1's as it is: controls, CR masks and shadows, MSR-like guest state, EPT pointer, MSR bitmap. Owns nothing.
 * Source: Intel SDM volume 3 "VM-Execution Control Fields", "Loading Guest State".
 */
#include "bsp/msr.h"
#include "kernel/exits.h"
#include "kernel/guest_memory.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/ept_mode.h"
#include "nested/timer.h"
#include "nested/tsc.h"
#include "nested/virtual_apic.h"
#include "nested/vmcs02.h"

#define EXCEPTIONS_OURS (BIT(EXC_MC) | BIT(EXC_AC) | BIT(EXC_DB))
#define CR4_OURS (~CR4_GUEST_OWNED)

const char *vmcs02_resolve(struct nested *n)
{
	hpa_t bitmap;
	bool has_bitmap = guest_to_host(GPA(n->value[FIELD_MSR_BITMAP]), PAGE_SIZE, &bitmap);

	n->msr_bitmap12 = has_bitmap && nested_uses(n, GROUP_PRIMARY, PRIMARY_USE_MSR_BITMAPS) ? window_map(WINDOW_MSR_BITMAP, bitmap) : NULL;
	return virtual_apic_resolve(n);
}

static void put_copied(struct nested *n)
{
	for (u32 i = 0; i < nested_machine.copied_count; i++)
		vmcs02_put(n, nested_machine.copied[i], n->value[nested_machine.copied[i]]);
}

void vmcs02_merge_controls(struct vcpu *v)
{
	struct nested *n = v->nested;
	struct controls c = controls_merge(&n->controls, &nested_machine.ours);

	n->merged = c;
	ept_mode_prepare(n);
	vmcs02_put(n, FIELD_PIN_CONTROLS, c.word[GROUP_PIN]);
	vmcs02_put(n, FIELD_PRIMARY_CONTROLS, c.word[GROUP_PRIMARY]);
	vmcs02_put(n, FIELD_SECONDARY_CONTROLS, c.word[GROUP_SECONDARY]);
	vmcs02_put(n, FIELD_EXIT_CONTROLS, c.word[GROUP_EXIT]);
	vmwrite(VMCS_ENTRY_CONTROLS, c.word[GROUP_ENTRY]); /* an exit writes IA-32e mode into it */
	vmcs02_put(n, FIELD_EXCEPTION_BITMAP, n->value[FIELD_EXCEPTION_BITMAP] | EXCEPTIONS_OURS);
	vmcs02_put(n, FIELD_CR0_MASK, n->value[FIELD_CR0_MASK] | CR0_GUEST_HOST_MASK);
	vmcs02_put(n, FIELD_CR4_MASK, n->value[FIELD_CR4_MASK] | CR4_OURS);
	put_copied(n);
	tsc_merge(v);
	if (!n->msr_bitmap12 && nested_uses(n, GROUP_PRIMARY, PRIMARY_USE_MSR_BITMAPS))
		__builtin_memset(n->msr_bitmap02, 0xFF, PAGE_SIZE);
	virtual_apic_merge(n);
}

/* A bit of ours that L1 does not own reads as the register has it. */
static u64 merged_shadow(u64 mask12, u64 shadow12, u64 cr)
{
	return (shadow12 & mask12) | (cr & ~mask12);
}

/* No VM entry changes CD and NW. SDM "Loading Guest Control Registers, Debug Registers, and MSRs" */
void vmcs02_merge_shadows(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 cr0 = (n->value[FIELD_GUEST_CR0] & ~(CR0_CD | CR0_NW)) | v->cache_bits;

	n->cache_bits = v->cache_bits;
	vmwrite(VMCS_CR0_READ_SHADOW, merged_shadow(n->value[FIELD_CR0_MASK], n->value[FIELD_CR0_READ_SHADOW], cr0));
	vmwrite(VMCS_CR4_READ_SHADOW, merged_shadow(n->value[FIELD_CR4_MASK], n->value[FIELD_CR4_READ_SHADOW], n->value[FIELD_GUEST_CR4]));
}

static u64 without_load_efer(const struct nested *n, u64 efer01)
{
	u64 changed = n->value[FIELD_GUEST_CR0] & CR0_PG ? EFER_LMA | EFER_LME : EFER_LMA;

	return nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_IA32E_MODE_GUEST) ? efer01 | changed : efer01 & ~changed;
}

void vmcs02_merge_state(struct vcpu *v)
{
	struct nested *n = v->nested;
	const struct l1_state *l1 = &n->l1;
	bool loads_efer = nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_LOAD_EFER);
	bool loads_pat = nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_LOAD_PAT);
	bool loads_debug = nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_LOAD_DEBUG);

	vmwrite(VMCS_GUEST_IA32_EFER, loads_efer ? n->value[FIELD_GUEST_IA32_EFER] : without_load_efer(n, l1->efer));
	vmwrite(VMCS_GUEST_IA32_PAT, loads_pat ? n->value[FIELD_GUEST_IA32_PAT] : l1->pat);
	vmwrite(VMCS_GUEST_DR7, loads_debug ? n->value[FIELD_GUEST_DR7] : l1->dr7);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, loads_debug ? n->value[FIELD_GUEST_IA32_DEBUGCTL] : l1->debugctl);
	if (v->tsc_offset != n->tsc.base)
		tsc_merge(v);
	if (nested_uses(n, GROUP_PIN, PIN_PREEMPTION_TIMER))
		timer_start(n);
}

/* L1 changes its bitmap without telling: the words that matter are read at each entry. */
static void merge_msr_bitmap(struct nested *n)
{
	if (n->msr_bitmap12)
		bitmap_merge(n->msr_bitmap02, &n->msr_open, n->msr_bitmap12);
}

void vmcs02_flush_ept(struct nested *n)
{
	if (n->ept02.tlb_is_stale)
		invept_all();
	n->ept02.tlb_is_stale = false;
}

void vmcs02_merge_memory(struct vcpu *v)
{
	struct nested *n = v->nested;
	bool uses_vpid = nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_VPID);
	struct flush_decision flush = flush_at_entry(&n->flush, uses_vpid, (u16)n->value[FIELD_VPID]);

	merge_msr_bitmap(n);
	ept_mode_load(n);
	vmcs02_flush_ept(n);
	if (flush.vpid01)
		invvpid_by(INVVPID_SINGLE, &n->vpid01);
	if (flush.vpid02)
		invvpid_by(INVVPID_SINGLE, &n->vpid02);
}
