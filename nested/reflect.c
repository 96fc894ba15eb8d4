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
#include "nested/vmcs02.h"
#include "nested/vmcs12.h"

#define RIGHTS_CODE_64 0xA09Bull
#define RIGHTS_CODE_32 0xC09Bull
#define RIGHTS_DATA    0xC093ull
#define RIGHTS_TSS     0x008Bull
#define RIGHTS_UNUSABLE BIT(16)

enum { ABORT_SAVING_MSRS = 1, ABORT_HOST_PDPTE = 2, ABORT_LOADING_MSRS = 4 };

/* What of L2's registers L1 goes on with if its exit controls load nothing else. */
struct left_over { u64 efer, pat; bool nmi_blocked; };

static bool saves(const struct nested *n, u32 exit_control)
{
	return nested_uses(n, GROUP_EXIT, exit_control);
}

/* Exit information hardware cannot write through VMWRITE lives in memory. */
static void save_data(struct nested *n)
{
	for (u32 i = 0; i < nested_machine.kept_data_count; i++) {
		enum field_index index = nested_machine.kept_data[i];

		n->value[index] = vmread(fields[index].encoding);
	}
}

/* CD and NW never reach hardware: what L2 has written stands in the shadow of the bits that are not L1's. */
static void restore_cache_bits(struct nested *n)
{
	u64 ours = ~n->value[FIELD_CR0_MASK] & (CR0_CD | CR0_NW);

	if (ours)
		vmwrite(VMCS_GUEST_CR0, (vmread(VMCS_GUEST_CR0) & ~ours) | (vmread(VMCS_CR0_READ_SHADOW) & ours));
}

static void save_conditional(struct nested *n)
{
	for (u32 i = 0; i < nested_machine.conditional_count; i++) {
		enum field_index index = nested_machine.conditional[i];

		if (saves(n, fields[index].save_control))
			n->value[index] = vmread(fields[index].encoding);
	}
	if (nested_machine.offer.msr.misc & MISC_STORE_LMA) {
		u64 is_long = vmread(VMCS_ENTRY_CONTROLS) & ENTRY_CONTROL_IA32E_MODE_GUEST;

		n->value[FIELD_ENTRY_CONTROLS] = (n->value[FIELD_ENTRY_CONTROLS] & ~(u64)ENTRY_CONTROL_IA32E_MODE_GUEST) | is_long;
		n->controls.word[GROUP_ENTRY] = (u32)n->value[FIELD_ENTRY_CONTROLS];
	}
	n->value[FIELD_ENTRY_INTERRUPTION_INFO] &= ~(u64)INTERRUPTION_VALID;
}

static struct left_over left_over(struct nested *n)
{
	bool virtual_nmis = nested_uses(n, GROUP_PIN, PIN_VIRTUAL_NMIS);

	return (struct left_over){
		.efer = vmread(VMCS_GUEST_IA32_EFER), .pat = vmread(VMCS_GUEST_IA32_PAT),
		.nmi_blocked = !virtual_nmis && vmread(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI,
	};
}

/* SDM "Loading Host Control Registers, Debug Registers, MSRs" */
static void load_registers(struct nested *n, const struct left_over *left)
{
	const u64 kept = CR0_ET | CR0_CD | CR0_NW;
	bool is_64 = saves(n, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE);
	u64 seen = (vmread(VMCS_GUEST_CR0) & ~CR0_GUEST_HOST_MASK) | (vmread(VMCS_CR0_READ_SHADOW) & CR0_GUEST_HOST_MASK);
	u64 cr0 = (n->value[FIELD_HOST_CR0] & ~kept) | (seen & kept);
	u64 cr4 = is_64 ? n->value[FIELD_HOST_CR4] | CR4_PAE : n->value[FIELD_HOST_CR4] & ~CR4_PCIDE;
	u64 efer = saves(n, EXIT_CONTROL_LOAD_EFER) ? n->value[FIELD_HOST_IA32_EFER] : left->efer;

	vmwrite(VMCS_GUEST_CR0, exit_cr0_hardware(cr0));
	vmwrite(VMCS_CR0_READ_SHADOW, cr0);
	vmwrite(VMCS_GUEST_CR3, n->value[FIELD_HOST_CR3]);
	vmwrite(VMCS_GUEST_CR4, cr4 | CR4_VMXE);
	vmwrite(VMCS_CR4_READ_SHADOW, cr4);
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, n->value[FIELD_HOST_IA32_SYSENTER_CS]);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, n->value[FIELD_HOST_IA32_SYSENTER_ESP]);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, n->value[FIELD_HOST_IA32_SYSENTER_EIP]);
	efer = is_64 ? efer | EFER_LMA | EFER_LME : efer & ~(EFER_LMA | EFER_LME);
	vmwrite(VMCS_GUEST_IA32_EFER, efer);
	vmwrite(VMCS_GUEST_IA32_PAT, saves(n, EXIT_CONTROL_LOAD_PAT) ? n->value[FIELD_HOST_IA32_PAT] : left->pat);
	u64 entry = vmread(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRY_CONTROL_IA32E_MODE_GUEST;
	vmwrite(VMCS_ENTRY_CONTROLS, entry | (is_64 ? ENTRY_CONTROL_IA32E_MODE_GUEST : 0));
}

struct segment { u64 selector, base, limit, rights; };

