/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NMIs and their blocking, real and virtual; both windows; what wakes a halted L2; activity states.
 * Source: Intel SDM volume 3 "Interrupt-Window Exiting and Virtual-Interrupt Delivery", "Virtual NMIs" (of the controls), "Guest Non-Register State".
 */
#include "guest.h"
#include "vmx.h"

#define IF 0x200u
#define ICR_SELF (1u << 18)
#define ICR_NMI (4u << 8)
#define VECTOR_SELF 0x51u
#define VECTOR_INJECTED 0x50u
#define EVENT(type, vector) (INTERRUPTION_VALID | (type) << 8 | (vector))
#define MISC_ACTIVITIES(misc) ((misc) >> 6 & 7)
#define REFUSED (EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE)

extern const u8 l2_handler[], l2_handler_iret[], l2_mov_ss[], l2_mov_ss_next[], l2_nop_spin[];

static struct page idt_copy;

static void nothing(struct trap_frame *f)
{
	(void)f;
}

static void end_interrupt(struct trap_frame *f)
{
	(void)f;
	lapic_eoi();
}

static void expect(u32 reason, u32 wanted, const char *what)
{
	check(reason == wanted, "%s: exit %x, not %x", what, reason, wanted);
}

/* L2's handlers of NMI and of the injected interrupt are l2_handler: VMCALL, then IRET. */
static void use_handler(void)
{
	struct { u16 limit; u64 base; } packed idtr;
	u64 gate = (u64)l2_handler;

	asm volatile("sidt %0" : "=m"(idtr));
	memcpy(&idt_copy, (void *)idtr.base, sizeof(idt_copy));
	for (u32 vector = VECTOR_NMI; vector <= VECTOR_INJECTED; vector += VECTOR_INJECTED - VECTOR_NMI)
		idt_copy.word[2 * vector] = (gate & 0xFFFF) | CODE_RING0 << 16 | 0x8E00ull << 32 | (gate >> 16 & 0xFFFF) << 48;
	set(VMCS_GUEST_IDTR_BASE, (u64)&idt_copy);
}

static void iret(void)
{
	asm volatile("movq %%rsp, %%rax; pushq %0; pushq %%rax; pushfq; pushq %1; pushq $1f; iretq; 1:" : : "i"(DATA_RING0), "i"(CODE_RING0)
		     : "rax", "memory");
}

static void send_nmi(void)
{
	lapic_send(0, ICR_NMI);
}

static void both_windows(void)
{
	world_reset();
	world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING | PRIMARY_INTERRUPT_WINDOW_EXITING);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
}

static void test_windows(void)
{
	both_windows();
	expect(l2_run(l2_vmcall), EXIT_NMI_WINDOW, "both windows");
	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
	expect(l2_run(l2_vmcall), EXIT_INTERRUPT_WINDOW, "both windows, NMIs blocked");
	check(field(VMCS_GUEST_INTERRUPTIBILITY) == BLOCKING_BY_NMI, "blocking by NMI is lost: %lx", field(VMCS_GUEST_INTERRUPTIBILITY));
	set(VMCS_GUEST_RFLAGS, 2);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "both windows closed");
	set(VMCS_GUEST_INTERRUPTIBILITY, 0);
	expect(l2_run(l2_vmcall), EXIT_NMI_WINDOW, "NMI window with IF clear");
	/* a shadow of MOV SS keeps both closed for one instruction */
	both_windows();
	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
	expect(l2_run(l2_vmcall), EXIT_NMI_WINDOW, "NMI window behind MOV SS");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall + 1, "NMI window behind MOV SS: RIP %lx", field(VMCS_GUEST_RIP));
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING);
	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
	expect(l2_run(l2_vmcall), EXIT_INTERRUPT_WINDOW, "interrupt window behind STI");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall + 1, "interrupt window behind STI: RIP %lx", field(VMCS_GUEST_RIP));
	expect(l2_run(l2_mov_ss), EXIT_INTERRUPT_WINDOW, "window before MOV SS");
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW_EXITING);
	l2.rax = DATA_RING0;
	expect(l2_run(l2_mov_ss), EXIT_VMCALL, "exit in a shadow of MOV SS");
	check(field(VMCS_GUEST_INTERRUPTIBILITY) == BLOCKING_BY_MOV_SS, "the shadow of MOV SS is lost: %lx", field(VMCS_GUEST_INTERRUPTIBILITY));
}

static void test_virtual_nmis(void)
{
	u32 before = this_cpu()->seen[VECTOR_NMI];

	world_reset();
	use_handler();
	world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_NMI, VECTOR_NMI));
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "in the NMI handler");
	check(field(VMCS_GUEST_RIP) == (u64)l2_handler, "in the NMI handler: RIP %lx", field(VMCS_GUEST_RIP));
	check(field(VMCS_GUEST_INTERRUPTIBILITY) == BLOCKING_BY_NMI, "in the NMI handler: blocking %lx", field(VMCS_GUEST_INTERRUPTIBILITY));
	/* virtual blocking is L2's: L1 can take NMIs */
	send_nmi();
	check(WAIT_FOR(this_cpu()->seen[VECTOR_NMI] == before + 1, 1000000), "L1's NMIs are blocked by L2's");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING);
	expect(l2_run(l2_handler_iret), EXIT_NMI_WINDOW, "behind IRET");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "behind IRET: RIP %lx", field(VMCS_GUEST_RIP));
	check(field(VMCS_GUEST_INTERRUPTIBILITY) == 0, "behind IRET: blocking %lx", field(VMCS_GUEST_INTERRUPTIBILITY));
}

