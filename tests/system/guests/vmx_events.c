/* SPDX-License-Identifier: Apache-2.0 */
/* Injection, exceptions, interrupts, windows, NMI, preemption timer, MTF. Source: Intel SDM volume 3 "Event Injection", "Other Causes of VM Exits". */
#include "guest.h"
#include "vmx.h"

#define VECTOR_INJECTED 0x50u
#define VECTOR_SELF 0x51u
#define IF 0x200u
#define EVENT(type, vector) (INTERRUPTION_VALID | (type) << 8 | (vector))
#define ICR_SELF (1u << 18)
#define ICR_NMI (4u << 8)

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

static void test_injection(void)
{
	u32 before = this_cpu()->seen[VECTOR_INJECTED];

	world_reset();
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "injected interrupt");
	check(this_cpu()->seen[VECTOR_INJECTED] == before + 1, "L2 has not seen the injected interrupt");
	check(!(field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID), "the injected event is still valid");
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "next entry");
	check(this_cpu()->seen[VECTOR_INJECTED] == before + 1, "injected twice");

	/* an entry that fails takes its event with it */
	before = this_cpu()->seen[VECTOR_INJECTED];
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	set(VMCS_GUEST_GDTR_LIMIT, 0x10000);
	expect(l2_run(l2_vmcall), EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE, "event with a bad guest state");
	set(VMCS_GUEST_GDTR_LIMIT, 0xFFFF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, 0);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "no event after a failed one");
	check(this_cpu()->seen[VECTOR_INJECTED] == before, "the event of a failed entry came later");

	before = this_cpu()->seen[3];
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_SOFTWARE_EXCEPTION, 3u));
	set(VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
	expect(l2_run(l2_vmcall - 1 + 1), EXIT_VMCALL, "injected #BP");
	check(this_cpu()->seen[3] == before + 1, "L2 has not seen the injected #BP");
}

static void test_exceptions(void)
{
	world_reset();
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_UD | 1u << 3);
	expect(l2_run(l2_ud2), EXIT_EXCEPTION_OR_NMI, "UD2");
	check(field(VMCS_EXIT_INTERRUPTION_INFO) == EVENT(TYPE_HARDWARE_EXCEPTION, VECTOR_UD), "UD2's information %lx",
	      field(VMCS_EXIT_INTERRUPTION_INFO));
	expect(l2_run(l2_breakpoint), EXIT_EXCEPTION_OR_NMI, "INT3");
	check(field(VMCS_EXIT_INTERRUPTION_INFO) == EVENT(TYPE_SOFTWARE_EXCEPTION, 3u), "INT3's information %lx",
	      field(VMCS_EXIT_INTERRUPTION_INFO));
	check(field(VMCS_EXIT_INSTRUCTION_LENGTH) == 1, "INT3's length");
	/* an exception while an interrupt is delivered */
	set(VMCS_EXCEPTION_BITMAP, ~0u);
	set(VMCS_GUEST_IDTR_LIMIT, 0);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	expect(l2_run(l2_vmcall), EXIT_EXCEPTION_OR_NMI, "interrupt without a gate");
	check((field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF) == VECTOR_GP, "its exception %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
	check(field(VMCS_IDT_VECTORING_INFO) == EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED), "its vectoring information %lx",
	      field(VMCS_IDT_VECTORING_INFO));
	world_reset();
	set(VMCS_GUEST_IDTR_LIMIT, 0);
	expect(l2_run(l2_ud2), EXIT_TRIPLE_FAULT, "triple fault");
}

static void test_page_fault_filter(void)
{
	world_reset();
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_PF);
	set(VMCS_PAGE_FAULT_ERROR_MASK, 2);
	set(VMCS_PAGE_FAULT_ERROR_MATCH, 2);
	l2.rdi = 0x300000000ull;
	expect(l2_run(l2_store), EXIT_EXCEPTION_OR_NMI, "#PF by a write");
	check(field(VMCS_EXIT_QUALIFICATION) == 0x300000000ull, "its address %lx", field(VMCS_EXIT_QUALIFICATION));
	check(field(VMCS_EXIT_INTERRUPTION_ERROR_CODE) == 2, "its error code %lx", field(VMCS_EXIT_INTERRUPTION_ERROR_CODE));
}

static void test_interrupts(void)
{
	u32 before = this_cpu()->seen[VECTOR_SELF];

	world_reset();
	world_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	expect(l2_run(l2_spin), EXIT_EXTERNAL_INTERRUPT, "interrupt pending at entry");
	check(field(VMCS_EXIT_INTERRUPTION_INFO) == EVENT(0u, VECTOR_SELF), "its information %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
	interrupts_on();
	pause();
	interrupts_off();
	check(this_cpu()->seen[VECTOR_SELF] == before, "acknowledged, and delivered all the same");
	lapic_eoi();

	world_clear_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	expect(l2_run(l2_spin), EXIT_EXTERNAL_INTERRUPT, "interrupt without acknowledgement");
	check(!(field(VMCS_EXIT_INTERRUPTION_INFO) & INTERRUPTION_VALID), "its information is valid");
	interrupts_on();
	WAIT_FOR(this_cpu()->seen[VECTOR_SELF] == before + 1, 1000000);
	interrupts_off();
	check(this_cpu()->seen[VECTOR_SELF] == before + 1, "the interrupt is lost");

	/* L1 that does not intercept: first one that waits for L2's IF, and is L1's in the end; then one that L2's own gates take */
	world_clear_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "interrupt that L2 keeps out");
	interrupts_on();
	check(WAIT_FOR(this_cpu()->seen[VECTOR_SELF] == before + 2, 1000000), "the interrupt L2 kept out is lost");
	interrupts_off();
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "after an interrupt L2 kept out");
	set(VMCS_GUEST_RFLAGS, 2);
	world_control(VMCS_PIN_CONTROLS, 0);
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	if (!world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
		return;
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 200000);
	expect(l2_run(l2_sti_spin), EXIT_PREEMPTION_TIMER, "interrupt for L2");
	check(this_cpu()->seen[VECTOR_SELF] == before + 3, "L2 has not seen the interrupt");
}

