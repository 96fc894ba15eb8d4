/* SPDX-License-Identifier: Apache-2.0 */
/* See entry.h. Every check comes before the first change that L1 could see. */
#include "nested/entry.h"

#include "bsp/memory/paging.h"
#include "bsp/msr.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/checks.h"
#include "nested/msr_area.h"
#include "nested/pdpte.h"
#include "nested/reflect.h"
#include "nested/virtual_apic.h"
#include "nested/vmcs02.h"
#include "nested/vmcs12.h"
#include "nested/vmfail.h"

/* The VMCS a link pointer names must have our revision, be a shadow VMCS if L2 is to reach it, and not be the current one. */
static bool link_is_valid(const struct nested *n)
{
	u32 indicator = nested_uses(n, GROUP_SECONDARY, SECONDARY_VMCS_SHADOWING) ? VMCS12_SHADOW_INDICATOR : 0;
	u64 link = n->value[FIELD_LINK_POINTER];

	return link == ~0ull || (link != n->current && vmcs12_revision(link) == (VMCS12_REVISION | indicator));
}

static struct check_context context_of(const struct nested *n, bool l1_is_long_mode)
{
	return (struct check_context){
		.value = n->value, .controls = &n->controls, .offer = &nested_machine.offer, .l1_is_long_mode = l1_is_long_mode,
		.vtpr = virtual_apic_vtpr(n), .link_is_valid = link_is_valid(n),
	};
}

/* 0, or the VM-instruction error L1 gets. */
static u32 check_controls_and_host(struct vcpu *v, bool l1_is_long_mode)
{
	struct nested *n = v->nested;
	struct check_context context = context_of(n, l1_is_long_mode);
	int row = n->stale & STALE_CONTROLS ? checks_run(CHECK_CONTROL, &context) : checks_run_threshold(&context);
	const char *missing = row < 0 && n->stale & STALE_CONTROLS ? vmcs02_resolve(n) : NULL;

	if (row < 0)
		row = checks_run(CHECK_EVENT, &context);
	if (row >= 0 || missing) {
		nested_note_refusal(v, "control", missing ? missing : checks_name(row));
		return VMERR_ENTRY_CONTROLS;
	}
	row = n->stale & STALE_HOST ? checks_run(CHECK_HOST, &context) : -1;
	if (row >= 0) {
		nested_note_refusal(v, "host state", checks_name(row));
		return VMERR_ENTRY_HOST_STATE;
	}
	return 0;
}

static inline bool injects(const struct nested *n)
{
	return n->value[FIELD_ENTRY_INTERRUPTION_INFO] & INTERRUPTION_VALID;
}

/* 0, or the VM-instruction error L1 gets. */
static cold_path u32 load_controls(struct vcpu *v)
{
	struct nested *n = v->nested;
	u32 error = check_controls_and_host(v, n->l1.efer & EFER_LMA);

	if (error)
		return error;
	if (n->stale & (STALE_CONTROLS | STALE_HOST))
		reflect_prepare(n);
	if (n->stale & STALE_CONTROLS)
		vmcs02_merge_controls(v);
	return 0;
}

/* False: the entry has failed and L1 is the guest again. */
static cold_path bool check_guest(struct vcpu *v)
{
	struct nested *n = v->nested;
	struct check_context context = context_of(n, true);
	int row = checks_run(CHECK_GUEST, &context);

	if (row < 0) {
		if (!injects(n))
			virtual_apic_wake(v);
		return true;
	}
	nested_note_refusal(v, "guest state", checks_name(row));
	reflect_entry_failure(v, EXIT_ENTRY_GUEST_STATE, checks_qualification(row));
	n->stale |= STALE_GUEST;
	return false;
}

