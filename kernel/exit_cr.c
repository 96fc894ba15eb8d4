/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the bits of CR0 and CR4 that L0 owns, CR8, XSETBV. A write is checked whole before anything changes, so that no value a guest
 * picks can make VM entry fail. Source: Intel SDM volume 3 "Control Registers", "Changes to Instruction Behavior in VMX Non-Root Operation".
 */
#include "bsp/cpu.h"
#include "kernel/exits.h"
#include "kernel/fpu.h"
#include "kernel/guest_memory.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

enum { MOV_TO_CR, MOV_FROM_CR, CLTS, LMSW };

#define CR0_DEFINED (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG)

static bool is_long_mode_enabled(void)
{
	return vmread(VMCS_GUEST_IA32_EFER) & EFER_LME;
}

static bool cr0_is_valid(u64 wanted)
{
	bool enters_paging = wanted & CR0_PG && !(vmread(VMCS_GUEST_CR0) & CR0_PG);
	bool leaves_paging = !(wanted & CR0_PG) && vmread(VMCS_GUEST_CR0) & CR0_PG;

	if (wanted >> 32 || (wanted & CR0_PG && !(wanted & CR0_PE)) || (wanted & CR0_NW && !(wanted & CR0_CD)))
		return false;
	if (enters_paging && is_long_mode_enabled())
		return vmread(VMCS_GUEST_CR4) & CR4_PAE && !(vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & BIT(13));
	if (leaves_paging)
		return !vcpu_is_long_mode_code() && !(vmread(VMCS_GUEST_CR4) & CR4_PCIDE);
	return true;
}

/* No #PF can come of this, but L1's EPT may have none of it. */
static enum exit_action take_pdpte_fault(struct vcpu *v, u64 address)
{
	nested_take_ept_violation(v, &(struct walk_fault){ .trouble = WALK_EPT_VIOLATION, .guest_physical = address });
	return EXIT_ACTION_RESUME;
}

/* PAE paging outside long mode keeps its four PDPTEs in the CPU; with EPT they are VMCS fields. Reserved bits: #GP. */
static enum exit_action load_pdptes(struct vcpu *v)
{
	u64 address = vmread(VMCS_GUEST_CR3) & 0xFFFFFFE0ull, pdpte[4];
	gpa_t at;

	if (!nested_guest_physical(v, address, WALK_READ, &at))
		return take_pdpte_fault(v, address);
	if (!guest_read(at, pdpte, sizeof(pdpte)))
		return EXIT_ACTION_INJECT_GP;
	for (u32 i = 0; i < 4; i++)
		if (pdpte[i] & 1 && (pdpte[i] & 0x1E6 || pdpte[i] >> this_partition()->monitor.info.physical_address_bits))
			return EXIT_ACTION_INJECT_GP;
	for (u32 i = 0; i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, pdpte[i]);
	return EXIT_ACTION_PASS;
}

static bool is_pae_paging(u64 cr0, u64 cr4)
{
	return cr0 & CR0_PG && cr4 & CR4_PAE && !is_long_mode_enabled();
}

static void set_long_mode_active(bool active)
{
	u64 efer = vmread(VMCS_GUEST_IA32_EFER), controls = vmread(VMCS_ENTRY_CONTROLS);

	vmwrite(VMCS_GUEST_IA32_EFER, active ? efer | EFER_LMA : efer & ~EFER_LMA);
	vmwrite(VMCS_ENTRY_CONTROLS, active ? controls | ENTRY_CONTROL_IA32E_MODE_GUEST
					    : controls & ~(u64)ENTRY_CONTROL_IA32E_MODE_GUEST);
}

enum exit_action exit_write_cr0(struct vcpu *v, u64 wanted)
{
	u64 old = vmread(VMCS_GUEST_CR0);
	enum exit_action loaded = EXIT_ACTION_PASS;

	wanted = (wanted & (CR0_DEFINED | ~0xFFFFFFFFull)) | CR0_ET;
	if (!cr0_is_valid(wanted))
		return EXIT_ACTION_INJECT_GP;
	if (!(old & CR0_PG) && is_pae_paging(wanted, vmread(VMCS_GUEST_CR4)))
		loaded = load_pdptes(v);
	if (loaded != EXIT_ACTION_PASS)
		return loaded;
	if ((old ^ wanted) & CR0_PG && is_long_mode_enabled())
		set_long_mode_active(wanted & CR0_PG);
	vmwrite(VMCS_GUEST_CR0, exit_cr0_hardware(wanted));
	vmwrite(VMCS_CR0_READ_SHADOW, wanted);
	v->cache_bits = wanted & (CR0_CD | CR0_NW);
	if ((old ^ wanted) & (CR0_PG | CR0_WP))
		invvpid(INVVPID_SINGLE, (u16)vmread(VMCS_VPID), 0);
	return EXIT_ACTION_SKIP;
}

