/* SPDX-License-Identifier: Apache-2.0 */
/* See reflect.h. Order: save L2 (vmcs02), switch, load L1 (vmcs01). */
#include "nested/reflect.h"

#include "bsp/msr.h"
#include "kernel/exits.h"
#include "kernel/log.h"
#include "kernel/partition.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/msr_area.h"
#include "nested/pdpte.h"
#include "nested/virtual_apic.h"
#include "nested/vmcs02.h"
#include "nested/vmcs12.h"

#define RIGHTS_CODE_64 0xA09Bull
#define RIGHTS_CODE_32 0xC09Bull
#define RIGHTS_DATA    0xC093ull
#define RIGHTS_TSS     0x008Bull
#define RIGHTS_UNUSABLE BIT(16)

enum { ABORT_SAVING_MSRS = 1, ABORT_HOST_PDPTE = 2, ABORT_LOADING_MSRS = 4 };

enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR };

static inline bool saves(const struct nested *n, u32 exit_control)
{
	return nested_uses(n, GROUP_EXIT, exit_control);
}

static u64 efer_of_size(const struct nested *n, u64 efer)
{
	const u64 is_long = EFER_LMA | EFER_LME;

	return saves(n, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE) ? efer | is_long : efer & ~is_long;
}

/* Exit information hardware cannot write through VMWRITE lives in memory. */
static void save_data(struct nested *n)
{
	for (u32 i = 0; i < nested_machine.kept_data_count; i++) {
		enum field_index index = nested_machine.kept_data[i];

		n->value[index] = vmread(fields[index].encoding);
	}
}

/* IA32E-mode guest follows L2's EFER.LMA. */
static cold_path void store_lma(struct nested *n)
{
	n->merged.word[GROUP_ENTRY] ^= ENTRY_CONTROL_IA32E_MODE_GUEST;
	n->controls.word[GROUP_ENTRY] ^= ENTRY_CONTROL_IA32E_MODE_GUEST;
	n->value[FIELD_ENTRY_CONTROLS] ^= ENTRY_CONTROL_IA32E_MODE_GUEST;
	n->stale |= STALE_HOST | STALE_GUEST;
}

