/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMCS of a case as a list of values: one valid start for each mode L2 can be in, in which every exception exits and L2's last instruction is
 * VMCALL. Owns the list. Source: Intel SDM volume 3 "VM Entries".
 */
#include "hostile.h"

#define MAX_FIELDS 256u
#define EFER_LONG 0xD01u
#define EFER_LEGACY 0x801u
#define CR0_BASE 0x10010u /* WP, ET; what is fixed comes to it */
#define PE_PG 0x80000001ull

enum variant variant;
u16 field_list[MAX_FIELDS];
u32 field_count;
static u64 values[MAX_FIELDS], nowhere;
static u16 slots[0x7000 / 2];

/* Every field both machines have but exit information. */
void world_find_fields(void)
{
	field_count = 1; /* slot 0: no field */
	for (u32 e = 0; e < 0x7000; e += 2) {
		slots[e / 2] = 0;
		if ((e >> 10 & 3) == 1 || !caps_has_field(e) || field_count == MAX_FIELDS)
			continue;
		slots[e / 2] = (u16)field_count;
		field_list[field_count++] = (u16)e;
	}
}

u64 *value_of(u32 encoding)
{
	u32 slot = slots[encoding / 2];

	nowhere = 0;
	return slot ? &values[slot] : &nowhere;
}

u64 value(u32 encoding)
{
	return *value_of(encoding);
}

u64 width_mask(u32 encoding)
{
	static const u64 masks[4] = { 0xFFFF, ~0ull, 0xFFFFFFFF, ~0ull };

	return masks[encoding >> 13 & 3];
}

void put_value(u32 encoding, u64 v)
{
	*value_of(encoding) = v & width_mask(encoding);
}

/* Bits both machines may have, and those they must. */
void add_bits(u32 encoding, enum group group, u32 bits)
{
	put_value(encoding, value(encoding) | (bits & caps_may(group)) | caps_must(group));
}

bool uses(u32 encoding, u32 bits)
{
	return (value(encoding) & bits) == bits;
}

bool has_ept(void)
{
	return uses(VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY_CONTROLS) && uses(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT);
}

static void set_segment(u32 index, u64 selector, u64 base, u64 rights)
{
	put_value(VMCS_GUEST_ES_SELECTOR + 2 * index, selector);
	put_value(VMCS_GUEST_ES_BASE + 2 * index, base);
	put_value(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * index, rights);
	put_value(VMCS_GUEST_ES_LIMIT + 2 * index, rights & 0x8000 ? 0xFFFFFFFF : 0xFFFF);
}

static void set_guest_segments(void)
{
	static const u64 code_rights[VARIANTS] = { [V_LONG] = 0xA09B, [V_LONG_EPT] = 0xA09B, [V_REAL] = 0x9B, [V_V86] = 0xF3 };
	static const u64 data_rights[VARIANTS] = { [V_REAL] = 0x93, [V_V86] = 0xF3 };
	u64 code = code_rights[variant] ? code_rights[variant] : 0xC09B, data = data_rights[variant] ? data_rights[variant] : 0xC093;
	bool is_real = variant == V_REAL || variant == V_V86;

	for (u32 i = 0; i < 6; i++)
		if (is_real)
			set_segment(i, i == 1 ? 0x1000 : i == 2 ? 0x1100 : 0x1300, i == 1 ? 0x10000 : i == 2 ? 0x11000 : 0x13000, i == 1 ? code : data);
		else
			set_segment(i, i == 1 ? (variant <= V_LONG_EPT ? CODE_RING0 : 0x18) : DATA_RING0, 0, i == 1 ? code : data);
	put_value(VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x10000);
	put_value(VMCS_GUEST_TR_SELECTOR, 0x30);
	put_value(VMCS_GUEST_TR_LIMIT, 103);
	put_value(VMCS_GUEST_TR_BASE, arena(P_TABLES) + 0x800);
	put_value(VMCS_GUEST_TR_ACCESS_RIGHTS, 0x8B);
	put_value(VMCS_GUEST_GDTR_BASE, arena(P_TABLES));
	put_value(VMCS_GUEST_GDTR_LIMIT, 79);
	put_value(VMCS_GUEST_IDTR_BASE, variant == V_REAL ? arena(P_IDT32) + 0x800 :
		  variant <= V_LONG_EPT || variant == V_COMPAT ? arena(P_IDT64) : arena(P_IDT32));
	put_value(VMCS_GUEST_IDTR_LIMIT, variant <= V_LONG_EPT || variant == V_COMPAT ? 4095 : variant == V_REAL ? 1023 : 2047);
	put_value(VMCS_GUEST_RIP, is_real ? 0x100 : arena(P_CODE) + 0x100);
	put_value(VMCS_GUEST_RSP, is_real ? 0xF00 : arena(P_STACK) + 0xF00);
	put_value(VMCS_GUEST_RFLAGS, variant == V_V86 ? 0x23002 : 2);
}