/* What the checks and merges in software look at of the fields L1 and L2 change without an exit. vmcs02 is current. */
static inline void fetch_live(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 cr0 = vmread(VMCS_GUEST_CR0), cr4 = vmread(VMCS_GUEST_CR4);
	u64 activity = vmread(VMCS_GUEST_ACTIVITY_STATE);

	if ((n->value[FIELD_GUEST_CR0] ^ cr0) | (n->value[FIELD_GUEST_CR4] ^ cr4) | activity | (n->cache_bits ^ v->cache_bits))
		n->stale |= STALE_GUEST;
	n->value[FIELD_GUEST_CR0] = cr0;
	n->value[FIELD_GUEST_CR4] = cr4;
	n->value[FIELD_GUEST_ACTIVITY_STATE] = activity;
	n->value[FIELD_GUEST_INTERRUPTIBILITY] = vmread(VMCS_GUEST_INTERRUPTIBILITY);
}

/* Without EPT of its own, an L2 with PAE paging has its PDPTEs loaded by the entry; on EPT01 hardware takes them from the VMCS. */
static cold_path bool load_pdptes(struct vcpu *v)
{
	struct nested *n = v->nested;
	u32 width = nested_machine.offer.physical_bits;
	u64 cr3 = vmread(VMCS_GUEST_CR3);
	bool is_long = nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_IA32E_MODE_GUEST);

	if (!pdpte_is_used(n->value[FIELD_GUEST_CR0], n->value[FIELD_GUEST_CR4], is_long))
		return true;
	if (cr3 >> width || pdpte_load(cr3, width)) /* hardware refuses a CR3 beyond the width */
		return true;
	nested_note_refusal(v, "guest state", "PDPTEs");
	reflect_entry_failure(v, EXIT_ENTRY_GUEST_STATE, 2);
	return false;
}

/* FS base has a field of its own: an area that names it cannot be loaded. */
static const struct msr_entry impossible __attribute__((aligned(16))) = { .index = IA32_FS_BASE };

/*
 * MSRs come after the checks of guest state, some of which are hardware's, and nothing would take them back. So hardware is asked first, by an
 * entry that ends at its own MSR area. SDM "Loading MSRs" (VM entries)
 */
static cold_path void ask_hardware_first(struct nested *n)
{
	vmwrite(VMCS_ENTRY_MSR_LOAD_ADDRESS, kernel_physical(&impossible));
	vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 1);
	n->msrs_due = true;
}

static cold_path void take_event(struct vcpu *v)
{
	struct nested *n = v->nested;
	u32 info = (u32)n->value[FIELD_ENTRY_INTERRUPTION_INFO];

	v->event = (struct event){
		.info = info, .error_code = (u32)n->value[FIELD_ENTRY_EXCEPTION_ERROR_CODE],
		.instruction_length = (u32)n->value[FIELD_ENTRY_INSTRUCTION_LENGTH],
	};
	/* vmcs02 always has virtual NMIs; without L1's, blocking at the injection of an NMI is legal and set anew by it. */
	if (INTERRUPTION_TYPE(info) == TYPE_NMI && !nested_uses(n, GROUP_PIN, PIN_VIRTUAL_NMIS))
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, vmread(VMCS_GUEST_INTERRUPTIBILITY) & ~(u64)BLOCKING_BY_NMI);
}

static inline void enter_l2(struct vcpu *v, bool is_launch)
{
	struct nested *n = v->nested;

	n->window01 = v->window_armed;
	n->nmi_window01 = v->nmi_window_armed;
	v->window_armed = v->nmi_window_armed = false;
	v->launched = n->launched02;
	n->tsc_offset01 = v->tsc_offset;
	v->in_l2 = true;
	n->entry_pending = (u8)(ENTRY_RESUME + is_launch * (ENTRY_LAUNCH - ENTRY_RESUME));
}

/* Guest state, MSRs, event: what is wrong with them is an exit to L1. */
static inline enum exit_action load_guest(struct vcpu *v)
{
	struct nested *n = v->nested;
	bool check = n->stale || injects(n) || n->value[FIELD_LINK_POINTER] != ~0ull;

	if (n->stale)
		vmcs02_merge_shadows(v);
	n->stale = n->always_stale;
	vmcs02_merge_state(v);
	if (check && !check_guest(v))
		return EXIT_ACTION_RESUME;
	if (!nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_EPT) && !load_pdptes(v))
		return EXIT_ACTION_RESUME;
	vmcs02_merge_memory(v);
	if (n->value[FIELD_ENTRY_MSR_LOAD_COUNT])
		ask_hardware_first(n);
	if (injects(n))
		take_event(v);
	return EXIT_ACTION_RESUME;
}

