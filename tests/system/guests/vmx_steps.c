/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug exceptions of L2, its own and pending ones; steps by MTF over what L0 does for L2; the preemption timer against other events; MSR areas entry by
 * entry. Source: Intel SDM volume 3 "Pending Debug Exceptions after VM Entry", "Monitor Trap Flag", "VMX-Preemption Timer", "Loading MSRs".
 */
#include "guest.h"
#include "vmx.h"

#define IF 0x200u
#define TF 0x100u
#define BS (1u << 14)
#define ENABLED_BREAKPOINT (1u << 12)
#define ICR_SELF (1u << 18)
#define VECTOR_SELF 0x51u
#define VECTOR_INJECTED 0x50u
#define EVENT(type, vector) (INTERRUPTION_VALID | (type) << 8 | (vector))
#define MSR_APIC_BASE 0x1Bu
#define MSR_NONE 0x1FF0u
#define WATCH_WRITES_0 (1u << 0 | 1u << 16 | 2u << 18) /* DR7: breakpoint 0, eight bytes */
#define MAPPED 0x1100000ull /* in the 4 KiB pages of vmx_world.c */

extern const u8 l2_icebp[], l2_load_ss[], l2_in_spin[];

static struct trap_frame taken;
static u32 taken_count;
static u64 taken_dr6;
static u64 watched;

static u64 read_dr6(void)
{
	u64 value;

	asm volatile("movq %%dr6, %0" : "=r"(value));
	return value;
}

static void clear_dr6(void)
{
	asm volatile("movq %0, %%dr6" : : "r"(0xFFFF0FF0ull));
}