/* Without virtual NMIs blocking is the CPU's: it goes over from L2's handler to L1, until IRET. */
static void test_real_blocking(void)
{
	u32 before = this_cpu()->seen[VECTOR_NMI];

	world_reset();
	use_handler();
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_NMI, VECTOR_NMI));
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "in the NMI handler");
	send_nmi();
	WAIT_FOR(false, 100000);
	check(this_cpu()->seen[VECTOR_NMI] == before, "an NMI came while L2 handled one");
	iret();
	check(WAIT_FOR(this_cpu()->seen[VECTOR_NMI] == before + 1, 1000000), "the NMI is lost");
}

/* An NMI that waits while L1 blocks NMIs: L2's if L1 does not intercept it, an exit otherwise, which blocks NMIs again. */
static void test_pending_nmi(void)
{
	u32 before;

	for (u32 exits = 0; exits < 2; exits++) {
		/* blocked by the NMI L2 has handled, as in test_real_blocking() */
		world_reset();
		use_handler();
		set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_NMI, VECTOR_NMI));
		expect(l2_run(l2_vmcall), EXIT_VMCALL, "in the NMI handler");
		before = this_cpu()->seen[VECTOR_NMI];
		send_nmi();
		set(VMCS_GUEST_INTERRUPTIBILITY, 0);
		if (exits)
			world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
		/* with virtual NMIs L2's blocking does not hold a real one back */
		set(VMCS_GUEST_INTERRUPTIBILITY, exits ? BLOCKING_BY_NMI : 0);
		set(VMCS_GUEST_RFLAGS, 2);
		u32 reason = l2_run(l2_nop_spin);
		if (exits) {
			expect(reason, EXIT_EXCEPTION_OR_NMI, "NMI with exiting");
			check(field(VMCS_EXIT_INTERRUPTION_INFO) == EVENT(TYPE_NMI, VECTOR_NMI), "its information %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
			check(field(VMCS_GUEST_INTERRUPTIBILITY) == BLOCKING_BY_NMI, "L2's blocking is %lx", field(VMCS_GUEST_INTERRUPTIBILITY));
		} else {
			expect(reason, EXIT_VMCALL, "NMI without exiting");
			check(field(VMCS_GUEST_RIP) == (u64)l2_handler, "NMI without exiting: RIP %lx", field(VMCS_GUEST_RIP));
		}
		check(this_cpu()->seen[VECTOR_NMI] == before, "L1 took the NMI as well");
		send_nmi();
		WAIT_FOR(false, 100000);
		check(this_cpu()->seen[VECTOR_NMI] == before, "NMIs are not blocked behind one");
		iret();
		check(WAIT_FOR(this_cpu()->seen[VECTOR_NMI] == before + 1, 1000000), "the next NMI is lost");
	}
}

static void halted(void)
{
	world_reset();
	set(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_HLT);
}

/* Bochs sleeps through an open window: its own timer ends that. */
static void expect_window(u32 wanted, const char *what)
{
	if (!world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
		return;
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 100000);
	u32 reason = l2_run(l2_vmcall);
	check(reason == wanted || reason == EXIT_PREEMPTION_TIMER, "%s: exit %x", what, reason);
}

static void test_halted_windows(void)
{
	halted();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW_EXITING);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	expect_window(EXIT_INTERRUPT_WINDOW, "halted, interrupt window");
	halted();
	world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING);
	expect_window(EXIT_NMI_WINDOW, "halted, NMI window");
}

/* Whatever ends HLT or exits from it does so for a halted L2. */
static void test_halted(void)
{
	halted();
	use_handler();
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "halted, an interrupt injected");
	check(field(VMCS_GUEST_RIP) == (u64)l2_handler && field(VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_ACTIVE, "halted, an interrupt injected: RIP %lx",
	      field(VMCS_GUEST_RIP));
	halted();
	world_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	expect(l2_run(l2_vmcall), EXIT_EXTERNAL_INTERRUPT, "halted, an interrupt for L1");
	interrupts_on();
	pause();
	interrupts_off();
	if (!world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
		return;
	halted();
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 1000);
	expect(l2_run(l2_vmcall), EXIT_PREEMPTION_TIMER, "halted, timer");
	check(field(VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_HLT, "halted, timer: activity %lx", field(VMCS_GUEST_ACTIVITY_STATE));
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "halted, timer: RIP %lx", field(VMCS_GUEST_RIP));
}

static void test_refused_states(void)
{
	u64 offered = MISC_ACTIVITIES(rdmsr(0x485));

	for (u64 activity = ACTIVITY_HLT; activity < 8; activity++) {
		if (activity <= ACTIVITY_WAIT_FOR_SIPI && offered >> (activity - 1) & 1)
			continue;
		world_reset();
		set(VMCS_GUEST_ACTIVITY_STATE, activity);
		expect(l2_run(l2_vmcall), REFUSED, "activity state that is not offered");
	}
	halted();
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_STI);
	expect(l2_run(l2_vmcall), REFUSED, "halted in a shadow of STI");
	halted();
	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_MOV_SS);
	expect(l2_run(l2_vmcall), REFUSED, "halted in a shadow of MOV SS");
	halted();
	world_ring3();
	expect(l2_run(l2_vmcall), REFUSED, "halted in ring 3");
}

void vmx_test_windows(void)
{
	trap_set(VECTOR_NMI, nothing);
	trap_set(VECTOR_SELF, end_interrupt);
	lapic_enable();
	test_windows();
	test_virtual_nmis();
	test_real_blocking();
	test_pending_nmi();
	test_halted();
	test_halted_windows();
	test_refused_states();
}
