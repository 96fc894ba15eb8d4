/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INIT and SIPI of a CPU in VMX operation: blocked and kept in root operation, an exit from L2, delivered by VMXOFF. CPU 1 is the hypervisor here, CPU 0
 * sends. Source: Intel SDM volume 3 "Restrictions on VMX Operation", "Other Causes of VM Exits".
 */
#include "guest.h"
#include "vmx.h"

#define CR4_VMXE 0x2000ull
#define INIT_ASSERT 0x4500u
#define STARTUP 0x4608u /* to the trampoline at 32 KiB */
#define LONG_TIME 300000000ull
#define A_WHILE 100000ull

static volatile bool sent;   /* CPU 0 has done its part */
static volatile u64 rounds;  /* CPU 1 is alive */
static volatile bool survived;

/* INIT is taken between two instructions of L2 and changes nothing; it has come once, so the next entry stays. */
static void expect_init(const void *rip, u64 activity, const char *what)
{
	check(field(VMCS_EXIT_REASON) == EXIT_INIT, "%s: exit %lx", what, field(VMCS_EXIT_REASON));
	check(field(VMCS_EXIT_QUALIFICATION) == 0 && !(field(VMCS_EXIT_INTERRUPTION_INFO) & INTERRUPTION_VALID), "%s: information", what);
	check(field(VMCS_GUEST_RIP) == (u64)rip, "%s: RIP %lx, not %lx", what, field(VMCS_GUEST_RIP), (u64)rip);
	/* Bochs ends HLT before it saves the state */
	check(field(VMCS_GUEST_ACTIVITY_STATE) == activity || field(VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_ACTIVE, "%s: activity %lx", what,
	      field(VMCS_GUEST_ACTIVITY_STATE));
	set(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE);
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "%s: comes twice", what);
}

static void enter_operation(void)
{
	check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	check(vmx_on((u64)&vmxon_region) == VM_OK, "VMXON");
	world_reset();
}

static void wait_until_sent(void)
{
	while (!sent)
		rounds++;
}

/* Kept while L1 runs, whatever it does there; then at once, before L2's first instruction. */
static void keep_init(void)
{
	enter_operation();
	wait_until_sent();
	check(vmx_clear((u64)&other_region) == VM_OK, "VMCLEAR with INIT pending");
	cpuid(0, 0);
	(void)l2_run(l2_spin);
	expect_init(l2_spin, ACTIVITY_ACTIVE, "INIT kept");
	/* the event of the entry is delivered first */
	sent = false;
	rounds = 0;
	wait_until_sent();
	u32 before = this_cpu()->seen[3];
	set(VMCS_ENTRY_INTERRUPTION_INFO, INTERRUPTION_VALID | TYPE_SOFTWARE_EXCEPTION << 8 | 3);
	set(VMCS_ENTRY_INSTRUCTION_LENGTH, 1);
	u32 reason = l2_run(l2_spin);
	check(reason == EXIT_INIT, "INIT behind an event: exit %x", reason);
	check(field(VMCS_GUEST_RIP) != (u64)l2_spin && this_cpu()->seen[3] == before, "INIT behind an event: RIP %lx", field(VMCS_GUEST_RIP));
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "INIT behind an event: vectoring %lx", field(VMCS_IDT_VECTORING_INFO));
	check(vmx_clear((u64)&vmcs_region) == VM_OK && vmx_off() == VM_OK, "VMXOFF");
	survived = true;
}

static void init_of_l2(void)
{
	enter_operation();
	rounds = 1;
	(void)l2_run(l2_spin);
	u64 rip = field(VMCS_GUEST_RIP);
	check(rip >= (u64)l2_spin && rip < (u64)l2_spin + 4, "INIT of L2: RIP %lx", rip);
	expect_init((void *)rip, ACTIVITY_ACTIVE, "INIT of L2");
	sent = false;
	rounds = 2;
	set(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_HLT);
	(void)l2_run(l2_vmcall);
	expect_init(l2_vmcall, ACTIVITY_HLT, "INIT of an L2 that halts");
	check(vmx_clear((u64)&vmcs_region) == VM_OK && vmx_off() == VM_OK, "VMXOFF");
	survived = true;
}