static void take(struct trap_frame *f)
{
	taken = *f;
	taken_count++;
	taken_dr6 = read_dr6();
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

static void prepare(bool exits)
{
	world_reset();
	set(VMCS_EXCEPTION_BITMAP, exits ? 1u << VECTOR_DB : 0);
	clear_dr6();
	taken_count = 0;
}

/* A #DB at rip with these bits: an exit, which leaves DR6 alone, or L2's own. */
static void expect_debug(u32 reason, bool exits, const u8 *rip, u64 bits)
{
	if (exits) {
		expect(reason, EXIT_EXCEPTION_OR_NMI, "#DB");
		check(field(VMCS_EXIT_INTERRUPTION_INFO) == EVENT(TYPE_HARDWARE_EXCEPTION, VECTOR_DB), "#DB: %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
		check(field(VMCS_EXIT_QUALIFICATION) == bits, "#DB: qualification %lx, not %lx", field(VMCS_EXIT_QUALIFICATION), bits);
		check(field(VMCS_GUEST_RIP) == (u64)rip, "#DB: RIP %lx, not %lx", field(VMCS_GUEST_RIP), (u64)rip);
		check(read_dr6() == 0xFFFF0FF0, "#DB: DR6 %lx", read_dr6());
		return;
	}
	expect(reason, EXIT_VMCALL, "#DB");
	check(taken_count >= 1 && taken.rip == (u64)rip, "#DB in L2: %u, RIP %lx, not %lx", taken_count, taken.rip, (u64)rip);
	check((taken_dr6 & 0xE00F) == bits, "#DB in L2: DR6 %lx", taken_dr6);
}

static void test_single_step(bool exits)
{
	prepare(exits);
	set(VMCS_GUEST_RFLAGS, 2 | TF);
	expect_debug(l2_run(l2_vmcall), exits, l2_vmcall + 1, BS);
	/* pending at the entry: before the first instruction, and without TF too */
	prepare(exits);
	set(VMCS_GUEST_RFLAGS, 2 | TF);
	set(VMCS_GUEST_PENDING_DEBUG, BS);
	u32 reason = l2_run(l2_vmcall + 1);
	expect_debug(reason, exits, l2_vmcall + 1, BS);
	/* instructions that L0 does: an MSR, a port */
	for (u32 i = 0; i < 2; i++) {
		const u8 *code = i ? l2_in : l2_rdmsr;

		prepare(exits);
		set(VMCS_GUEST_RFLAGS, 2 | TF);
		l2 = (struct l2_registers){ .rcx = MSR_APIC_BASE, .rdx = 0x71 };
		expect_debug(l2_run(code), exits, code + (i ? 1 : 2), BS);
		check(exits || taken_count == 1, "single step over what L0 does: %u", taken_count);
	}
}

static void watch(u64 address)
{
	asm volatile("movq %0, %%dr0" : : "r"(address));
	set(VMCS_GUEST_DR7, 0x400 | WATCH_WRITES_0);
}

static void test_breakpoints(bool exits)
{
	prepare(exits);
	watch((u64)&watched);
	l2.rdi = (u64)&watched;
	expect_debug(l2_run(l2_store), exits, l2_store + 3, 1);
	/* pending at the entry */
	prepare(exits);
	watch((u64)&watched);
	set(VMCS_GUEST_PENDING_DEBUG, ENABLED_BREAKPOINT | 1);
	expect_debug(l2_run(l2_vmcall), exits, l2_vmcall, 1);
	/* MOV SS keeps a breakpoint of its own pending: the next instruction exits first and the field has it */
	prepare(exits);
	watched = DATA_RING0;
	watch((u64)&watched);
	set(VMCS_GUEST_DR7, 0x400 | WATCH_WRITES_0 | 3u << 16);
	l2.rdi = (u64)&watched;
	expect(l2_run(l2_load_ss), EXIT_VMCALL, "MOV SS with a breakpoint");
	check(field(VMCS_GUEST_PENDING_DEBUG) == (ENABLED_BREAKPOINT | 1), "MOV SS with a breakpoint: pending %lx", field(VMCS_GUEST_PENDING_DEBUG));
	check(taken_count == 0, "MOV SS with a breakpoint: taken");
}

static void test_icebp(bool exits)
{
	prepare(exits);
	u32 reason = l2_run(l2_icebp);
	if (exits) {
		expect(reason, EXIT_EXCEPTION_OR_NMI, "INT1");
		check(field(VMCS_EXIT_INTERRUPTION_INFO) == EVENT(TYPE_PRIVILEGED_SOFTWARE_EXCEPTION, VECTOR_DB), "INT1: %lx",
		      field(VMCS_EXIT_INTERRUPTION_INFO));
		check(field(VMCS_EXIT_INSTRUCTION_LENGTH) == 1 && field(VMCS_GUEST_RIP) == (u64)l2_icebp, "INT1: RIP %lx", field(VMCS_GUEST_RIP));
	} else {
		expect(reason, EXIT_VMCALL, "INT1");
		check(taken_count == 1 && taken.rip == (u64)l2_icebp + 1, "INT1 in L2: RIP %lx", taken.rip);
		check((taken_dr6 & 0xE00F) == 0, "INT1 in L2: DR6 %lx", taken_dr6);
	}
}

static void expect_step(u32 reason, u64 rip, const char *what)
{
	expect(reason, EXIT_MONITOR_TRAP_FLAG, what);
	check(field(VMCS_GUEST_RIP) == rip, "%s: RIP %lx, not %lx", what, field(VMCS_GUEST_RIP), rip);
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "%s: vectoring", what);
}

static void test_monitor_trap(void)
{
	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG))
		return;
	prepare(false);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
	l2 = (struct l2_registers){ .rcx = MSR_APIC_BASE, .rdx = 0x71 };
	expect_step(l2_run(l2_rdmsr), (u64)l2_rdmsr + 2, "step over RDMSR");
	expect_step(l2_run(l2_in), (u64)l2_in + 1, "step over IN");
	/* an instruction that exits makes no step of it */
	expect(l2_run(l2_cpuid), EXIT_CPUID, "CPUID while stepping");
	expect_step(l2_skip() == EXIT_VMCALL ? EXIT_MONITOR_TRAP_FLAG : 0, (u64)l2_cpuid + 2, "VMCALL while stepping");
	/* faults: the first instruction of the handler is next */
	trap_set(VECTOR_UD, take);
	trap_set(VECTOR_GP, take);
	expect(l2_run(l2_ud2), EXIT_MONITOR_TRAP_FLAG, "step into #UD");
	check(field(VMCS_GUEST_RIP) != (u64)l2_ud2 && taken_count == 0, "step into #UD: RIP %lx", field(VMCS_GUEST_RIP));
	world_reset();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
	l2.rcx = MSR_NONE;
	expect(l2_run(l2_rdmsr), EXIT_MONITOR_TRAP_FLAG, "step into #GP");
	check(field(VMCS_GUEST_RIP) != (u64)l2_rdmsr && field(VMCS_GUEST_RIP) != (u64)l2_rdmsr + 2, "step into #GP: RIP %lx", field(VMCS_GUEST_RIP));
	trap_set(VECTOR_UD, NULL);
	trap_set(VECTOR_GP, NULL);
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
		return;
	/* one step, however often L0 has to map something on the way */
	world_reset();
	world_use_ept();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
	*(u64 *)MAPPED = 0x77;
	l2.rdi = MAPPED;
	expect_step(l2_run(l2_load), (u64)l2_load + 3, "step over a load");
	check(l2.rax == 0x77, "step over a load: %lx", l2.rax);
}

