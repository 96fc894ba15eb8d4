/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM entries that must fail: one change to a valid VMCS each. VMfail 7 and 8 leave everything as it was; exit reasons 33 and 34 come back at
 * HOST_RIP. Source: Intel SDM volume 3 "VM Entries".
 */
#include "guest.h"
#include "vmx.h"

#define NOT_CANONICAL 0x8000000000000000ull
#define WIDE 0x4000000000000ull
#define EVENT(type, vector) (INTERRUPTION_VALID | (type) << 8 | (vector))

enum expected { CONTROLS = VMERR_ENTRY_CONTROLS, HOST = VMERR_ENTRY_HOST_STATE, GUEST = EXIT_ENTRY_GUEST_STATE };

static const struct refusal {
	const char *name;
	enum expected expected;
	u64 field, set, clear;
	u64 qualification;
} refusals[] = {
	{ "pin reserved", CONTROLS, VMCS_PIN_CONTROLS, 1u << 31, 0, 0 },
	{ "pin must be 1", CONTROLS, VMCS_PIN_CONTROLS, 0, 2, 0 },
	{ "virtual NMIs alone", CONTROLS, VMCS_PIN_CONTROLS, PIN_VIRTUAL_NMIS, PIN_NMI_EXITING, 0 },
	{ "NMI window alone", CONTROLS, VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING, 0, 0 },
	{ "secondary reserved", CONTROLS, VMCS_SECONDARY_CONTROLS, 1u << 31, 0, 0 },
	{ "CR3 targets", CONTROLS, VMCS_CR3_TARGET_COUNT, 200, 0, 0 },
	{ "I/O bitmap A", CONTROLS, VMCS_IO_BITMAP_A, 1, 0, 0 },
	{ "I/O bitmap B", CONTROLS, VMCS_IO_BITMAP_B, WIDE, 0, 0 },
	{ "MSR bitmap", CONTROLS, VMCS_MSR_BITMAP, 8, 0, 0 },
	{ "TPR shadow, no page", CONTROLS, VMCS_VIRTUAL_APIC_ADDRESS, 1, 0, 0 },
	{ "VPID 0", CONTROLS, VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VPID, 0, 0 },
	{ "unrestricted without EPT", CONTROLS, VMCS_SECONDARY_CONTROLS, SECONDARY_UNRESTRICTED_GUEST, 0, 0 },
	{ "EPTP 0", CONTROLS, VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT, 0, 0 },
	{ "exit reserved", CONTROLS, VMCS_EXIT_CONTROLS, 1u << 31, 0, 0 },
	{ "save timer alone", CONTROLS, VMCS_EXIT_CONTROLS, EXIT_CONTROL_SAVE_PREEMPTION_TIMER, 0, 0 },
	{ "exit MSR store", CONTROLS, VMCS_EXIT_MSR_STORE_ADDRESS, 8, 0, 0 },
	{ "exit MSR load", CONTROLS, VMCS_EXIT_MSR_LOAD_ADDRESS, WIDE, 0, 0 },
	{ "entry MSR load", CONTROLS, VMCS_ENTRY_MSR_LOAD_ADDRESS, 4, 0, 0 },
	{ "entry to SMM", CONTROLS, VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_ENTRY_TO_SMM, 0, 0 },
	{ "event type", CONTROLS, VMCS_ENTRY_INTERRUPTION_INFO, EVENT(1u, 0u), 0, 0 },
	{ "event NMI 3", CONTROLS, VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_NMI, 3u), 0, 0 },
	{ "event exception 32", CONTROLS, VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_HARDWARE_EXCEPTION, 32u), 0, 0 },
	{ "event #GP without code", CONTROLS, VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_HARDWARE_EXCEPTION, 13u), 0, 0 },
	{ "event #UD with code", CONTROLS, VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_HARDWARE_EXCEPTION, 6u) | 1 << 11, 0, 0 },
	{ "event reserved", CONTROLS, VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, 32u) | 1 << 13, 0, 0 },
	{ "host CR0", HOST, VMCS_HOST_CR0, 0, 0x20, 0 },
	{ "host CR4", HOST, VMCS_HOST_CR4, 0, 0x2000, 0 },
	{ "host CR4 PAE", HOST, VMCS_HOST_CR4, 0, 0x20, 0 },
	{ "host CR3", HOST, VMCS_HOST_CR3, WIDE, 0, 0 },
	{ "host EFER", HOST, VMCS_HOST_IA32_EFER, 0, 0x400, 0 },
	{ "host EFER reserved", HOST, VMCS_HOST_IA32_EFER, 2, 0, 0 },
	{ "host CS null", HOST, VMCS_HOST_CS_SELECTOR, 0, 0xFFFF, 0 },
	{ "host TR null", HOST, VMCS_HOST_TR_SELECTOR, 0, 0xFFFF, 0 },
	{ "host SS RPL", HOST, VMCS_HOST_SS_SELECTOR, 3, 0, 0 },
	{ "host DS TI", HOST, VMCS_HOST_DS_SELECTOR, 4, 0, 0 },
	{ "host FS base", HOST, VMCS_HOST_FS_BASE, NOT_CANONICAL, 0, 0 },
	{ "host TR base", HOST, VMCS_HOST_TR_BASE, NOT_CANONICAL, 0, 0 },
	{ "host GDTR base", HOST, VMCS_HOST_GDTR_BASE, NOT_CANONICAL, 0, 0 },
	{ "host SYSENTER ESP", HOST, VMCS_HOST_IA32_SYSENTER_ESP, NOT_CANONICAL, 0, 0 },
	{ "guest CR0", GUEST, VMCS_GUEST_CR0, 0, 0x20, 0 },
	{ "guest CR0 PE", GUEST, VMCS_GUEST_CR0, 0, 1, 0 },
	{ "guest CR4", GUEST, VMCS_GUEST_CR4, 0, 0x2000, 0 },
	{ "guest CR3", GUEST, VMCS_GUEST_CR3, WIDE, 0, 0 },
	{ "guest EFER", GUEST, VMCS_GUEST_IA32_EFER, 0, 0x400, 0 },
	{ "guest EFER reserved", GUEST, VMCS_GUEST_IA32_EFER, 2, 0, 0 },
	{ "guest DR7", GUEST, VMCS_GUEST_DR7, 1ull << 32, 0, 0 },
	{ "guest RFLAGS", GUEST, VMCS_GUEST_RFLAGS, 0, 2, 0 },
	{ "guest CS type", GUEST, VMCS_GUEST_CS_ACCESS_RIGHTS, 0, 8, 0 },
	{ "guest TR unusable", GUEST, VMCS_GUEST_TR_ACCESS_RIGHTS, 0x10000, 0, 0 },
	{ "guest GDTR base", GUEST, VMCS_GUEST_GDTR_BASE, NOT_CANONICAL, 0, 0 },
	{ "guest IDTR limit", GUEST, VMCS_GUEST_IDTR_LIMIT, 0x10000, 0, 0 },
	{ "guest SYSENTER EIP", GUEST, VMCS_GUEST_IA32_SYSENTER_EIP, NOT_CANONICAL, 0, 0 },
	{ "activity 4", GUEST, VMCS_GUEST_ACTIVITY_STATE, 4, 0, 0 },
	{ "blocking reserved", GUEST, VMCS_GUEST_INTERRUPTIBILITY, 1 << 6, 0, 0 },
	{ "blocking by STI and MOV SS", GUEST, VMCS_GUEST_INTERRUPTIBILITY, 3, 0, 0 },
	{ "blocking by STI, IF clear", GUEST, VMCS_GUEST_INTERRUPTIBILITY, 1, 0, 0 },
	{ "pending debug reserved", GUEST, VMCS_GUEST_PENDING_DEBUG, 1 << 4, 0, 0 },
	{ "link unaligned", GUEST, VMCS_LINK_POINTER, 0x10, ~0ull, 4 },
	{ "link too wide", GUEST, VMCS_LINK_POINTER, WIDE, ~0ull, 4 },
	{ "link no VMCS", GUEST, VMCS_LINK_POINTER, 0x3000000, ~0ull, 4 },
};

