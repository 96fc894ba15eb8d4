/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interrupts: recognition, delivery, EOI, priority, self-IPI, HLT. Source: Intel SDM volume 3 "Evaluation and Delivery of Virtual Interrupts",
 * "Self-IPI Virtualization", "EOI Virtualization".
 */
#include "vmx_apic.h"

#define X2 SECONDARY_VIRTUALIZE_X2APIC
#define DELIVERY SECONDARY_VIRTUAL_INTERRUPT_DELIVERY
#define ACCESSES SECONDARY_VIRTUALIZE_APIC_ACCESSES
#define REGISTERS SECONDARY_APIC_REGISTER_VIRTUALIZATION

static u32 seen_low, seen_high;

static void end_interrupt(struct trap_frame *f)
{
	(void)f;
	lapic_eoi();
}

static void delivery_world(u32 secondary)
{
	apic_world(DELIVERY | secondary);
	set(VMCS_GUEST_RFLAGS, 2 | RFLAGS_IF);
	seen_low = this_cpu()->seen[VECTOR_LOW];
	seen_high = this_cpu()->seen[VECTOR_HIGH];
}

static void expect_seen(u32 low, u32 high, const char *what)
{
	check(this_cpu()->seen[VECTOR_LOW] - seen_low == low, "%s: L2 took the low interrupt %u times", what,
	      this_cpu()->seen[VECTOR_LOW] - seen_low);
	check(this_cpu()->seen[VECTOR_HIGH] - seen_high == high, "%s: L2 took the high interrupt %u times", what,
	      this_cpu()->seen[VECTOR_HIGH] - seen_high);
}

static void expect_status(u64 status, const char *what)
{
	check(field(VMCS_GUEST_INTERRUPT_STATUS) == status, "%s: interrupt status %lx, not %lx", what, field(VMCS_GUEST_INTERRUPT_STATUS),
	      status);
}

static void set_eoi_exit(u32 vector)
{
	for (u32 i = 0; i < 4; i++)
		set(VMCS_EOI_EXIT_BITMAP_0 + 2 * i, i == vector / 64 ? 1ull << (vector & 63) : 0);
}

/* In service until the EOI: IRR, ISR, PPR and the status tell. */
static void test_delivery(void)
{
	delivery_world(X2);
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "virtual interrupt at entry");
	expect_seen(1, 0, "at entry");
	expect_status(STATUS(VECTOR_LOW, 0), "in service");
	check(apic_bit(APIC_ISR, VECTOR_LOW) && !apic_bit(APIC_IRR, VECTOR_LOW), "in service: ISR or IRR is wrong");
	check(*apic_register(APIC_PPR) == (VECTOR_LOW & 0xF0), "in service: PPR is %x", *apic_register(APIC_PPR));
	/* of the same class: waits; of a higher: does not */
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "entry with a vector of the same class");
	expect_seen(1, 0, "same class");
	apic_request(VECTOR_HIGH);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "entry with a vector of a higher class");
	expect_seen(1, 1, "higher class");
	expect_status(STATUS(VECTOR_HIGH, VECTOR_LOW), "nested");
}

static void test_blocking(void)
{
	delivery_world(X2);
	set(VMCS_GUEST_RFLAGS, 2);
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "IF clear");
	expect_seen(0, 0, "IF clear");
	apic_expect(l2_run(l2_sti_nops), EXIT_VMCALL, "STI");
	expect_seen(1, 0, "after STI");
	expect_status(STATUS(VECTOR_LOW, 0), "after STI");
	/* the TPR holds it back until it is lowered */
	delivery_world(X2);
	*apic_register(APIC_TPR) = 0x60;
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "held back by the TPR");
	expect_seen(0, 0, "held back by the TPR");
	check(*apic_register(APIC_PPR) == 0x60, "PPR is %x, not the TPR", *apic_register(APIC_PPR));
	apic_expect(l2_run(l2_lower_cr8), EXIT_VMCALL, "TPR lowered");
	expect_seen(1, 0, "TPR lowered");
	/* an interrupt window comes first, and holds it back while it is asked for */
	delivery_world(X2);
	apic_request(VECTOR_LOW);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW_EXITING);
	apic_expect(l2_run(l2_vmcall), EXIT_INTERRUPT_WINDOW, "window and virtual interrupt");
	expect_seen(0, 0, "window");
	expect_status(STATUS(0, VECTOR_LOW), "window");
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_INTERRUPT_WINDOW_EXITING);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "window closed");
	expect_seen(1, 0, "window closed");
}

static void test_eoi(enum eoi_way way, u32 secondary)
{
	delivery_world(secondary);
	eoi_way = way;
	apic_request(VECTOR_LOW);
	apic_request(VECTOR_HIGH);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "two virtual interrupts");
	expect_seen(1, 1, "two");
	expect_status(0, "two");
	check(!apic_bit(APIC_ISR, VECTOR_LOW) && !apic_bit(APIC_ISR, VECTOR_HIGH), "ISR after EOI");
	check(*apic_register(APIC_PPR) == 0, "PPR after EOI is %x", *apic_register(APIC_PPR));
	set_eoi_exit(VECTOR_HIGH);
	apic_request(VECTOR_LOW);
	apic_request(VECTOR_HIGH);
	apic_expect(l2_run(l2_vmcall), EXIT_VIRTUALIZED_EOI, "EOI of a vector in the bitmap");
	check(field(VMCS_EXIT_QUALIFICATION) == VECTOR_HIGH, "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	expect_status(STATUS(0, VECTOR_LOW), "after the EOI");
	apic_expect(l2_continue(), EXIT_VMCALL, "on after the EOI");
	expect_seen(2, 2, "EOI exit");
	set_eoi_exit(0);
}