/* An event is delivered whole before the interrupt that is pending with it, whatever the delivery has to wait for. */
static void test_interrupt_after_injection(void)
{
	struct cpu *me = this_cpu();
	u32 before = me->seen[VECTOR_INJECTED], own = me->seen[VECTOR_SELF];

	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
		return;
	world_reset();
	world_use_ept(); /* no translation of L2's is left: IDT, GDT and stack are looked up amid the delivery */
	world_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	expect(l2_run(l2_vmcall), EXIT_EXTERNAL_INTERRUPT, "interrupt pending with an injected one");
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "amid the delivery: %lx", field(VMCS_IDT_VECTORING_INFO));
	check(field(VMCS_GUEST_RIP) != (u64)l2_vmcall, "before the delivery");
	check(me->seen[VECTOR_INJECTED] == before, "after the handler's first instruction");
	lapic_eoi();
	expect(l2_continue(), EXIT_VMCALL, "after the interrupt");
	check(me->seen[VECTOR_INJECTED] == before + 1, "L2 has seen the injected interrupt %u times", me->seen[VECTOR_INJECTED] - before);
	check(me->seen[VECTOR_SELF] == own, "acknowledged, and delivered all the same");
}

static void test_window(void)
{
	world_reset();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW_EXITING);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "window with IF clear");
	expect(l2_run(l2_sti_spin), EXIT_INTERRUPT_WINDOW, "window after STI");
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_GUEST_INTERRUPTIBILITY, 0);
	expect(l2_run(l2_vmcall), EXIT_INTERRUPT_WINDOW, "window with IF set");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "before the first instruction");
}

static void test_nmi(void)
{
	world_reset();
	world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	lapic_send(0, ICR_NMI); /* to itself: L1 takes it, its handler's IRET unblocks */
	check(WAIT_FOR(this_cpu()->seen[VECTOR_NMI], 1000000), "no NMI");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING);
	expect(l2_run(l2_vmcall), EXIT_NMI_WINDOW, "NMI window");
	u32 before = this_cpu()->seen[VECTOR_NMI];
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_NMI, VECTOR_NMI));
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "injected NMI");
	check(this_cpu()->seen[VECTOR_NMI] == before + 1, "L2 has not seen the injected NMI");
	set(VMCS_GUEST_INTERRUPTIBILITY, BLOCKING_BY_NMI);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_NMI, VECTOR_NMI));
	expect(l2_run(l2_vmcall), EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE, "NMI while blocked");
}

static void test_preemption_timer(void)
{
	if (!world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
		return;
	world_reset();
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 2000);
	expect(l2_run(l2_spin), EXIT_PREEMPTION_TIMER, "timer");
	check(field(VMCS_PREEMPTION_TIMER_VALUE) == 2000, "the timer was saved: %lx", field(VMCS_PREEMPTION_TIMER_VALUE));
	set(VMCS_PREEMPTION_TIMER_VALUE, 0);
	expect(l2_run(l2_vmcall), EXIT_PREEMPTION_TIMER, "timer at 0");
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_SAVE_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 0x10000000);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "long timer");
	check(field(VMCS_PREEMPTION_TIMER_VALUE) <= 0x10000000, "the timer grew");
	set(VMCS_PREEMPTION_TIMER_VALUE, 1000);
	expect(l2_run(l2_spin), EXIT_PREEMPTION_TIMER, "timer");
	check(field(VMCS_PREEMPTION_TIMER_VALUE) == 0, "what is left: %lx", field(VMCS_PREEMPTION_TIMER_VALUE));
}

static void test_monitor_trap(void)
{
	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG))
		return;
	world_reset();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
	expect(l2_run(l2_rdtsc), EXIT_MONITOR_TRAP_FLAG, "MTF");
	check(field(VMCS_GUEST_RIP) == (u64)l2_rdtsc + 2, "after one instruction");
}

void vmx_test_events(void)
{
	trap_set(VECTOR_INJECTED, nothing);
	trap_set(VECTOR_NMI, nothing);
	trap_set(3, nothing);
	trap_set(VECTOR_SELF, end_interrupt);
	lapic_enable();
	test_injection();
	test_exceptions();
	test_page_fault_filter();
	test_interrupts();
	test_interrupt_after_injection();
	test_window();
	test_nmi();
	test_preemption_timer();
	test_monitor_trap();
}
