/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generator: one to four changes to a valid VMCS and its tables. What would only hurt this program (its own registers after an exit, endless L2),
 * or what one of the two machines does not have, is taken back by sanitize(). Source: Intel SDM volume 3 "VM Entries".
 */
#include "hostile.h"

static u32 field_bits(u32 encoding)
{
	u64 mask = width_mask(encoding);

	return mask == ~0ull ? 64 : mask == 0xFFFF ? 16 : 32;
}

static void change(u32 encoding, u64 v)
{
	put_value(encoding, v);
	if (verbose)
		print("| %x := %lx\n", encoding, value(encoding));
}

static void mutate_any(void)
{
	u32 encoding = field_list[1 + below(field_count - 1)];

	change(encoding, random_value(value(encoding), field_bits(encoding)));
}

static void mutate_control(void)
{
	static const struct { u32 encoding; enum group group; } words[] = {
		{ VMCS_PIN_CONTROLS, PIN }, { VMCS_PRIMARY_CONTROLS, PRIMARY }, { VMCS_SECONDARY_CONTROLS, SECONDARY },
		{ VMCS_EXIT_CONTROLS, EXIT }, { VMCS_ENTRY_CONTROLS, ENTRY },
	};
	u32 i = below(ARRAY_SIZE(words)), flip = 1u << below(32);

	/* most flips are of bits that may be either way */
	for (u32 tries = 0; tries < 8 && !(flip & caps_may(words[i].group) & ~caps_must(words[i].group)); tries++)
		flip = 1u << below(32);
	change(words[i].encoding, value(words[i].encoding) ^ flip);
}

static void mutate_event(void)
{
	static const u8 types[] = { 0, 2, 3, 3, 3, 4, 5, 6, 7, 1 };
	u32 info = INTERRUPTION_VALID | (u32)types[below(ARRAY_SIZE(types))] << 8;
	u32 type = info >> 8 & 7;

	info |= type == TYPE_NMI ? 2 : type == TYPE_OTHER_EVENT ? 0 : one_in(4) ? below(256) : below(32);
	if (type == TYPE_HARDWARE_EXCEPTION && 0x227D00u >> (info & 31) & 1)
		info |= INTERRUPTION_HAS_ERROR;
	if (one_in(4))
		info ^= 1u << below(32);
	change(VMCS_ENTRY_INTERRUPTION_INFO, info);
	change(VMCS_ENTRY_EXCEPTION_ERROR_CODE, one_in(4) ? random64() : below(0x10000));
	change(VMCS_ENTRY_INSTRUCTION_LENGTH, one_in(4) ? below(20) : 1 + below(15));
	if (one_in(2))
		change(VMCS_GUEST_RFLAGS, value(VMCS_GUEST_RFLAGS) ^ 0x200);
	if (one_in(3))
		change(VMCS_GUEST_INTERRUPTIBILITY, 1u << below(5));
	if (one_in(3))
		change(VMCS_GUEST_ACTIVITY_STATE, below(5));
}

static void mutate_registers(void)
{
	static const u32 which[] = { VMCS_GUEST_CR0, VMCS_GUEST_CR4, VMCS_GUEST_IA32_EFER, VMCS_CR0_MASK, VMCS_CR4_MASK, VMCS_CR0_READ_SHADOW,
				     VMCS_CR4_READ_SHADOW, VMCS_HOST_CR0, VMCS_HOST_CR4, VMCS_HOST_IA32_EFER, VMCS_GUEST_RFLAGS, VMCS_GUEST_DR7 };
	u32 encoding = which[below(ARRAY_SIZE(which))];
	bool is_mask = encoding == VMCS_CR0_MASK || encoding == VMCS_CR4_MASK;

	change(encoding, is_mask ? (one_in(3) ? ~0ull : random64()) : value(encoding) ^ 1ull << below(one_in(4) ? 64 : 32));
}

static void mutate_segment(void)
{
	u32 s = 2 * below(8), rights = (u32)value(VMCS_GUEST_ES_ACCESS_RIGHTS + s);

	switch (below(4)) {
	case 0: change(VMCS_GUEST_ES_ACCESS_RIGHTS + s, rights ^ 1u << below(18)); break;
	case 1: change(VMCS_GUEST_ES_ACCESS_RIGHTS + s, (rights & ~0x6Fu) | (u32)(random64() & 0x6F)); break;
	case 2: change(VMCS_GUEST_ES_SELECTOR + s, one_in(2) ? value(VMCS_GUEST_ES_SELECTOR + s) ^ (1 + below(7)) : random64()); break;
	default: change(VMCS_GUEST_ES_LIMIT + s, random_value(value(VMCS_GUEST_ES_LIMIT + s), 32)); break;
	}
}

