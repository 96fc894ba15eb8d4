/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of L2's own making whose delivery touches pages that are not in any table yet: IDT, TSS, stack. L0 sees the delivery cut short, L1 and L2
 * see nothing of it. IRET likewise, with NMIs blocked. Source: Intel SDM volume 3 "Information for VM Exits That Occur During Event Delivery".
 */
#include "vmx_ept.h"

#define IDT_COPY (MAPPED + 0x00000)
#define TSS_COPY (MAPPED + 0x10000)
#define STACK (MAPPED + 0x20000)
#define STACK_RING0 (MAPPED + 0x24000)
#define ABSENT 0x300000000ull     /* not mapped by L2's own tables */
#define GATE_RING3 (3ull << 45)

static struct trap_frame taken;
static u64 taken_count, taken_cr2;

static void take(struct trap_frame *f)
{
	taken = *f;
	taken_cr2 = READ_CR(2);
	taken_count++;
	f->rip = (u64)l2_vmcall;
}

static const struct own_event { const char *name; const u8 *code; u32 vector, skips; bool has_error; } events[] = {
	{ "INT n", l2_int52, 0x52, 2, false },
	{ "INT3", l2_breakpoint, 3, 1, false },
	{ "UD2", l2_ud2, VECTOR_UD, 0, false },
	{ "a page fault", l2_load, VECTOR_PF, 0, true },
};

static void use_copies(u64 flags)
{
	struct { u16 limit; u64 base; } packed idtr;
	u64 *gates = (u64 *)IDT_COPY;

	asm volatile("sidt %0" : "=m"(idtr));
	memcpy(gates, (void *)idtr.base, 4096);
	for (u32 i = 0; i < 512; i += 2)
		gates[i] |= GATE_RING3;
	memset((void *)TSS_COPY, 0, 104);
	*(u64 *)(TSS_COPY + 4) = STACK_RING0 + 0x1000;
	world_use_ept();
	set(VMCS_EPT_POINTER, world_eptp() | flags);
	set(VMCS_GUEST_IDTR_BASE, IDT_COPY);
	set(VMCS_GUEST_TR_BASE, TSS_COPY);
	set(VMCS_GUEST_RSP, STACK + 0x1000);
}

static void test_event(const struct own_event *e, u64 flags, bool ring3)
{
	world_reset();
	use_copies(flags);
	if (ring3)
		world_ring3();
	taken_count = 0;
	l2.rdi = ABSENT;
	expect(l2_run(e->code), EXIT_VMCALL, e->name);
	check(taken_count == 1 && taken.vector == e->vector, "%s: taken %lu times, vector %lu", e->name, taken_count, taken.vector);
	check(taken.rip == (u64)e->code + e->skips, "%s: RIP %lx, not %lx", e->name, taken.rip, (u64)e->code + e->skips);
	check(taken.cs == (ring3 ? CODE_RING3 : CODE_RING0), "%s: CS %lx", e->name, taken.cs);
	check(taken.rsp == STACK + 0x1000, "%s: RSP %lx", e->name, taken.rsp);
	check(!e->has_error || (taken.error == (ring3 ? 4 : 0) && taken_cr2 == ABSENT), "%s: error code %lx, CR2 %lx", e->name, taken.error, taken_cr2);
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "%s: vectoring %lx", e->name, field(VMCS_IDT_VECTORING_INFO));
	if (flags)
		check(*world_ept_entry(ring3 ? STACK_RING0 : STACK, 1) & DIRTY, "%s: the stack is not dirty", e->name);
}

/* An IRET that faults on its stack has not unblocked NMIs: the window opens behind the one that is done, not before. */
static void test_iret(u64 flags)
{
	u64 *frame = (u64 *)STACK;

	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING) || !world_can(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS))
		return;
	for (u32 absent = 0; absent < 2; absent++) {
		world_reset();
		use_copies(flags);
		world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
		world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING);
		set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
		frame[0] = (u64)l2_vmcall;
		frame[1] = CODE_RING0;
		frame[2] = 2;
		frame[3] = STACK + 0x1000;
		frame[4] = DATA_RING0;
		set(VMCS_GUEST_RSP, STACK);
		if (absent) {
			*world_ept_entry(STACK, 1) = 0;
			expect(l2_run(l2_iret), EXIT_EPT_VIOLATION, "IRET without a stack");
			check((field(VMCS_EXIT_QUALIFICATION) & 0x11FF) == (READ | LINEAR_VALID | 1 << 12), "its qualification %lx",
			      field(VMCS_EXIT_QUALIFICATION));
			check(!(field(VMCS_GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI), "NMIs are blocked behind it");
			check(field(VMCS_GUEST_RIP) == (u64)l2_iret, "its RIP %lx", field(VMCS_GUEST_RIP));
			/* what a hypervisor does then */
			set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
			*world_ept_entry(STACK, 1) = STACK | READ | WRITE | TYPE_WB;
		}
		expect(l2_run(l2_iret), EXIT_NMI_WINDOW, "IRET");
		check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "the NMI window opens at %lx", field(VMCS_GUEST_RIP));
	}
}

void vmx_test_ept_events(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		trap_set(events[i].vector, take);
	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		for (u32 ring3 = 0; ring3 < 2; ring3++) {
			test_event(&events[i], 0, ring3);
			if (ept_can(CAP_FLAGS))
				test_event(&events[i], EPTP_FLAGS, ring3);
		}
	test_iret(0);
	if (ept_can(CAP_FLAGS))
		test_iret(EPTP_FLAGS);
	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		trap_set(events[i].vector, NULL);
}