/* Fields with a save control: a row of fields.def without one leaves no code here. */
static inline void save_guest(struct nested *n)
{
	u32 exit = n->controls.word[GROUP_EXIT];

	if ((vmread(VMCS_ENTRY_CONTROLS) ^ n->merged.word[GROUP_ENTRY]) & ENTRY_CONTROL_IA32E_MODE_GUEST)
		store_lma(n);
	u64 efer = n->value[FIELD_GUEST_IA32_EFER];
#define FIELD(name, source, save, ...) \
	if (exit & (u32)(save)) \
		n->value[FIELD_##name] = vmread(VMCS_##name);
#include "nested/fields.def"
#undef FIELD
	if (efer != n->value[FIELD_GUEST_IA32_EFER])
		n->stale |= STALE_GUEST;
	if (nested_uses(n, GROUP_PIN, PIN_PREEMPTION_TIMER) && !(exit & EXIT_CONTROL_SAVE_PREEMPTION_TIMER))
		vmwrite(VMCS_PREEMPTION_TIMER_VALUE, n->timer12);
	n->value[FIELD_ENTRY_INTERRUPTION_INFO] &= ~(u64)INTERRUPTION_VALID;
}

/* vmcs02 is current. */
static inline void leave_over(struct nested *n)
{
	n->left = (struct left_over){ .efer = n->host.efer, .pat = n->value[FIELD_HOST_IA32_PAT] };
	if (!saves(n, EXIT_CONTROL_LOAD_EFER))
		n->left.efer = efer_of_size(n, vmread(VMCS_GUEST_IA32_EFER));
	if (!saves(n, EXIT_CONTROL_LOAD_PAT))
		n->left.pat = vmread(VMCS_GUEST_IA32_PAT);
	if (!nested_uses(n, GROUP_PIN, PIN_VIRTUAL_NMIS))
		n->left.interruptibility = vmread(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI;
}

void reflect_prepare(struct nested *n)
{
	bool is_64 = saves(n, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE);
	u64 cr4 = n->value[FIELD_HOST_CR4];

	n->host.cr0 = (n->value[FIELD_HOST_CR0] & ~(CR0_CD | CR0_NW)) | CR0_ET;
	n->host.cr4 = is_64 ? cr4 | CR4_PAE : cr4 & ~CR4_PCIDE;
	n->host.cr4_hardware = n->host.cr4 | CR4_VMXE;
	n->host.efer = efer_of_size(n, n->value[FIELD_HOST_IA32_EFER]);
	n->host.loads_pdptes = pdpte_is_used(n->value[FIELD_HOST_CR0], n->value[FIELD_HOST_CR4], is_64);
	for (u32 i = 0; i < ARRAY_SIZE(n->host.rights); i++)
		n->host.rights[i] = n->value[FIELD_HOST_ES_SELECTOR + i] ? RIGHTS_DATA : RIGHTS_DATA | RIGHTS_UNUSABLE;
	n->host.rights[CS] = is_64 ? RIGHTS_CODE_64 : RIGHTS_CODE_32;
}

/*
 * SDM "Loading Host Control Registers, Debug Registers, MSRs". IA32E-mode guest is right in vmcs01: L1 cannot leave its mode in VMX operation,
 * and the entry was refused unless L1's address-space size is that of its exits.
 */
static inline void load_registers(const struct nested *n)
{
	vmwrite(VMCS_GUEST_CR0, exit_cr0_hardware(n->host.cr0));
	vmwrite(VMCS_CR0_READ_SHADOW, n->host.cr0 | n->cache_bits);
	vmwrite(VMCS_GUEST_CR3, n->value[FIELD_HOST_CR3]);
	vmwrite(VMCS_GUEST_CR4, n->host.cr4_hardware);
	vmwrite(VMCS_CR4_READ_SHADOW, n->host.cr4);
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, n->value[FIELD_HOST_IA32_SYSENTER_CS]);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, n->value[FIELD_HOST_IA32_SYSENTER_ESP]);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, n->value[FIELD_HOST_IA32_SYSENTER_EIP]);
	vmwrite(VMCS_GUEST_IA32_EFER, n->left.efer);
	vmwrite(VMCS_GUEST_IA32_PAT, n->left.pat);
}

/* The segments stand in the same order in each group of fields, two encodings apart. */
static inline __attribute__((always_inline)) void load_segment(enum segment s, u64 selector, u64 base, u64 rights)
{
	vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * s, selector);
	vmwrite(VMCS_GUEST_ES_BASE + 2 * s, base);
	vmwrite(VMCS_GUEST_ES_LIMIT + 2 * s, s == TR ? 0x67 : ~0u);
	vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * s, rights);
}

/* SDM "Loading Host Segment and Descriptor-Table Registers" */
static inline void load_segments(const struct nested *n)
{
	const u64 *value = n->value, *rights = n->host.rights;

	load_segment(ES, value[FIELD_HOST_ES_SELECTOR], 0, rights[ES]);
	load_segment(CS, value[FIELD_HOST_CS_SELECTOR], 0, rights[CS]);
	load_segment(SS, value[FIELD_HOST_SS_SELECTOR], 0, rights[SS]);
	load_segment(DS, value[FIELD_HOST_DS_SELECTOR], 0, rights[DS]);
	load_segment(FS, value[FIELD_HOST_FS_SELECTOR], value[FIELD_HOST_FS_BASE], rights[FS]);
	load_segment(GS, value[FIELD_HOST_GS_SELECTOR], value[FIELD_HOST_GS_BASE], rights[GS]);
	load_segment(TR, value[FIELD_HOST_TR_SELECTOR], value[FIELD_HOST_TR_BASE], RIGHTS_TSS);
	vmwrite(VMCS_GUEST_LDTR_SELECTOR, 0); /* with these rights base and limit are nobody's */
	vmwrite(VMCS_GUEST_LDTR_ACCESS_RIGHTS, RIGHTS_UNUSABLE);
	vmwrite(VMCS_GUEST_GDTR_BASE, value[FIELD_HOST_GDTR_BASE]);
	vmwrite(VMCS_GUEST_IDTR_BASE, value[FIELD_HOST_IDTR_BASE]);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, 0xFFFF);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xFFFF);
}

