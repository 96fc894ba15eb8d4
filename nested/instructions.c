/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMX instructions of L1, each with its checks in the manual's order: mode and VMX operation (#UD), CPL (#GP), the memory operand's faults,
 * VMfail. They exit before the CPL check, so that it is made here (CVE-2018-12904). Source: Intel SDM volume 3 "VMX Instruction Reference".
 */
#include "nested/instructions.h"

#include "bsp/memory/string.h"
#include "bsp/msr.h"
#include "kernel/exits.h"
#include "kernel/nested_hooks.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/access.h"
#include "nested/entry.h"
#include "nested/known_vmcs.h"
#include "nested/vmcs02.h"
#include "nested/vmcs12.h"
#include "nested/vmfail.h"

#define RIGHTS_LONG BIT(13)
#define RIGHTS_DPL (3ull << 5)

static u64 seen(u64 field, u64 mask, u64 shadow)
{
	u64 ours = vmread(mask);

	return (vmread(field) & ~ours) | (vmread(shadow) & ours);
}

static u64 l1_cr0(void)
{
	return seen(VMCS_GUEST_CR0, VMCS_CR0_MASK, VMCS_CR0_READ_SHADOW);
}

static u64 l1_cr4(void)
{
	return seen(VMCS_GUEST_CR4, VMCS_CR4_MASK, VMCS_CR4_READ_SHADOW);
}

static bool mode_allows_vmx(void)
{
	if (!(vmread(VMCS_GUEST_CR0) & CR0_PE) || vmread(VMCS_GUEST_RFLAGS) & RFLAGS_VM)
		return false;
	return !(vmread(VMCS_GUEST_IA32_EFER) & EFER_LMA) || vcpu_is_long_mode_code();
}

/* 4 KiB-aligned and inside the physical-address width. */
static bool is_page_address(u64 address)
{
	return !(address & PAGE_MASK) && !(address >> nested_machine.offer.physical_bits);
}

static bool cr_is_fixed(u64 value, u64 fixed0, u64 fixed1)
{
	return !(fixed0 & ~value) && !(value & ~fixed1);
}

static bool control_registers_allow_vmxon(void)
{
	const struct vmx_capabilities *c = &nested_machine.offer.msr;

	return cr_is_fixed(l1_cr0(), c->cr0_fixed0, c->cr0_fixed1) && cr_is_fixed(l1_cr4(), c->cr4_fixed0, c->cr4_fixed1);
}

static enum exit_action start_vmx_operation(struct vcpu *v, u64 address)
{
	struct nested *n = v->nested;

	n->in_vmx_operation = true;
	n->vmxon_pointer = address;
	n->current = NO_VMCS;
	memset(v->statistics->known_vmcs, 0, sizeof(v->statistics->known_vmcs));
	n->eptp02 = 0;
	flush_forget(&n->flush);
	ept02_invalidate_all(&n->ept02);
	vmcs02_setup(v);
	return vm_succeed();
}

static enum exit_action run_vmxon(struct vcpu *v)
{
	u64 address;

	if (v->nested->in_vmx_operation)
		return vm_fail(v, VMERR_VMXON_IN_ROOT);
	if (!control_registers_allow_vmxon())
		return EXIT_ACTION_INJECT_GP;
	if (!access_read_operand(v, &address, sizeof(address)))
		return EXIT_ACTION_RESUME;
	if (!is_page_address(address) || vmcs12_revision(address) != VMCS12_REVISION)
		return vm_fail_invalid();
	return start_vmx_operation(v, address);
}

static enum exit_action run_vmxoff(struct vcpu *v)
{
	struct nested *n = v->nested;

	vmcs12_unload(v);
	n->in_vmx_operation = false;
	flush_forget(&n->flush);
	ept02_invalidate_all(&n->ept02);
	if (v->init_pending) {
		v->init_pending = false;
		vcpu_request(v, REQUEST_INIT);
	}
	return vm_succeed();
}

static enum exit_action run_vmclear(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 address;

	if (!access_read_operand(v, &address, sizeof(address)))
		return EXIT_ACTION_RESUME;
	if (!is_page_address(address))
		return vm_fail(v, VMERR_VMCLEAR_BAD_ADDRESS);
	if (address == n->vmxon_pointer)
		return vm_fail(v, VMERR_VMCLEAR_VMXON_POINTER);
	known_vmcs_remove(v->statistics->known_vmcs, address);
	if (address == n->current) {
		n->launched12 = false;
		vmcs12_unload(v);
	} else {
		vmcs12_clear_other(address);
	}
	return vm_succeed();
}