static void use_timer(u64 value)
{
	prepare(false);
	world_control(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER);
	set(VMCS_PREEMPTION_TIMER_VALUE, value);
}

/* At 0: behind an injected event, MTF and debug traps, before windows. */
static void test_timer_at_zero(void)
{
	use_timer(0);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	expect(l2_run(l2_vmcall), EXIT_PREEMPTION_TIMER, "timer at 0, an event");
	check(field(VMCS_GUEST_RIP) != (u64)l2_vmcall && taken_count == 0, "timer at 0, an event: RIP %lx", field(VMCS_GUEST_RIP));
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "timer at 0, an event: vectoring");
	use_timer(0);
	world_control(VMCS_PIN_CONTROLS, PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_NMI_WINDOW_EXITING | PRIMARY_INTERRUPT_WINDOW_EXITING);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	expect(l2_run(l2_vmcall), EXIT_PREEMPTION_TIMER, "timer at 0, windows");
	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG))
		return;
	use_timer(0);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_OTHER_EVENT, 0u));
	expect(l2_run(l2_vmcall), EXIT_MONITOR_TRAP_FLAG, "timer at 0, MTF");
}

/* What L1 does not see of L2's time counts as well. */
static void test_timer_runs_on(void)
{
	use_timer(1000000);
	l2.rdx = 0x71;
	u64 start = rdtsc();
	expect(l2_run(l2_in_spin), EXIT_PREEMPTION_TIMER, "timer over exits of L0");
	u64 rate = rdmsr(0x485) & 0x1F, took = rdtsc() - start;
	check(took >= 1000000ull << rate && took < 3000000ull << rate, "timer over exits of L0: %lu ticks", took);
	use_timer(0x10000000);
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_SAVE_PREEMPTION_TIMER);
	l2.rcx = MSR_APIC_BASE;
	expect(l2_run(l2_rdmsr), EXIT_VMCALL, "timer over an exit of L0");
	u64 left = field(VMCS_PREEMPTION_TIMER_VALUE);
	check(left <= 0x10000000 && left > 0xF000000, "timer over an exit of L0: %lx left", left);
	/* with an interrupt of L1's waiting behind the entry's event */
	set(VMCS_PREEMPTION_TIMER_VALUE, 0x10000000);
	world_control(VMCS_PIN_CONTROLS, PIN_EXTERNAL_INTERRUPT_EXITING);
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, EVENT(TYPE_EXTERNAL_INTERRUPT, VECTOR_INJECTED));
	lapic_send(0, ICR_SELF | VECTOR_SELF);
	expect(l2_run(l2_spin), EXIT_EXTERNAL_INTERRUPT, "timer and an interrupt");
	left = field(VMCS_PREEMPTION_TIMER_VALUE);
	check(left <= 0x10000000 && left > 0xF000000, "timer and an interrupt: %lx left", left);
	check(field(VMCS_GUEST_RIP) != (u64)l2_spin, "timer and an interrupt: RIP %lx", field(VMCS_GUEST_RIP));
	interrupts_on();
	pause();
	interrupts_off();
}