/* L1 was active when it entered: its activity state in vmcs01 still says so. */
static inline void load_rest(const struct nested *n)
{
	vmwrite(VMCS_GUEST_RSP, n->value[FIELD_HOST_RSP]);
	vmwrite(VMCS_GUEST_RIP, n->value[FIELD_HOST_RIP]);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_ONE);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, n->left.interruptibility);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
}

/* L1's mistake in a place where a CPU knows no way back: it shuts down. SDM "VMX Aborts" */
static void vmx_abort(struct vcpu *v, u32 indicator)
{
	vmcs12_write_abort(v->nested, indicator);
	log_line("partition: VMX abort %u on CPU %lu", indicator, v->index);
	partition_stop(STOP_TRIPLE_FAULT, indicator);
}

/* What of L1's mistakes has no VM exit left to be reported by. */
static cold_path void load_memory(struct vcpu *v, struct msr_area area)
{
	struct nested *n = v->nested;

	if (n->host.loads_pdptes && !pdpte_load(n->value[FIELD_HOST_CR3], nested_machine.offer.physical_bits))
		vmx_abort(v, ABORT_HOST_PDPTE);
	else if (area.count && msr_area_load(v, area))
		vmx_abort(v, ABORT_LOADING_MSRS);
}

static inline void load_l1(struct vcpu *v)
{
	struct nested *n = v->nested;
	struct msr_area area = { n->value[FIELD_EXIT_MSR_LOAD_ADDRESS], n->value[FIELD_EXIT_MSR_LOAD_COUNT] };
	struct flush_decision flush = flush_at_exit(nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_VPID));

	load_registers(n);
	load_segments(n);
	load_rest(n);
	if (v->tsc_offset != n->tsc_offset01)
		vmwrite(VMCS_TSC_OFFSET, v->tsc_offset);
	if (flush.vpid01)
		invvpid_by(INVVPID_SINGLE, &n->vpid01);
	if (area.count | n->host.loads_pdptes)
		load_memory(v, area);
}

static inline void switch_to_l1(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (v->to_do) /* windows of L0's: what they wait for is L1's again */
		vmwrite(VMCS_PRIMARY_CONTROLS, n->merged.word[GROUP_PRIMARY]);
	v->in_l2 = v->step_pending = false;
	n->entry_pending = 0;
	v->event.info = 0;
	vmcs02_deactivate(v);
	v->launched = 1; /* L1 has run on vmcs01 */
	v->window_armed = n->window01;
	v->nmi_window_armed = n->nmi_window01;
	load_l1(v);
}

static inline void leave(struct vcpu *v, bool nmi_exit)
{
	struct nested *n = v->nested;
	struct msr_area area = { n->value[FIELD_EXIT_MSR_STORE_ADDRESS], n->value[FIELD_EXIT_MSR_STORE_COUNT] };

	leave_over(n);
	if (nmi_exit)
		n->left.interruptibility = BLOCKING_BY_NMI;
	if (n->cache_bits)
		vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) | n->cache_bits);
	save_guest(n);
	bool stored = !area.count || msr_area_store(v, area);
	v->statistics->l2_reflected++;
	switch_to_l1(v);
	if (!stored)
		vmx_abort(v, ABORT_SAVING_MSRS);
}

