/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Posted interrupts, sent by L1 from the same CPU and from the other one, to an L2 that waits, halts or is being entered.
 * Source: Intel SDM volume 3 "Posted-Interrupt Processing".
 */
#include "vmx_apic.h"

#define ICR_SELF (1u << 18)
#define ON 1ull
#define CONTROL 4u  /* word of the descriptor */
#define ROUNDS 200u

static u32 before;
static volatile u32 rounds_posted;

static void end_interrupt(struct trap_frame *f)
{
	(void)f;
	lapic_eoi();
}

static void post(u32 vector)
{
	u64 *word = &descriptor_page.word[vector / 64];

	__atomic_or_fetch(word, 1ull << (vector & 63), __ATOMIC_SEQ_CST);
}

/* As a hypervisor does: the request, then a notification unless one is on its way. */
static void post_and_notify(u32 vector)
{
	post(vector);
	if (!(__atomic_fetch_or(&descriptor_page.word[CONTROL], ON, __ATOMIC_SEQ_CST) & ON))
		lapic_send(0, VECTOR_NOTIFICATION);
}

static void posted_world(u32 secondary)
{
	apic_world(SECONDARY_VIRTUAL_INTERRUPT_DELIVERY | SECONDARY_VIRTUALIZE_X2APIC | secondary);
	world_control(VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
	set(VMCS_POSTED_INTERRUPT_VECTOR, VECTOR_NOTIFICATION);
	set(VMCS_POSTED_INTERRUPT_DESCRIPTOR, (u64)&descriptor_page);
	descriptor_page.word[CONTROL] = 0xABCD0000;
	eoi_way = EOI_MSR;
	before = this_cpu()->seen[VECTOR_LOW];
	l2.rdi = (u64)&this_cpu()->seen[VECTOR_LOW];
	l2.rsi = before;
}

static void expect_taken(u32 times, const char *what)
{
	check(this_cpu()->seen[VECTOR_LOW] - before == times, "%s: taken %u times, not %u", what, this_cpu()->seen[VECTOR_LOW] - before, times);
	check(descriptor_page.word[CONTROL] == 0xABCD0000, "%s: the descriptor's control word is %lx", what, descriptor_page.word[CONTROL]);
	for (u32 i = 0; i < CONTROL; i++)
		check(!descriptor_page.word[i], "%s: requests %lx are left", what, descriptor_page.word[i]);
	/* L1's own APIC knows nothing of it any more */
	for (u32 i = 0; i < 8; i++)
		check(!lapic_read(APIC_ISR + 16 * i) && !lapic_read(APIC_IRR + 16 * i), "%s: L1's APIC: ISR %x, IRR %x", what,
		      lapic_read(APIC_ISR + 16 * i), lapic_read(APIC_IRR + 16 * i));
}

static void test_pending_at_entry(void)
{
	posted_world(0);
	post_and_notify(VECTOR_LOW);
	apic_expect(l2_run(l2_wait), EXIT_VMCALL, "posted before the entry");
	expect_taken(1, "posted before the entry");
	check(field(VMCS_GUEST_INTERRUPT_STATUS) == 0, "status %lx", field(VMCS_GUEST_INTERRUPT_STATUS));
	/* L2 deaf: the request waits in its virtual APIC */
	posted_world(0);
	post_and_notify(VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "posted, IF clear");
	if (!(descriptor_page.word[CONTROL] & ON)) { /* taken before the first instruction or not at all */
		check(apic_bit(APIC_IRR, VECTOR_LOW), "posted, IF clear: IRR is clear");
		check(field(VMCS_GUEST_INTERRUPT_STATUS) == VECTOR_LOW, "posted, IF clear: status %lx", field(VMCS_GUEST_INTERRUPT_STATUS));
	}
	l2.rsi = before;
	apic_expect(l2_run(l2_wait), EXIT_VMCALL, "posted, then STI");
	expect_taken(1, "posted, then STI");
}

/* The entry's own event is delivered first and is not lost. */
static void test_with_injection(void)
{
	u32 high = this_cpu()->seen[VECTOR_HIGH];

	posted_world(0);
	set(VMCS_GUEST_RFLAGS, 2 | RFLAGS_IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, INTERRUPTION_VALID | VECTOR_HIGH);
	eoi_way = EOI_NONE;
	post_and_notify(VECTOR_LOW);
	apic_expect(l2_run(l2_wait), EXIT_VMCALL, "posted beside an injection");
	expect_taken(1, "posted beside an injection");
	check(this_cpu()->seen[VECTOR_HIGH] == high + 1, "injected %u times", this_cpu()->seen[VECTOR_HIGH] - high);
}

static void test_other_vector(void)
{
	posted_world(0);
	lapic_send(0, ICR_SELF | VECTOR_OTHER);
	post_and_notify(VECTOR_LOW); /* of lower priority: its turn comes when L1 has ended the other */
	apic_expect(l2_run(l2_wait), EXIT_EXTERNAL_INTERRUPT, "another vector");
	check((field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF) == VECTOR_OTHER, "its vector %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
	lapic_eoi();
	apic_expect(l2_run(l2_wait), EXIT_VMCALL, "posted behind another vector");
	expect_taken(1, "posted behind another vector");
	/* a notification with nothing posted */
	posted_world(0);
	lapic_send(0, VECTOR_NOTIFICATION);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "nothing posted");
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "nothing posted");
	expect_taken(0, "nothing posted");
	/* without the control the vector is one like any other */
	posted_world(0);
	world_clear_control(VMCS_PIN_CONTROLS, PIN_POSTED_INTERRUPTS);
	lapic_send(0, VECTOR_NOTIFICATION);
	apic_expect(l2_run(l2_spin), EXIT_EXTERNAL_INTERRUPT, "notification without the control");
	check((field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF) == VECTOR_NOTIFICATION, "its vector %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
	lapic_eoi();
}

static void other_posts(void)
{
	for (u32 i = 0; i < 2000; i++)
		pause();
	post_and_notify(VECTOR_LOW);
}

static void test_from_other_cpu(void)
{
	posted_world(0);
	other_handed = other_posts;
	apic_expect(l2_run(l2_wait), EXIT_VMCALL, "posted by the other CPU");
	expect_taken(1, "posted by the other CPU");
	check(WAIT_FOR(!other_handed, 10000000), "the other CPU does not end");
	/* into HLT that L1 does not want to know of */
	posted_world(0);
	other_handed = other_posts;
	apic_expect(l2_run(l2_sti_hlt), EXIT_VMCALL, "posted to a halted L2");
	expect_taken(1, "posted to a halted L2");
	check(WAIT_FOR(!other_handed, 10000000), "the other CPU does not end");
}

static void other_posts_many(void)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		post_and_notify(VECTOR_LOW);
		rounds_posted++;
		while (cpus[0].seen[VECTOR_LOW] - before != rounds_posted)
			pause();
	}
}