void entry_load_msrs(struct vcpu *v)
{
	struct nested *n = v->nested;
	/* fields of vmcs12 that an area reaches as MSRs: a failed entry does not change them */
	u64 cs = vmread(VMCS_GUEST_IA32_SYSENTER_CS), esp = vmread(VMCS_GUEST_IA32_SYSENTER_ESP), eip = vmread(VMCS_GUEST_IA32_SYSENTER_EIP);
	u32 failed;

	reflect_forget_entry(n);
	failed = msr_area_load(v, (struct msr_area){ n->value[FIELD_ENTRY_MSR_LOAD_ADDRESS], n->value[FIELD_ENTRY_MSR_LOAD_COUNT] });
	if (failed) {
		vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, cs);
		vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, esp);
		vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, eip);
		nested_note_refusal(v, "MSR loading", "VM-entry MSR-load area");
		reflect_entry_failure(v, EXIT_ENTRY_MSR_LOADING, failed);
	}
	if (!failed && injects(n))
		take_event(v);
}

/* vmcs01 is current. */
static inline void note_l1(struct nested *n)
{
	n->l1.efer = vmread(VMCS_GUEST_IA32_EFER);
	if (!nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_LOAD_PAT))
		n->l1.pat = vmread(VMCS_GUEST_IA32_PAT);
	if (nested_uses(n, GROUP_ENTRY, ENTRY_CONTROL_LOAD_DEBUG))
		return;
	n->l1.dr7 = vmread(VMCS_GUEST_DR7);
	n->l1.debugctl = vmread(VMCS_GUEST_IA32_DEBUGCTL);
}

enum exit_action entry_run(struct vcpu *v, bool is_launch)
{
	struct nested *n = v->nested;

	if (vmread(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_MOV_SS)
		return vm_fail(v, VMERR_ENTRY_MOV_SS);
	if (is_launch == n->launched12)
		return vm_fail(v, is_launch ? VMERR_VMLAUNCH_NOT_CLEAR : VMERR_VMRESUME_NOT_LAUNCHED);

	note_l1(n);
	vmcs02_activate(v);
	fetch_live(v);
	u32 error = n->stale & (STALE_CONTROLS | STALE_HOST | STALE_THRESHOLD) || injects(n) ? load_controls(v) : 0;
	if (error) {
		vmcs02_deactivate(v);
		return vm_fail(v, error);
	}
	enter_l2(v, is_launch);
	return load_guest(v);
}

bool entry_refused(struct vcpu *v)
{
	struct nested *n = v->nested;
	u32 error = (u32)vmread(VMCS_INSTRUCTION_ERROR);

	if (!v->in_l2)
		return false;
	if (!n->entry_pending)
		return virtual_apic_refused(v, error);
	nested_note_refusal(v, "hardware", "VM-instruction error");
	/* windows and a forced exit that were to come with this entry */
	vmwrite(VMCS_PIN_CONTROLS, n->merged.word[GROUP_PIN]);
	vmwrite(VMCS_PRIMARY_CONTROLS, n->merged.word[GROUP_PRIMARY]);
	if (n->exit_forced)
		vmwrite(VMCS_PREEMPTION_TIMER_VALUE, n->timer12);
	v->in_l2 = n->exit_forced = false;
	n->entry_pending = 0;
	n->stale = STALE_ALL;
	v->event.info = 0;
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	virtual_apic_forget_wake(n);
	reflect_forget_entry(n);
	vmcs02_deactivate(v);
	v->launched = 1; /* L1 ran on vmcs01 when it asked for the entry */
	v->window_armed = n->window01;
	v->nmi_window_armed = n->nmi_window01;
	(void)vm_fail(v, error);
	vcpu_skip_instruction(v); /* vmcs01's exit information is still that of VMLAUNCH or VMRESUME */
	return true;
}