void reflect_exit(struct vcpu *v)
{
	save_data(v->nested);
	leave(v, false);
}

void reflect_changed(struct vcpu *v, u32 reason, u64 qualification)
{
	save_data(v->nested);
	if (reason != v->exit_reason)
		vmcs12_set_data(v->nested, FIELD_EXIT_REASON, reason);
	if (qualification != vmread(VMCS_EXIT_QUALIFICATION))
		vmcs12_set_data(v->nested, FIELD_EXIT_QUALIFICATION, qualification);
	leave(v, false);
}

static void event_to_vectoring(struct vcpu *v)
{
	struct nested *n = v->nested;
	u32 info = v->event.info;

	vmcs12_set_data(n, FIELD_IDT_VECTORING_INFO, info);
	if (!(info & INTERRUPTION_VALID))
		return;
	if (info & INTERRUPTION_HAS_ERROR)
		vmcs12_set_data(n, FIELD_IDT_VECTORING_ERROR_CODE, v->event.error_code);
	if (INTERRUPTION_TYPE(info) >= TYPE_SOFTWARE_INTERRUPT)
		vmcs12_set_data(n, FIELD_EXIT_INSTRUCTION_LENGTH, v->event.instruction_length);
}

void reflect_made_up(struct vcpu *v, const struct made_up_exit *made_up)
{
	struct nested *n = v->nested;
	bool is_nmi = INTERRUPTION_TYPE(made_up->interruption_info) == TYPE_NMI && made_up->interruption_info & INTERRUPTION_VALID;

	save_data(n);
	vmcs12_set_data(n, FIELD_EXIT_REASON, made_up->reason);
	vmcs12_set_data(n, FIELD_EXIT_QUALIFICATION, made_up->qualification);
	vmcs12_set_data(n, FIELD_EXIT_INTERRUPTION_INFO, made_up->interruption_info);
	vmcs12_set_data(n, FIELD_EXIT_INTERRUPTION_ERROR_CODE, made_up->error_code);
	if (made_up->reason == EXIT_EPT_VIOLATION || made_up->reason == EXIT_EPT_MISCONFIGURATION) {
		vmcs12_set_data(n, FIELD_GUEST_PHYSICAL_ADDRESS, made_up->guest_physical);
		vmcs12_set_data(n, FIELD_GUEST_LINEAR_ADDRESS, made_up->guest_linear);
	}
	event_to_vectoring(v);
	leave(v, is_nmi);
}

void reflect_forget_entry(struct nested *n)
{
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, n->value[FIELD_GUEST_INTERRUPTIBILITY]); /* the injection of an NMI may have changed it */
	if (n->msrs_due)
		vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	n->msrs_due = false;
}

/* The checks of guest state come before anything of it is loaded. */
static void keep_l1(struct vcpu *v)
{
	struct nested *n = v->nested;

	vmcs02_return(v);
	if (!saves(n, EXIT_CONTROL_LOAD_EFER))
		n->left.efer = efer_of_size(n, n->l1.efer);
	if (!saves(n, EXIT_CONTROL_LOAD_PAT))
		n->left.pat = vmread(VMCS_GUEST_IA32_PAT);
	vmcs02_borrow(v);
}

void reflect_entry_failure(struct vcpu *v, u32 reason, u64 qualification)
{
	struct nested *n = v->nested;

	reflect_forget_entry(n);
	leave_over(n);
	if (reason == EXIT_ENTRY_GUEST_STATE)
		keep_l1(v);
	vmcs12_set_data(n, FIELD_EXIT_REASON, reason | EXIT_REASON_ENTRY_FAILURE);
	vmcs12_set_data(n, FIELD_EXIT_QUALIFICATION, qualification);
	n->left.interruptibility = 0;
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0); /* no exit has cleared it */
	virtual_apic_forget_wake(n);
	switch_to_l1(v);
}