/* Everything L2 has in ring 3. */
static void to_ring3(void)
{
	for (u32 i = 0; i < 6; i++) {
		change(VMCS_GUEST_ES_SELECTOR + 2 * i, value(VMCS_GUEST_ES_SELECTOR + 2 * i) | 3);
		change(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, value(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i) | 0x60);
	}
	change(VMCS_GUEST_CS_SELECTOR, CODE_RING3);
	change(VMCS_GUEST_SS_SELECTOR, DATA_RING3);
}

static void mutate_msr_area(void)
{
	static const u32 indexes[] = { 0xC0000100, 0xC0000101, 0x802, 0x8FF, 0x9B, 0x9E, 0x79, 0xC0000080, 0x277, 0x174, 0xC0000081 };
	u64 *entry = (u64 *)arena(P_ENTRY_MSRS) + 2 * below(4);

	entry[0] = one_in(8) ? entry[0] | 1ull << (32 + below(32)) : indexes[below(ARRAY_SIZE(indexes))];
	entry[1] = entry[0] == 0xC0000080 ? value(VMCS_GUEST_IA32_EFER) ^ (one_in(2) ? 1ull << below(16) : 0) : random_value(entry[1], 64);
	change(VMCS_ENTRY_MSR_LOAD_COUNT, below(5));
	change(VMCS_EXIT_MSR_STORE_COUNT, below(3));
	change(VMCS_EXIT_MSR_LOAD_COUNT, below(3));
	if (verbose)
		print("| entry MSR %lx = %lx\n", entry[0], entry[1]);
}

static u64 *ept_entry(u32 page, u32 level)
{
	switch (level) {
	case 1: return (u64 *)arena(P_EPT_PT) + page;
	case 2: return (u64 *)arena(P_EPT_PD) + (ARENA >> 21);
	case 3: return (u64 *)arena(P_EPT_PDPT);
	default: return (u64 *)arena(P_EPT);
	}
}

/* Address bits are left alone: what lies elsewhere in RAM is not the same on both machines. */
static void mutate_ept(void)
{
	u32 level = one_in(3) ? 2 + below(3) : 1, bits = caps_physical_bits(), page = below(L2_PAGES);
	u64 *entry = ept_entry(page, level), low = level == 1 ? 0xFFF : 0xF7F;

	switch (below(4)) {
	case 0: *entry = (*entry & ~7ull) | below(8); break;
	case 1: *entry ^= (1ull << below(12)) & low; break;
	case 2: *entry ^= 1ull << (bits + below(64 - bits)); break;
	default: *entry = level == 1 ? (*entry & 0xFFF) | arena(below(L2_PAGES)) : *entry ^ 4; break;
	}
	if (verbose)
		print("| EPT level %u of page %u: %lx\n", level, page, *entry);
}

static void mutate_shadowing(void)
{
	add_bits(VMCS_SECONDARY_CONTROLS, SECONDARY, SECONDARY_VMCS_SHADOWING);
	change(VMCS_LINK_POINTER, one_in(4) ? random_page() : arena(P_SHADOW));
	if (one_in(2))
		memset((void *)arena(one_in(2) ? P_VMREAD_BITMAP : P_VMWRITE_BITMAP), 0xFF, 4096);
}

static void mutate_exceptions(void)
{
	change(VMCS_EXCEPTION_BITMAP, one_in(2) ? 0 : random64());
	change(VMCS_PAGE_FAULT_ERROR_MASK, below(32));
	change(VMCS_PAGE_FAULT_ERROR_MATCH, below(32));
}

static void mutate_apic(void)
{
	add_bits(VMCS_PRIMARY_CONTROLS, PRIMARY, PRIMARY_USE_TPR_SHADOW);
	change(VMCS_TPR_THRESHOLD, one_in(8) ? random64() : below(16));
	if (one_in(2))
		add_bits(VMCS_SECONDARY_CONTROLS, SECONDARY, SECONDARY_VIRTUALIZE_APIC_ACCESSES);
	if (one_in(4))
		change(VMCS_APIC_ACCESS_ADDRESS, arena(below(L2_PAGES)));
}

void mutate(void)
{
	static void (*const kinds[])(void) = { mutate_any, mutate_any, mutate_any, mutate_any, mutate_control, mutate_control, mutate_event, mutate_registers,
					       mutate_registers, mutate_segment, mutate_segment, mutate_msr_area, mutate_ept, mutate_ept, to_ring3,
					       mutate_exceptions, mutate_exceptions, mutate_apic, mutate_shadowing };

	for (u32 count = below(5); count; count--)
		kinds[below(ARRAY_SIZE(kinds))]();
	sanitize();
}
