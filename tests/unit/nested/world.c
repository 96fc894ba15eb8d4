/* SPDX-License-Identifier: Apache-2.0 */
/* See world.h. */
#include "world.h"

#define ALL_ONES (0xFFFFFFFFull << 32)

struct vmx_capabilities world_hardware(void)
{
	return (struct vmx_capabilities){
		.basic = 0x12 | PAGE_SIZE << 32 | 6ull << 50 | BASIC_IO_INFORMATION | BASIC_TRUE_CONTROLS,
		.pin = ALL_ONES | 0x16, .primary = ALL_ONES | 0x04006172, .secondary = ALL_ONES, .exit = ALL_ONES | 0x36DFB,
		.entry = ALL_ONES | 0x11FB,
		.misc = 7 | MISC_STORE_LMA | 7 << 6 | 4 << 16 | BIT(28) | MISC_WRITE_ANY_FIELD | MISC_INJECT_LENGTH_0,
		.cr0_fixed0 = CR0_PE | CR0_NE | CR0_PG, .cr0_fixed1 = 0xFFFFFFFF, .cr4_fixed0 = CR4_VMXE, .cr4_fixed1 = 0x7FFFFF,
		.ept_vpid = ~0ull, .vmfunc = 1,
	};
}

struct offer world_offer(void)
{
	const u64 cr4_allowed = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_PCIDE | CR4_SMEP;
	struct vmx_capabilities hardware = world_hardware();
	struct offer offer;

	capability_offer(&offer, &hardware, cr4_allowed, 40);
	return offer;
}

struct controls world_controls(const u64 value[FIELD_COUNT])
{
	u32 primary = (u32)value[FIELD_PRIMARY_CONTROLS];

	return (struct controls){ {
		(u32)value[FIELD_PIN_CONTROLS], primary,
		primary & PRIMARY_SECONDARY_CONTROLS ? (u32)value[FIELD_SECONDARY_CONTROLS] : 0,
		(u32)value[FIELD_EXIT_CONTROLS], (u32)value[FIELD_ENTRY_CONTROLS],
	} };
}

static void set_controls(u64 *value, const struct offer *offer)
{
	value[FIELD_PIN_CONTROLS] = (u32)offer->msr.pin | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS;
	value[FIELD_PRIMARY_CONTROLS] = (u32)offer->msr.primary | PRIMARY_HLT_EXITING | PRIMARY_USE_MSR_BITMAPS |
					PRIMARY_USE_IO_BITMAPS | PRIMARY_USE_TPR_SHADOW | PRIMARY_SECONDARY_CONTROLS;
	value[FIELD_SECONDARY_CONTROLS] = SECONDARY_ENABLE_EPT | SECONDARY_ENABLE_VPID | SECONDARY_UNRESTRICTED_GUEST;
	value[FIELD_EXIT_CONTROLS] = (u32)offer->msr.exit | EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE | EXIT_CONTROL_LOAD_EFER |
				     EXIT_CONTROL_LOAD_PAT;
	value[FIELD_ENTRY_CONTROLS] = (u32)offer->msr.entry | ENTRY_CONTROL_IA32E_MODE_GUEST | ENTRY_CONTROL_LOAD_EFER |
				      ENTRY_CONTROL_LOAD_PAT | ENTRY_CONTROL_LOAD_DEBUG;
	value[FIELD_IO_BITMAP_A] = 0x10000;
	value[FIELD_IO_BITMAP_B] = 0x11000;
	value[FIELD_MSR_BITMAP] = 0x12000;
	value[FIELD_VIRTUAL_APIC_ADDRESS] = 0x13000;
	value[FIELD_EPT_POINTER] = 0x14000 | 0x1E;
	value[FIELD_VPID] = 1;
}

void world_vmcs12(u64 value[FIELD_COUNT])
{
	static const enum field_index selectors[] = { FIELD_HOST_ES_SELECTOR, FIELD_HOST_CS_SELECTOR, FIELD_HOST_SS_SELECTOR,
						      FIELD_HOST_DS_SELECTOR, FIELD_HOST_FS_SELECTOR, FIELD_HOST_GS_SELECTOR,
						      FIELD_HOST_TR_SELECTOR };
	struct offer offer = world_offer();

	memset(value, 0, FIELD_COUNT * sizeof(*value));
	set_controls(value, &offer);
	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
		value[selectors[i]] = 0x10;
	value[FIELD_HOST_CR0] = value[FIELD_GUEST_CR0] = CR0_PE | CR0_NE | CR0_PG;
	value[FIELD_HOST_CR4] = value[FIELD_GUEST_CR4] = CR4_PAE | CR4_VMXE;
	value[FIELD_HOST_IA32_EFER] = value[FIELD_GUEST_IA32_EFER] = EFER_LMA | EFER_LME;
	value[FIELD_HOST_IA32_PAT] = value[FIELD_GUEST_IA32_PAT] = 0x0007040600070406ull;
	value[FIELD_LINK_POINTER] = ~0ull;
	value[FIELD_GUEST_DR7] = 0x400;
}

u64 world_random(void)
{
	static u64 state = 0x9E3779B97F4A7C15ull;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545F4914F6CDD1Dull;
}