/* The INIT that was kept comes with VMXOFF: this CPU does not get any further. */
static void leave_with_init(void)
{
	enter_operation();
	wait_until_sent();
	survived = true;
	(void)vmx_off();
	cpuid(0, 0);
	survived = false;
	for (;;)
		pause();
}

static void nothing(struct trap_frame *f)
{
	(void)f;
}

static void hand(other_job *what)
{
	sent = survived = false;
	rounds = 0;
	other_handed = what;
}

static bool joined(void)
{
	return WAIT_FOR(!other_handed, LONG_TIME);
}

/* Sends while CPU 1 counts, and sees it count on. */
static void send_while_counting(u32 command)
{
	check(WAIT_FOR(rounds > 10, LONG_TIME), "CPU 1 does not count");
	lapic_send(1, command);
	WAIT_FOR(false, A_WHILE);
	u64 seen = rounds;
	check(WAIT_FOR(rounds > seen + 10, LONG_TIME), "command %x reached a CPU in root operation", command);
}

/* First round: L2 spins, and a SIPI does nothing to it. Second: it halts. */
static void send_while_in_l2(void)
{
	for (u64 round = 1; round <= 2; round++) {
		check(WAIT_FOR(rounds == round, LONG_TIME), "CPU 1 is not in L2");
		WAIT_FOR(false, A_WHILE);
		if (round == 1)
			lapic_send(1, STARTUP);
		WAIT_FOR(false, A_WHILE);
		lapic_send(1, INIT_ASSERT);
	}
	check(joined() && survived, "INIT in L2");
}

static void test_kept(void)
{
	hand(keep_init);
	send_while_counting(STARTUP);
	send_while_counting(INIT_ASSERT);
	send_while_counting(STARTUP);
	sent = true;
	check(WAIT_FOR(!sent, LONG_TIME), "no exit for an INIT that was kept");
	send_while_counting(INIT_ASSERT);
	sent = true;
	check(joined() && survived, "INIT in root operation");
}

static void test_in_l2(void)
{
	hand(init_of_l2);
	send_while_in_l2();
}

static void test_delivered(void)
{
	u32 generation = cpu_generation;

	hand(leave_with_init);
	send_while_counting(INIT_ASSERT);
	sent = true;
	check(WAIT_FOR(survived, LONG_TIME), "CPU 1 is not about to leave");
	WAIT_FOR(false, A_WHILE);
	check(survived && other_handed == leave_with_init, "VMXOFF has not delivered the INIT");
	other_handed = NULL;
	lapic_send(1, STARTUP);
	check(WAIT_FOR(cpu_generation == generation + 1, LONG_TIME), "SIPI after VMXOFF does not start the CPU");
}

static void undefined_again(void)
{
	u64 value;

	check(!(READ_CR(4) & CR4_VMXE), "CR4.VMXE after INIT");
	check(vmx_read(VMCS_GUEST_RIP, &value) == VM_FAULT + VECTOR_UD, "VMREAD after INIT");
	check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	check(vmx_read(VMCS_GUEST_RIP, &value) == VM_FAULT + VECTOR_UD, "VMREAD after INIT");
	check(vmx_on((u64)&vmxon_region) == VM_OK, "VMXON after INIT");
	check(vmx_read(VMCS_GUEST_RIP, &value) == VM_FAIL_INVALID, "a current VMCS after INIT");
	check(vmx_off() == VM_OK, "VMXOFF");
}

void vmx_test_init(void)
{
	lapic_enable();
	trap_set(3, nothing);
	check(cpu_start(1), "CPU 1 does not start");
	test_kept();
	test_in_l2();
	test_delivered();
	hand(undefined_again);
	check(joined(), "CPU 1 after INIT");
	/* with the VMCS as INIT has left it */
	hand(init_of_l2);
	send_while_in_l2();
}