/* The segments stand in the same order in each group of fields, two encodings apart. */
static void load_segment(u32 number, struct segment s)
{
	vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * number, s.selector);
	vmwrite(VMCS_GUEST_ES_BASE + 2 * number, s.base);
	vmwrite(VMCS_GUEST_ES_LIMIT + 2 * number, s.limit);
	vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * number, s.rights);
}

/* SDM "Loading Host Segment and Descriptor-Table Registers" */
static void load_segments(const struct nested *n)
{
	enum { ES, CS, SS, DS, FS, GS, LDTR, TR };
	const u64 *value = n->value;
	bool is_64 = saves(n, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE);

	for (u32 i = ES; i <= GS; i++) {
		u64 selector = value[FIELD_HOST_ES_SELECTOR + i];
		u64 base = i == FS ? value[FIELD_HOST_FS_BASE] : i == GS ? value[FIELD_HOST_GS_BASE] : 0;

		load_segment(i, (struct segment){ selector, base, ~0u, selector ? RIGHTS_DATA : RIGHTS_DATA | RIGHTS_UNUSABLE });
	}
	load_segment(CS, (struct segment){ value[FIELD_HOST_CS_SELECTOR], 0, ~0u, is_64 ? RIGHTS_CODE_64 : RIGHTS_CODE_32 });
	load_segment(LDTR, (struct segment){ 0, 0, 0, RIGHTS_UNUSABLE });
	load_segment(TR, (struct segment){ value[FIELD_HOST_TR_SELECTOR], value[FIELD_HOST_TR_BASE], 0x67, RIGHTS_TSS });
	vmwrite(VMCS_GUEST_GDTR_BASE, value[FIELD_HOST_GDTR_BASE]);
	vmwrite(VMCS_GUEST_IDTR_BASE, value[FIELD_HOST_IDTR_BASE]);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, 0xFFFF);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0xFFFF);
}

static void load_rest(const struct nested *n, const struct left_over *left)
{
	vmwrite(VMCS_GUEST_RSP, n->value[FIELD_HOST_RSP]);
	vmwrite(VMCS_GUEST_RIP, n->value[FIELD_HOST_RIP]);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_ONE);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, left->nmi_blocked ? BLOCKING_BY_NMI : 0);
	vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
}

/* L1's mistake in a place where a CPU knows no way back: it shuts down. SDM "VMX Aborts" */
static void vmx_abort(struct vcpu *v, u32 indicator)
{
	vmcs12_write_abort(v->nested, indicator);
	log_line("partition: VMX abort %u on CPU %lu", indicator, v->index);
	partition_stop(STOP_TRIPLE_FAULT, indicator);
}

static void load_l1(struct vcpu *v, const struct left_over *left)
{
	struct nested *n = v->nested;
	struct msr_area area = { n->value[FIELD_EXIT_MSR_LOAD_ADDRESS], n->value[FIELD_EXIT_MSR_LOAD_COUNT] };
	bool is_64 = saves(n, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE);
	struct flush_decision flush = flush_at_exit(nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_VPID));

	load_registers(n, left);
	load_segments(n);
	load_rest(n, left);
	if (v->tsc_offset != n->tsc_offset01)
		vmwrite(VMCS_TSC_OFFSET, v->tsc_offset);
	if (flush.vpid01)
		invvpid(INVVPID_SINGLE, flush_vpid01(v->index), 0);
	if (pdpte_is_used(n->value[FIELD_HOST_CR0], n->value[FIELD_HOST_CR4], is_64) &&
	    !pdpte_load(n->value[FIELD_HOST_CR3], nested_machine.offer.physical_bits))
		vmx_abort(v, ABORT_HOST_PDPTE);
	else if (area.count && msr_area_load(v, area))
		vmx_abort(v, ABORT_LOADING_MSRS);
}

static void switch_to_l1(struct vcpu *v, const struct left_over *left)
{
	struct nested *n = v->nested;

	v->in_l2 = false;
	n->entry_pending = false;
	v->event.info = 0;
	vmcs02_deactivate(v);
	v->launched = n->launched01;
	v->window_armed = n->window01;
	v->nmi_window_armed = n->nmi_window01;
	load_l1(v, left);
}

static void leave(struct vcpu *v, bool nmi_exit)
{
	struct nested *n = v->nested;
	struct msr_area area = { n->value[FIELD_EXIT_MSR_STORE_ADDRESS], n->value[FIELD_EXIT_MSR_STORE_COUNT] };
	struct left_over left = left_over(n);

	left.nmi_blocked |= nmi_exit;
	restore_cache_bits(n);
	save_conditional(n);
	bool stored = !area.count || msr_area_store(v, area);
	v->statistics->l2_reflected++;
	switch_to_l1(v, &left);
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
	vmcs12_set_data(v->nested, FIELD_EXIT_REASON, reason);
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
	event_to_vectoring(v);
	leave(v, is_nmi);
}

void reflect_entry_failure(struct vcpu *v, u32 reason, u64 qualification)
{
	struct nested *n = v->nested;
	struct left_over left = left_over(n);

	vmcs12_set_data(n, FIELD_EXIT_REASON, reason | EXIT_REASON_ENTRY_FAILURE);
	vmcs12_set_data(n, FIELD_EXIT_QUALIFICATION, qualification);
	left.nmi_blocked = false;
	switch_to_l1(v, &left);
}
