/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a case must not have: a host state this program cannot go on with, an L2 that never ends, memory outside the arena (what lies there is not the
 * same on both machines), things one of the machines does not have. A value that the entry refuses may be anything, and stays.
 */
#include "hostile.h"

#define SMEP_SMAP 0x300000ull
#define LA57 0x1000ull
#define MOST_MSRS 4u
#define WITH_ERROR 0x227D00u /* vectors, as bits */

static bool fits_width(u64 address)
{
	return !(address >> caps_physical_bits());
}

static void keep_controls(u32 encoding, enum group group, u64 base)
{
	u64 unclear = caps_unclear(group);

	put_value(encoding, (value(encoding) & ~unclear) | (base & unclear));
}

static void keep_page(u32 encoding)
{
	u64 v = value(encoding);

	if (!(v & 4095) && fits_width(v) && (v < ARENA || v >= arena(ARENA_PAGES)))
		put_value(encoding, arena((u32)(v >> 12) % ARENA_PAGES));
}

static void keep_pages(void)
{
	static const u16 encodings[] = { VMCS_IO_BITMAP_A, VMCS_IO_BITMAP_B, VMCS_MSR_BITMAP, VMCS_VIRTUAL_APIC_ADDRESS, VMCS_APIC_ACCESS_ADDRESS,
					 VMCS_VMREAD_BITMAP, VMCS_VMWRITE_BITMAP, VMCS_LINK_POINTER, VMCS_PML_ADDRESS, VMCS_EPTP_LIST_ADDRESS,
					 VMCS_VE_INFORMATION_ADDRESS };

	for (u32 i = 0; i < ARRAY_SIZE(encodings); i++)
		keep_page(encodings[i]);
}

/* A few entries in their own page; what an exit could not load or store would end the machine. */
static void keep_msr_area(u32 address, u32 count, u32 page)
{
	u64 at = value(address);

	put_value(count, value(count) % (MOST_MSRS + 1));
	if (!(at & 15) && fits_width(at) && fits_width(at + value(count) * 16 - 1))
		put_value(address, arena(page) + (at & 0x7F0));
}

static void keep_eptp(void)
{
	u64 eptp = value(VMCS_EPT_POINTER), differ = caps_differ(CAP_EPT_VPID), root = eptp & ~0xFFFull;

	if (differ >> 21 & 1)
		eptp &= ~0x40ull;
	if (fits_width(root) && root != arena(P_EPT) && root != arena(P_ZERO))
		eptp = (eptp & 0xFFF) | arena(root >> 12 & 1 ? P_EPT : P_ZERO);
	put_value(VMCS_EPT_POINTER, eptp);
}

static void keep_host(void)
{
	u64 cr4 = value(VMCS_HOST_CR4) & ~(SMEP_SMAP | LA57 | caps_differ(CAP_CR4_FIXED1)), rip = value(VMCS_HOST_RIP), cr3 = value(VMCS_HOST_CR3);

	put_value(VMCS_HOST_CR4, cr4);
	put_value(VMCS_HOST_CR0, value(VMCS_HOST_CR0) & ~caps_differ(CAP_CR0_FIXED1));
	if ((u64)((int64_t)(rip << 16) >> 16) == rip)
		put_value(VMCS_HOST_RIP, (u64)hostile_landing);
	if (fits_width(cr3))
		put_value(VMCS_HOST_CR3, (READ_CR(3) & ~0xFFFull) | (cr3 & 0x18));
}

/* Page tables in the arena, or none; the low bits are free. */
static u64 some_root(u64 cr3)
{
	static const u8 roots[] = { P_ZERO, P_PML4, P_PD32, P_PD_PAE };
	u32 page = (u32)((cr3 - ARENA) >> 12);

	for (u32 i = 0; i < ARRAY_SIZE(roots); i++)
		if (page == roots[i])
			return cr3;
	return arena(roots[page % ARRAY_SIZE(roots)]) | (cr3 & 0xFFF);
}