static void test_self_ipi(void)
{
	delivery_world(X2);
	eoi_way = EOI_MSR;
	l2.rcx = X2APIC(APIC_SELF_IPI);
	l2.rax = VECTOR_HIGH;
	l2.rdx = 0;
	apic_expect(l2_run(l2_wrmsr_nops), EXIT_VMCALL, "self-IPI");
	expect_seen(0, 1, "self-IPI");
	if (!apic_can(ACCESSES))
		return;
	delivery_world(ACCESSES);
	eoi_way = EOI_PAGE;
	l2.rdi = (u64)&access_page + APIC_ICR;
	l2.rax = 1 << 18 | VECTOR_LOW;
	apic_expect(l2_run(l2_store32), EXIT_VMCALL, "self-IPI by the ICR");
	expect_seen(1, 0, "self-IPI by the ICR");
	l2.rax = VECTOR_LOW; /* to APIC 0: L1's to send */
	apic_expect(l2_run(l2_store32), EXIT_APIC_WRITE, "IPI by the ICR");
	check(field(VMCS_EXIT_QUALIFICATION) == APIC_ICR, "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	/* with the page, EOI is virtual and the rest is not */
	l2.rdi = (u64)&access_page + APIC_ID;
	apic_expect(l2_run(l2_load32), EXIT_APIC_ACCESS, "another register");
}

/* L1 does not want HLT: a halted L2 wakes by itself. */
static void test_halt(void)
{
	delivery_world(X2);
	eoi_way = EOI_MSR;
	set(VMCS_GUEST_RFLAGS, 2);
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_sti_hlt), EXIT_VMCALL, "HLT with a virtual interrupt");
	expect_seen(1, 0, "HLT");
	set(VMCS_GUEST_RFLAGS, 2 | RFLAGS_IF);
	set(VMCS_GUEST_ACTIVITY_STATE, 1);
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "entry into HLT with a virtual interrupt");
	expect_seen(2, 0, "entry into HLT");
	check(field(VMCS_GUEST_ACTIVITY_STATE) == 0, "active after that");
	if (!world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER))
		return;
	/* held back, it stays halted */
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 20000);
	*apic_register(APIC_TPR) = 0x60;
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_hlt_only), EXIT_PREEMPTION_TIMER, "HLT with one held back");
	check(field(VMCS_GUEST_ACTIVITY_STATE) == 1, "activity %lx", field(VMCS_GUEST_ACTIVITY_STATE));
	check(field(VMCS_GUEST_RIP) == (u64)l2_hlt_only + 1, "halted at %lx", field(VMCS_GUEST_RIP));
	expect_seen(2, 0, "held back");
	set(VMCS_GUEST_ACTIVITY_STATE, 0);
	*apic_register(APIC_TPR) = 0;
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
	set(VMCS_PREEMPTION_TIMER_VALUE, 1000000);
	set(VMCS_GUEST_RFLAGS, 2);
	apic_expect(l2_run(l2_hlt), EXIT_HLT, "HLT that L1 wants");
}

static void other_disturbs(void)
{
	for (u32 i = 0; i < 50; i++) {
		lapic_send(0, VECTOR_NOTIFICATION); /* L1's TPR holds it back: nothing but the machine hears of it */
		for (u32 k = 0; k < 100; k++)
			pause();
	}
}

/* While L2 is deaf a virtual interrupt waits, whatever interrupts the machine has. */
static void test_disturbance(void)
{
	if (!world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER) || !check(cpu_start(1), "the other CPU does not start"))
		return;
	lapic_enable();
	delivery_world(X2);
	eoi_way = EOI_MSR;
	set(VMCS_GUEST_RFLAGS, 2);
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 200000);
	apic_request(VECTOR_LOW);
	lapic_write(APIC_TPR, 0xF0);
	other_handed = other_disturbs;
	apic_expect(l2_run(l2_spin), EXIT_PREEMPTION_TIMER, "deaf L2, disturbed");
	check(WAIT_FOR(!other_handed, 10000000), "the other CPU does not end");
	expect_seen(0, 0, "deaf and disturbed");
	expect_status(STATUS(0, VECTOR_LOW), "deaf and disturbed");
	trap_set(VECTOR_NOTIFICATION, end_interrupt);
	lapic_write(APIC_TPR, 0);
	interrupts_on();
	WAIT_FOR(false, 1000);
	interrupts_off();
}

/* Interrupts for L1 leave L2 as before, with a virtual one pending or not. */
static void test_interrupt_of_l1(void)
{
	delivery_world(X2);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
	eoi_way = EOI_MSR;
	lapic_send(0, 1 << 18 | VECTOR_OTHER);
	apic_request(VECTOR_LOW);
	apic_expect(l2_run(l2_spin), EXIT_EXTERNAL_INTERRUPT, "interrupt of L1");
	check((field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF) == VECTOR_OTHER, "its vector %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
	lapic_eoi();
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "on after that");
	expect_seen(1, 0, "beside an interrupt of L1");
}

void vmx_test_apic_delivery(void)
{
	test_delivery();
	test_blocking();
	test_eoi(EOI_MSR, X2);
	if (apic_can(ACCESSES))
		test_eoi(EOI_PAGE, ACCESSES);
	if (apic_can(ACCESSES | REGISTERS))
		test_eoi(EOI_PAGE, ACCESSES | REGISTERS);
	test_self_ipi();
	test_halt();
	test_interrupt_of_l1();
	test_disturbance();
}