#define MSR_STAR 0xC0000081u
#define AREA_MOST 512

static struct { u32 index, zero; u64 value; } area[AREA_MOST + 1] __attribute__((aligned(16)));

/* Each entry fails in its turn: what stood before it has been loaded, what stands behind it has not. */
static void test_areas(void)
{
	for (u32 failing = 1; failing <= 8; failing++) {
		for (u32 i = 0; i < 8; i++)
			area[i] = (typeof(area[0])){ MSR_STAR, 0, 0x1000 + i };
		area[failing - 1].index = MSR_NONE;
		wrmsr(MSR_STAR, 0);
		world_reset();
		set(VMCS_ENTRY_MSR_LOAD_ADDRESS, (u64)area);
		set(VMCS_ENTRY_MSR_LOAD_COUNT, 8);
		expect(l2_run(l2_vmcall), EXIT_ENTRY_MSR_LOADING | EXIT_REASON_ENTRY_FAILURE, "entry of an area");
		check(field(VMCS_EXIT_QUALIFICATION) == failing, "entry %u of an area: qualification %lu", failing, field(VMCS_EXIT_QUALIFICATION));
		check(rdmsr(MSR_STAR) == (failing > 1 ? 0x1000 + failing - 2 : 0), "entry %u of an area: STAR %lx", failing, rdmsr(MSR_STAR));
		check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "entry %u of an area: RIP %lx", failing, field(VMCS_GUEST_RIP));
	}
	for (u32 i = 0; i <= AREA_MOST; i++)
		area[i] = (typeof(area[0])){ MSR_STAR, 0, i };
	world_reset();
	set(VMCS_ENTRY_MSR_LOAD_ADDRESS, (u64)area);
	set(VMCS_ENTRY_MSR_LOAD_COUNT, AREA_MOST);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "512 entries");
	check(rdmsr(MSR_STAR) == AREA_MOST - 1, "512 entries: %lx", rdmsr(MSR_STAR));
	if (!(cpuid(1, 0).c >> 31)) /* more than is recommended: a machine may do it */
		return;
	set(VMCS_ENTRY_MSR_LOAD_COUNT, AREA_MOST + 1);
	expect(l2_run(l2_vmcall), EXIT_ENTRY_MSR_LOADING | EXIT_REASON_ENTRY_FAILURE, "513 entries");
	check(field(VMCS_EXIT_QUALIFICATION) == AREA_MOST + 1, "513 entries: qualification %lu", field(VMCS_EXIT_QUALIFICATION));
}

void vmx_test_steps(void)
{
	trap_set(VECTOR_DB, take);
	trap_set(VECTOR_INJECTED, take);
	trap_set(VECTOR_SELF, end_interrupt);
	for (u32 exits = 0; exits < 2; exits++) {
		test_single_step(exits);
		test_breakpoints(exits);
		test_icebp(exits);
	}
	clear_dr6();
	test_monitor_trap();
	if (world_can(VMCS_PIN_CONTROLS, PIN_PREEMPTION_TIMER)) {
		test_timer_at_zero();
		test_timer_runs_on();
	}
	test_areas();
	trap_set(VECTOR_DB, NULL);
}