static enum exit_action run_vmptrld(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 address;

	if (!access_read_operand(v, &address, sizeof(address)))
		return EXIT_ACTION_RESUME;
	if (!is_page_address(address))
		return vm_fail(v, VMERR_VMPTRLD_BAD_ADDRESS);
	if (address == n->vmxon_pointer)
		return vm_fail(v, VMERR_VMPTRLD_VMXON_POINTER);
	u32 revision = vmcs12_revision(address);
	if ((revision & ~VMCS12_SHADOW_INDICATOR) != VMCS12_REVISION)
		return vm_fail(v, VMERR_VMPTRLD_REVISION);
	if (address != n->current) {
		vmcs12_unload(v);
		vmcs12_load(v, address);
		known_vmcs_add(v->statistics->known_vmcs, address);
		n->is_shadow12 = revision & VMCS12_SHADOW_INDICATOR;
	}
	return vm_succeed();
}

static enum exit_action run_vmptrst(struct vcpu *v)
{
	u64 address = v->nested->current;

	if (!access_write_operand(v, &address, sizeof(address)))
		return EXIT_ACTION_RESUME;
	return vm_succeed();
}

static enum exit_action run_vmread(struct vcpu *v)
{
	struct field_access access = access_field(v);
	int index = instructions_field(access.encoding);

	if (v->nested->current == NO_VMCS)
		return vm_fail_invalid();
	if (index < 0)
		return vm_fail(v, VMERR_UNSUPPORTED_FIELD);
	u64 value = field_part(access.encoding, vmcs12_read(v, index));
	return access_write_value(v, &access, value) ? vm_succeed() : EXIT_ACTION_RESUME;
}

/* Any field may be written: MISC[29] is offered. */
static enum exit_action run_vmwrite(struct vcpu *v)
{
	struct field_access access = access_field(v);
	u64 value;

	if (v->nested->current == NO_VMCS)
		return vm_fail_invalid();
	if (!access_read_value(v, &access, &value))
		return EXIT_ACTION_RESUME;
	int index = instructions_field(access.encoding);
	if (index < 0)
		return vm_fail(v, VMERR_UNSUPPORTED_FIELD);
	if (field_is_high_part(access.encoding))
		value = field_with_high_part(vmcs12_read(v, index), value);
	vmcs12_write(v, index, value);
	return vm_succeed();
}

static enum exit_action run_entry(struct vcpu *v, bool is_launch)
{
	if (v->nested->current == NO_VMCS || v->nested->is_shadow12)
		return vm_fail_invalid();
	return entry_run(v, is_launch);
}

static enum exit_action run_vmlaunch(struct vcpu *v)
{
	return run_entry(v, true);
}

static enum exit_action run_vmresume(struct vcpu *v)
{
	return run_entry(v, false);
}

static enum exit_action (*const runners[])(struct vcpu *v) = {
	[EXIT_VMXON] = run_vmxon, [EXIT_VMXOFF] = run_vmxoff, [EXIT_VMCLEAR] = run_vmclear, [EXIT_VMPTRLD] = run_vmptrld,
	[EXIT_VMPTRST] = run_vmptrst, [EXIT_VMREAD] = run_vmread, [EXIT_VMWRITE] = run_vmwrite, [EXIT_VMLAUNCH] = run_vmlaunch,
	[EXIT_VMRESUME] = run_vmresume, [EXIT_INVEPT] = invalidate_invept, [EXIT_INVVPID] = invalidate_invvpid,
};

/* 64-bit code at CPL 0 in VMX operation, where CR0.PE and CR4.VMXE are fixed: nothing to fault for. */
static inline bool is_plain(const struct vcpu *v)
{
	return v->nested && v->nested->in_vmx_operation && vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & RIGHTS_LONG &&
	       vmread(VMCS_GUEST_IA32_EFER) & EFER_LMA && !(vmread(VMCS_GUEST_SS_ACCESS_RIGHTS) & RIGHTS_DPL);
}

static enum exit_action fault(const struct vcpu *v, bool is_vmxon)
{
	if (!v->nested || !mode_allows_vmx() || !(l1_cr4() & CR4_VMXE))
		return EXIT_ACTION_INJECT_UD;
	if (!is_vmxon && !v->nested->in_vmx_operation)
		return EXIT_ACTION_INJECT_UD;
	return vcpu_cpl() ? EXIT_ACTION_INJECT_GP : EXIT_ACTION_PASS;
}

enum exit_action nested_instruction(struct vcpu *v, u32 basic_reason)
{
	enum exit_action action = is_plain(v) ? EXIT_ACTION_PASS : fault(v, basic_reason == EXIT_VMXON);

	return action == EXIT_ACTION_PASS ? runners[basic_reason](v) : action;
}