static void set_guest_registers(void)
{
	static const u64 roots[VARIANTS] = { [V_PAGED32] = P_PD32, [V_V86] = P_PD32, [V_PAE] = P_PD_PAE, [V_PAE_EPT] = P_PD_PAE };
	bool is_long = variant == V_LONG || variant == V_LONG_EPT || variant == V_COMPAT;
	u64 cr0 = caps_common(CAP_CR0_FIXED0) | CR0_BASE, pae = is_long || variant == V_PAE || variant == V_PAE_EPT ? 0x20 : 0;

	cr0 = variant == V_REAL ? cr0 & ~PE_PG : variant == V_FLAT32 ? cr0 & ~(1ull << 31) : cr0;
	put_value(VMCS_GUEST_CR0, cr0);
	put_value(VMCS_CR0_READ_SHADOW, cr0);
	put_value(VMCS_GUEST_CR3, arena(roots[variant] ? (u32)roots[variant] : P_PML4));
	put_value(VMCS_GUEST_CR4, caps_common(CAP_CR4_FIXED0) | 0x600 | pae);
	put_value(VMCS_GUEST_IA32_EFER, is_long ? EFER_LONG : EFER_LEGACY);
	put_value(VMCS_GUEST_IA32_PAT, 0x0007040600070406);
	put_value(VMCS_GUEST_PDPTE0, arena(P_PD) | 1);
	put_value(VMCS_GUEST_DR7, 0x400);
	put_value(VMCS_LINK_POINTER, ~0ull);
	if (is_long)
		add_bits(VMCS_ENTRY_CONTROLS, ENTRY, ENTRY_CONTROL_IA32E_MODE_GUEST);
}

static void set_host(void)
{
	struct { u16 limit; u64 base; } packed gdtr, idtr;

	asm volatile("sgdt %0; sidt %1" : "=m"(gdtr), "=m"(idtr));
	for (u32 i = 0; i < 6; i++)
		put_value(VMCS_HOST_ES_SELECTOR + 2 * i, i == 1 ? CODE_RING0 : DATA_RING0);
	put_value(VMCS_HOST_TR_SELECTOR, 0x30);
	put_value(VMCS_HOST_TR_BASE, arena(P_TABLES) + 0x800);
	put_value(VMCS_HOST_GDTR_BASE, gdtr.base);
	put_value(VMCS_HOST_IDTR_BASE, idtr.base);
	put_value(VMCS_HOST_GS_BASE, (u64)this_cpu());
	put_value(VMCS_HOST_FS_BASE, ARENA);
	put_value(VMCS_HOST_CR0, READ_CR(0));
	put_value(VMCS_HOST_CR3, READ_CR(3));
	put_value(VMCS_HOST_CR4, READ_CR(4));
	put_value(VMCS_HOST_IA32_EFER, rdmsr(0xC0000080));
	put_value(VMCS_HOST_IA32_PAT, 0x0007040600070406);
	put_value(VMCS_HOST_RIP, (u64)hostile_landing);
	put_value(VMCS_HOST_RSP, ARENA);
}