static void keep_guest(void)
{
	u64 cr3 = value(VMCS_GUEST_CR3), activity = value(VMCS_GUEST_ACTIVITY_STATE);

	if (!has_ept() && program_loads_cr3)
		hostile_gprs.rax = some_root(hostile_gprs.rax);
	if (!has_ept() && program_loads_cr0)
		hostile_gprs.rax |= 0x80000001;
	if (!has_ept() && fits_width(cr3))
		put_value(VMCS_GUEST_CR3, some_root(cr3));
	put_value(VMCS_HOST_IA32_SYSENTER_CS, value(VMCS_HOST_IA32_SYSENTER_CS) & 0xFFFF); /* Bochs loads no more */
	put_value(VMCS_GUEST_CR4, value(VMCS_GUEST_CR4) & ~caps_differ(CAP_CR4_FIXED1));
	put_value(VMCS_GUEST_CR0, value(VMCS_GUEST_CR0) & ~caps_differ(CAP_CR0_FIXED1));
	put_value(VMCS_GUEST_IA32_DEBUGCTL, value(VMCS_GUEST_IA32_DEBUGCTL) & 3); /* Bochs has no such MSR and checks no bit */
	if (activity >= 1 && activity <= 3 && !(caps_common(CAP_MISC) >> (5 + activity) & 1))
		put_value(VMCS_GUEST_ACTIVITY_STATE, 0);
	if (caps_differ(CAP_MISC) >> 30 & 1 && !value(VMCS_ENTRY_INSTRUCTION_LENGTH))
		put_value(VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
}

/* Bochs gives up when L2 executes from the APIC-access page. */
static void keep_apic_access(void)
{
	u64 page = value(VMCS_APIC_ACCESS_ADDRESS);

	if (page >= ARENA && page < arena(L2_PAGES))
		put_value(VMCS_APIC_ACCESS_ADDRESS, arena(P_APIC_ACCESS) | (page & 4095));
	if (value(VMCS_GUEST_RIP) >= arena(P_APIC_ACCESS) && value(VMCS_GUEST_RIP) < arena(P_APIC_ACCESS + 1))
		put_value(VMCS_GUEST_RIP, arena(P_CODE));
}

/* An error code goes with the exceptions that have one. Where the CPU says that it goes with any (IA32_VMX_BASIC bit 56) Bochs takes it with all events. */
static void keep_event(void)
{
	u32 info = (u32)value(VMCS_ENTRY_INTERRUPTION_INFO);
	bool is_exception = INTERRUPTION_TYPE(info) == TYPE_HARDWARE_EXCEPTION && value(VMCS_GUEST_CR0) & 1;
	u32 error = is_exception && WITH_ERROR >> (info & 31) & 1 ? INTERRUPTION_HAS_ERROR : 0;

	if ((caps_common(CAP_BASIC) | caps_differ(CAP_BASIC)) >> 56 & 1)
		put_value(VMCS_ENTRY_INTERRUPTION_INFO, (info & ~INTERRUPTION_HAS_ERROR) | error);
}

/* The timer ends each L2. With the timer saved but not used the entry is refused. */
static void keep_timer(void)
{
	u64 timer = value(VMCS_PREEMPTION_TIMER_VALUE);

	if (!uses(VMCS_EXIT_CONTROLS, EXIT_CONTROL_SAVE_PREEMPTION_TIMER))
		add_bits(VMCS_PIN_CONTROLS, PIN, PIN_PREEMPTION_TIMER);
	if (timer && timer != TIMER)
		put_value(VMCS_PREEMPTION_TIMER_VALUE, timer & 1 ? 0 : TIMER);
}

/* Bochs looks at posted interrupts only with a TPR shadow. */
static void keep_posted(void)
{
	if (!uses(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW))
		put_value(VMCS_PIN_CONTROLS, value(VMCS_PIN_CONTROLS) & ~(u64)PIN_POSTED_INTERRUPTS);
}

void sanitize(void)
{
	keep_controls(VMCS_PIN_CONTROLS, PIN, caps_must(PIN));
	keep_controls(VMCS_PRIMARY_CONTROLS, PRIMARY, caps_must(PRIMARY));
	keep_controls(VMCS_SECONDARY_CONTROLS, SECONDARY, caps_must(SECONDARY));
	keep_controls(VMCS_EXIT_CONTROLS, EXIT, caps_must(EXIT));
	keep_controls(VMCS_ENTRY_CONTROLS, ENTRY, caps_must(ENTRY));
	keep_pages();
	keep_msr_area(VMCS_ENTRY_MSR_LOAD_ADDRESS, VMCS_ENTRY_MSR_LOAD_COUNT, P_ENTRY_MSRS);
	keep_msr_area(VMCS_EXIT_MSR_STORE_ADDRESS, VMCS_EXIT_MSR_STORE_COUNT, P_STORED_MSRS);
	keep_msr_area(VMCS_EXIT_MSR_LOAD_ADDRESS, VMCS_EXIT_MSR_LOAD_COUNT, P_EXIT_MSRS);
	keep_eptp();
	keep_host();
	keep_guest();
	keep_apic_access();
	keep_timer();
	keep_posted();
	keep_event();
}