static u64 count_of(u64 area)
{
	return area == VMCS_EXIT_MSR_STORE_ADDRESS ? VMCS_EXIT_MSR_STORE_COUNT :
	       area == VMCS_EXIT_MSR_LOAD_ADDRESS ? VMCS_EXIT_MSR_LOAD_COUNT : VMCS_ENTRY_MSR_LOAD_COUNT;
}

static void prepare(const struct refusal *r)
{
	world_reset();
	if (r->field == VMCS_VIRTUAL_APIC_ADDRESS)
		world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW);
	if (r->field >= VMCS_EXIT_MSR_STORE_ADDRESS && r->field <= VMCS_ENTRY_MSR_LOAD_ADDRESS)
		set(count_of(r->field), 1);
	set(VMCS_GUEST_RIP, (u64)l2_vmcall);
	set(r->field, (field(r->field) & ~r->clear) | r->set);
}

static void expect_vmfail(const struct refusal *r)
{
	u32 result = l2_continue();

	if (check(result == L2_FAILED + VM_FAIL_VALID, "%s: %x, not VMfailValid", r->name, result))
		check(instruction_error() == (u64)r->expected, "%s: error %lu, not %u", r->name, instruction_error(), (u32)r->expected);
}

static void expect_exit(const struct refusal *r)
{
	u32 result = l2_continue();
	u32 wanted = (u32)r->expected | EXIT_REASON_ENTRY_FAILURE;

	if (check(result == wanted, "%s: %x, not %x", r->name, result, wanted))
		check(field(VMCS_EXIT_QUALIFICATION) == r->qualification, "%s: qualification %lx", r->name, field(VMCS_EXIT_QUALIFICATION));
}