/* What the CPU has of the guest's bits; Nestbox hides no more than cr4_fixed1 and the mask do. */
static u64 cr4_supported(void)
{
	return vmx_capabilities.cr4_fixed1;
}

static bool cr4_is_valid(struct vcpu *v, u64 wanted)
{
	u64 allowed = CR4_GUEST_OWNED | (nested_is_offered(v) ? CR4_VMXE : 0);
	u64 old = vmread(VMCS_GUEST_CR4);
	bool is_long = vmread(VMCS_GUEST_IA32_EFER) & EFER_LMA;

	if (wanted & ~allowed)
		return false;
	if (is_long && !(wanted & CR4_PAE))
		return false;
	if (wanted & CR4_PCIDE && !(old & CR4_PCIDE) && (!is_long || vmread(VMCS_GUEST_CR3) & 0xFFF))
		return false;
	if (wanted & ~(cr4_supported() | CR4_VMXE))
		return false;
	return (wanted & CR4_VMXE) || !nested_in_vmx_operation(v);
}

static enum exit_action write_cr4_of_guest(struct vcpu *v, u64 wanted)
{
	const u64 reloads = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP;
	u64 old = vmread(VMCS_GUEST_CR4);
	enum exit_action loaded = EXIT_ACTION_PASS;

	if (!cr4_is_valid(v, wanted))
		return EXIT_ACTION_INJECT_GP;
	if ((old ^ wanted) & reloads && is_pae_paging(vmread(VMCS_GUEST_CR0), wanted))
		loaded = load_pdptes(v);
	if (loaded != EXIT_ACTION_PASS)
		return loaded;
	vmwrite(VMCS_GUEST_CR4, wanted | CR4_VMXE);
	vmwrite(VMCS_CR4_READ_SHADOW, wanted);
	if ((old ^ wanted) & (reloads | CR4_PCIDE))
		invvpid(INVVPID_SINGLE, (u16)vmread(VMCS_VPID), 0);
	return EXIT_ACTION_SKIP;
}

static enum exit_action write_cr8_of_guest(struct vcpu *v, u64 value)
{
	if (value > 15)
		return EXIT_ACTION_INJECT_GP;
	v->apic.tpr = (u32)value << 4;
	return EXIT_ACTION_SKIP;
}

static enum exit_action move_to_cr(struct vcpu *v, u32 cr, u64 value)
{
	switch (cr) {
	case 0: return exit_write_cr0(v, value);
	case 4: return write_cr4_of_guest(v, value);
	case 8: return write_cr8_of_guest(v, value);
	default: return EXIT_ACTION_INJECT_UD;
	}
}

/* LMSW sets PE, MP, EM, TS, never clears PE. The bits are the guest's own, but the read shadow keeps a copy of none of them. */
static enum exit_action load_machine_status(struct vcpu *v, u64 qualification)
{
	u64 old = vmread(VMCS_GUEST_CR0), value = qualification >> 16 & 0xF;
	u64 shadow = vmread(VMCS_CR0_READ_SHADOW) & CR0_GUEST_HOST_MASK;
	u64 seen = (old & ~CR0_GUEST_HOST_MASK) | shadow;

	return exit_write_cr0(v, (seen & ~0xEull) | (value & 0xF) | (seen & CR0_PE));
}

enum exit_action exit_cr_access(struct vcpu *v)
{
	u64 qualification = vmread(VMCS_EXIT_QUALIFICATION);
	u32 cr = qualification & 15, gpr = qualification >> 8 & 15;

	switch (qualification >> 4 & 3) {
	case MOV_TO_CR: {
		u64 value = exit_read_gpr(v, gpr);

		return move_to_cr(v, cr, vcpu_is_long_mode_code() ? value : (u32)value);
	}
	case MOV_FROM_CR:
		if (cr != 8)
			return EXIT_ACTION_INJECT_UD;
		exit_write_gpr(v, gpr, v->apic.tpr >> 4);
		return EXIT_ACTION_SKIP;
	case LMSW:
		return load_machine_status(v, qualification);
	default: /* CLTS: TS is the guest's own bit, this exit does not come */
		vmwrite(VMCS_GUEST_CR0, vmread(VMCS_GUEST_CR0) & ~CR0_TS);
		return EXIT_ACTION_SKIP;
	}
}

enum exit_action exit_xsetbv(struct vcpu *v)
{
	u64 value = (u32)v->gpr[RAX] | v->gpr[RDX] << 32;

	if (vcpu_cpl() || (u32)v->gpr[RCX] || !fpu_xcr0_is_valid(value, fpu_guest_xcr0_mask()))
		return EXIT_ACTION_INJECT_GP;
	xsetbv(0, value);
	return EXIT_ACTION_SKIP;
}