static void set_controls(void)
{
	bool wants_ept = variant == V_LONG_EPT || variant == V_PAE_EPT || variant == V_REAL || variant == V_FLAT32;

	add_bits(VMCS_PIN_CONTROLS, PIN, PIN_PREEMPTION_TIMER);
	add_bits(VMCS_PRIMARY_CONTROLS, PRIMARY, PRIMARY_USE_MSR_BITMAPS | PRIMARY_USE_IO_BITMAPS | PRIMARY_SECONDARY_CONTROLS | PRIMARY_HLT_EXITING);
	add_bits(VMCS_SECONDARY_CONTROLS, SECONDARY, wants_ept ? SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST | SECONDARY_ENABLE_VPID : 0);
	add_bits(VMCS_EXIT_CONTROLS, EXIT, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE | EXIT_CONTROL_LOAD_EFER | EXIT_CONTROL_SAVE_EFER |
		 EXIT_CONTROL_LOAD_PAT | EXIT_CONTROL_SAVE_PAT | EXIT_CONTROL_SAVE_DEBUG);
	add_bits(VMCS_ENTRY_CONTROLS, ENTRY, ENTRY_CONTROL_LOAD_EFER | ENTRY_CONTROL_LOAD_PAT | ENTRY_CONTROL_LOAD_DEBUG);
	put_value(VMCS_PREEMPTION_TIMER_VALUE, TIMER);
	put_value(VMCS_EXCEPTION_BITMAP, ~0u);
	put_value(VMCS_VPID, 1);
	put_value(VMCS_TSC_MULTIPLIER, 1ull << 48);
	put_value(VMCS_GUEST_PML_INDEX, 511);
}

static void set_addresses(void)
{
	static const struct { u16 encoding; u16 page; } addresses[] = {
		{ VMCS_IO_BITMAP_A, P_IO_BITMAP_A }, { VMCS_IO_BITMAP_B, P_IO_BITMAP_B }, { VMCS_MSR_BITMAP, P_MSR_BITMAP },
		{ VMCS_EXIT_MSR_STORE_ADDRESS, P_STORED_MSRS }, { VMCS_EXIT_MSR_LOAD_ADDRESS, P_EXIT_MSRS },
		{ VMCS_ENTRY_MSR_LOAD_ADDRESS, P_ENTRY_MSRS }, { VMCS_VIRTUAL_APIC_ADDRESS, P_VIRTUAL_APIC },
		{ VMCS_APIC_ACCESS_ADDRESS, P_APIC_ACCESS }, { VMCS_VMREAD_BITMAP, P_VMREAD_BITMAP }, { VMCS_VMWRITE_BITMAP, P_VMWRITE_BITMAP },
		{ VMCS_POSTED_INTERRUPT_DESCRIPTOR, P_POSTED }, { VMCS_PML_ADDRESS, P_PML }, { VMCS_EPTP_LIST_ADDRESS, P_EPTP_LIST },
		{ VMCS_VE_INFORMATION_ADDRESS, P_VE },
	};

	for (u32 i = 0; i < ARRAY_SIZE(addresses); i++)
		put_value(addresses[i].encoding, arena(addresses[i].page));
	put_value(VMCS_EPT_POINTER, arena(P_EPT) | 6 | 3 << 3);
}

void world_start(enum variant which)
{
	bool needs_ept = which == V_LONG_EPT || which == V_PAE_EPT || which == V_REAL || which == V_FLAT32;
	const u32 ept = SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST;

	variant = needs_ept && (caps_may(SECONDARY) & ept) != ept ? V_LONG : which;
	memset(values, 0, sizeof(values));
	set_controls();
	set_addresses();
	set_host();
	set_guest_segments();
	set_guest_registers();
}

void world_write(u32 region)
{
	u64 address = arena(P_VMCS + region);

	(void)vmx_clear(address);
	(void)vmx_load(address);
	for (u32 i = 1; i < field_count; i++)
		(void)vmx_write(field_list[i], values[i]);
}
