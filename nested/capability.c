/* SPDX-License-Identifier: Apache-2.0 */
/* Capability MSRs of L1; see capability.h. */
#include "nested/capability.h"

#include "bsp/msr.h"
#include "kernel/vmx/ept.h"
#include "kernel/vmx/vmcs.h"
#include "nested/fields.h"

#define EPTP_RESERVED 0xF80ull
#define EPTP_WALK_4 3u /* one less than the levels */
#define MEMORY_TYPE_WRITE_BACK (6ull << 50)
#define INVVPID_CAP_ALL_TYPES (BIT(40) | BIT(41) | BIT(42) | BIT(43))

/* No 5-level walk, no shadow-stack control: not implemented. INVEPT and INVVPID are ours, every type of them. */
static u64 ept_vpid_offer(u64 hardware)
{
	const u64 as_hardware = EPT_CAP_EXECUTE_ONLY | EPT_CAP_UNCACHEABLE | EPT_CAP_2M | EPT_CAP_1G | EPT_CAP_ACCESSED_DIRTY | EPT_CAP_ADVANCED;
	const u64 always = EPT_CAP_WALK_4 | EPT_CAP_WRITE_BACK | EPT_CAP_INVEPT | EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL |
			   VPID_CAP_INVVPID | INVVPID_CAP_ALL_TYPES;

	return (hardware & as_hardware) | always;
}

/* What software does of a control may need more of the CPU than the control. */
static u64 usable_secondary(const struct vmx_capabilities *hardware)
{
	u32 unusable = (hardware->ept_vpid & EPT_CAP_ACCESSED_DIRTY ? 0 : SECONDARY_ENABLE_PML) |
		       (hardware->ept_vpid & EPT_CAP_ADVANCED ? 0 : SECONDARY_MODE_BASED_EXECUTE) |
		       (hardware->vmfunc & VM_FUNCTION_EPTP_SWITCHING ? 0 : SECONDARY_ENABLE_VM_FUNCTIONS);

	return hardware->secondary & ~((u64)unusable << 32);
}

static u64 misc_offer(u64 hardware)
{
	const u64 as_hardware = 0x1F | MISC_STORE_LMA | MISC_INJECT_LENGTH_0;
	u64 targets = min_u64(MISC_CR3_TARGETS(hardware), 4);

	/* exit information that hardware cannot write is kept in memory */
	return (hardware & as_hardware) | MISC_WRITE_ANY_FIELD | MISC_ACTIVITY_HLT | targets << 16;
}

void capability_hide_virtual_interrupts(struct vmx_capabilities *hardware)
{
	hardware->secondary &= ~((u64)SECONDARY_VIRTUAL_INTERRUPT_DELIVERY << 32);
	hardware->pin &= ~((u64)PIN_POSTED_INTERRUPTS << 32);
}

void capability_offer(struct offer *offer, const struct vmx_capabilities *hardware, u64 cr4_allowed, u32 physical_bits)
{
	struct vmx_capabilities *msr = &offer->msr;

	*msr = (struct vmx_capabilities){
		.basic = VMCS12_REVISION | PAGE_SIZE << 32 | MEMORY_TYPE_WRITE_BACK | BASIC_TRUE_CONTROLS |
			 (hardware->basic & (BASIC_IO_INFORMATION | BASIC_ANY_ERROR_CODE)),
		.pin = controls_offer(GROUP_PIN, hardware->pin),
		.primary = controls_offer(GROUP_PRIMARY, hardware->primary),
		.secondary = controls_offer(GROUP_SECONDARY, usable_secondary(hardware)),
		.exit = controls_offer(GROUP_EXIT, hardware->exit),
		.entry = controls_offer(GROUP_ENTRY, hardware->entry),
		.misc = misc_offer(hardware->misc),
		.cr0_fixed0 = hardware->cr0_fixed0,
		.cr0_fixed1 = hardware->cr0_fixed1,
		.cr4_fixed0 = hardware->cr4_fixed0,
		.cr4_fixed1 = hardware->cr4_fixed1 & (cr4_allowed | CR4_VMXE),
		.ept_vpid = ept_vpid_offer(hardware->ept_vpid),
		.vmfunc = hardware->vmfunc & VM_FUNCTION_EPTP_SWITCHING,
	};
	const u64 words[GROUP_COUNT] = { msr->pin, msr->primary, msr->secondary, msr->exit, msr->entry };
	for (u32 i = 0; i < GROUP_COUNT; i++)
		offer->may.word[i] = (u32)(words[i] >> 32);
	offer->vmcs_enum = fields_vmcs_enum(&offer->may);
	offer->physical_bits = physical_bits;
}

/* The MSRs without TRUE report the default1 class as must-be-1. */
static u64 without_true(enum control_group group, u64 value)
{
	u64 default1 = controls_default1(group);

	return value | default1 | default1 << 32;
}

bool capability_read(const struct offer *offer, u32 msr, u64 *value)
{
	const struct vmx_capabilities *c = &offer->msr;

	switch (msr) {
	case IA32_VMX_BASIC: *value = c->basic; return true;
	case IA32_VMX_PINBASED_CTLS: *value = without_true(GROUP_PIN, c->pin); return true;
	case IA32_VMX_PROCBASED_CTLS: *value = without_true(GROUP_PRIMARY, c->primary); return true;
	case IA32_VMX_EXIT_CTLS: *value = without_true(GROUP_EXIT, c->exit); return true;
	case IA32_VMX_ENTRY_CTLS: *value = without_true(GROUP_ENTRY, c->entry); return true;
	case IA32_VMX_MISC: *value = c->misc; return true;
	case IA32_VMX_CR0_FIXED0: *value = c->cr0_fixed0; return true;
	case IA32_VMX_CR0_FIXED1: *value = c->cr0_fixed1; return true;
	case IA32_VMX_CR4_FIXED0: *value = c->cr4_fixed0; return true;
	case IA32_VMX_CR4_FIXED1: *value = c->cr4_fixed1; return true;
	case IA32_VMX_VMCS_ENUM: *value = offer->vmcs_enum; return true;
	case IA32_VMX_PROCBASED_CTLS2: *value = c->secondary; return true;
	case IA32_VMX_EPT_VPID_CAP: *value = c->ept_vpid; return true;
	case IA32_VMX_VMFUNC: *value = c->vmfunc; return offer->may.word[GROUP_SECONDARY] & SECONDARY_ENABLE_VM_FUNCTIONS;
	case IA32_VMX_TRUE_PINBASED_CTLS: *value = c->pin; return true;
	case IA32_VMX_TRUE_PROCBASED_CTLS: *value = c->primary; return true;
	case IA32_VMX_TRUE_EXIT_CTLS: *value = c->exit; return true;
	case IA32_VMX_TRUE_ENTRY_CTLS: *value = c->entry; return true;
	default: return false;
	}
}

bool capability_allows_eptp(const struct offer *offer, u64 eptp)
{
	u64 type = eptp & 7, cap = offer->msr.ept_vpid;
	u64 reserved = EPTP_RESERVED | (cap & EPT_CAP_ACCESSED_DIRTY ? 0 : EPTP_ACCESSED_DIRTY);

	if (type != MEMORY_TYPE_WB && !(type == MEMORY_TYPE_UC && cap & EPT_CAP_UNCACHEABLE))
		return false;
	return (eptp >> 3 & 7) == EPTP_WALK_4 && !(eptp & reserved) && !(eptp >> offer->physical_bits);
}