/* One after the other, each seen by L2 before the next: none is lost, none doubled, and L1 hears of none. */
static void test_many(void)
{
	posted_world(0);
	rounds_posted = 0;
	other_handed = other_posts_many;
	for (u32 taken = 0; taken < ROUNDS; taken = cpus[0].seen[VECTOR_LOW] - before) {
		l2.rsi = before + taken;
		u32 reason = l2_run(taken & 1 ? l2_sti_hlt : l2_wait);
		if (!check(reason == EXIT_VMCALL, "after %u: exit %x", taken, reason))
			return;
	}
	check(WAIT_FOR(!other_handed, 10000000), "the other CPU does not end");
	expect_taken(ROUNDS, "many");
}

static void other_lowers_vtpr(void)
{
	WAIT_FOR(false, 400000); /* L2 runs, even two Nestboxes deep */
	*apic_register(APIC_TPR) = 0;
	lapic_send(0, VECTOR_OTHER);
}

/* Under a deaf L2 that takes L1's interrupts itself the VTPR falls below the threshold: a CPU does not look, Nestbox may have to. */
static void test_vtpr_from_other_cpu(void)
{
	apic_world(0);
	*apic_register(APIC_TPR) = 0x60;
	set(VMCS_TPR_THRESHOLD, 4);
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, 2000000);
	other_handed = other_lowers_vtpr;
	u32 reason = l2_run(l2_spin);
	check(reason == EXIT_TPR_BELOW_THRESHOLD || reason == EXIT_PREEMPTION_TIMER, "VTPR lowered from outside: exit %x", reason);
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID && instruction_error() == VMERR_ENTRY_CONTROLS, "entry below the threshold");
	set(VMCS_TPR_THRESHOLD, 0);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "entry without a threshold");
	/* unchanged fields: the threshold is compared again all the same */
	*apic_register(APIC_TPR) = 0x60;
	set(VMCS_TPR_THRESHOLD, 4);
	apic_expect(l2_run(l2_vmcall), EXIT_VMCALL, "entry above the threshold");
	*apic_register(APIC_TPR) = 0x30;
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID, "entry below the threshold, nothing written");
	set(VMCS_TPR_THRESHOLD, 0);
	lapic_write(APIC_TPR, 0);
	trap_set(VECTOR_OTHER, end_interrupt);
	interrupts_on();
	WAIT_FOR(false, 1000);
	interrupts_off();
}

static void expect_refused(const char *what)
{
	u32 result = l2_run(l2_vmcall);

	if (check(result == L2_FAILED + VM_FAIL_VALID, "%s: %x, not VMfailValid", what, result))
		check(instruction_error() == VMERR_ENTRY_CONTROLS, "%s: error %lu", what, instruction_error());
}

static void test_refusals(void)
{
	posted_world(0);
	world_clear_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT);
	expect_refused("posting without acknowledgement");
	posted_world(0);
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY);
	expect_refused("posting without delivery");
	posted_world(0);
	world_clear_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	expect_refused("delivery without exiting");
	posted_world(0);
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW);
	expect_refused("delivery without a shadow");
	posted_world(SECONDARY_VIRTUALIZE_APIC_ACCESSES);
	expect_refused("x2APIC and APIC accesses");
	posted_world(0);
	set(VMCS_POSTED_INTERRUPT_VECTOR, 0x100);
	expect_refused("notification vector 100H");
	posted_world(0);
	set(VMCS_POSTED_INTERRUPT_DESCRIPTOR, (u64)&descriptor_page + 32);
	expect_refused("unaligned descriptor");
	posted_world(0);
	set(VMCS_POSTED_INTERRUPT_DESCRIPTOR, 0x4000000000000ull);
	expect_refused("descriptor beyond the width");
}

void vmx_test_apic_posted(void)
{
	lapic_enable();
	test_pending_at_entry();
	test_with_injection();
	test_other_vector();
	if (check(cpu_start(1), "the other CPU does not start")) {
		test_from_other_cpu();
		test_many();
		test_vtpr_from_other_cpu();
	}
	test_refusals();
}