static void test_refusals(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];

		prepare(r);
		if (r->expected == GUEST)
			expect_exit(r);
		else
			expect_vmfail(r);
		/* nothing is left of it */
		set(r->field, (field(r->field) & ~r->set) | r->clear);
		world_reset();
		check(l2_run(l2_vmcall) == EXIT_VMCALL, "%s: no entry afterwards", r->name);
	}
}

static struct { u32 index, zero; u64 value; } area[3] __attribute__((aligned(16)));

static void load_area(u32 count, u32 failing)
{
	u32 reason;

	world_reset();
	set(VMCS_ENTRY_MSR_LOAD_ADDRESS, (u64)area);
	set(VMCS_ENTRY_MSR_LOAD_COUNT, count);
	reason = l2_run(l2_vmcall);
	if (!failing) {
		check(reason == EXIT_VMCALL, "MSR load: %x", reason);
		return;
	}
	check(reason == (EXIT_ENTRY_MSR_LOADING | EXIT_REASON_ENTRY_FAILURE), "MSR load of %x: %x", area[failing - 1].index, reason);
	check(field(VMCS_EXIT_QUALIFICATION) == failing, "MSR load: entry %lu, not %u", field(VMCS_EXIT_QUALIFICATION), failing);
}

#define MSR_STAR 0xC0000081u
#define MSR_FMASK 0xC0000084u

static void test_msr_areas(void)
{
	area[0] = (typeof(area[0])){ MSR_STAR, 0, 0x1122334455667788 };
	area[1] = (typeof(area[0])){ MSR_FMASK, 0, 0x200 };
	load_area(2, 0);
	check(rdmsr(MSR_STAR) == 0x1122334455667788, "an entry's MSR was not loaded");
	area[1].index = 0xC0000100; /* FS base */
	load_area(2, 2);
	area[1].index = 0x802;      /* an x2APIC register */
	load_area(2, 2);
	area[1].index = 0x12345678; /* none at all */
	load_area(2, 2);
	area[1] = (typeof(area[0])){ MSR_FMASK, 1, 0 };
	load_area(2, 2);
	area[0].zero = 1;
	load_area(1, 1);

	area[0] = (typeof(area[0])){ MSR_STAR, 0, 0 };
	area[1] = (typeof(area[0])){ MSR_STAR, 0, 0x77 };
	world_reset();
	set(VMCS_EXIT_MSR_STORE_ADDRESS, (u64)area);
	set(VMCS_EXIT_MSR_STORE_COUNT, 1);
	set(VMCS_EXIT_MSR_LOAD_ADDRESS, (u64)&area[1]);
	set(VMCS_EXIT_MSR_LOAD_COUNT, 1);
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "exit with MSR areas");
	check(area[0].value == 0x1122334455667788, "stored %lx", area[0].value);
	check(rdmsr(MSR_STAR) == 0x77, "an exit's MSR was not loaded");
}

/* MOV SS holds VM entry off for one instruction. */
static void test_mov_ss(void)
{
	u8 carry, zero;

	world_reset();
	set(VMCS_GUEST_RIP, (u64)l2_vmcall);
	asm volatile("mov %%ss, %%eax; mov %%eax, %%ss; vmlaunch; setc %0; setz %1" : "=q"(carry), "=q"(zero) : : "eax", "memory", "cc");
	check(!carry && zero, "VMLAUNCH after MOV SS");
	check(instruction_error() == VMERR_ENTRY_MOV_SS, "VMLAUNCH after MOV SS: error %lu", instruction_error());
}

void vmx_test_entry(void)
{
	test_refusals();
	test_msr_areas();
	test_mov_ss();
}
