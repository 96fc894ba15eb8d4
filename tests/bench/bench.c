/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what an exit costs: with one CPU, a TSC tick of the emulator is one instruction, whoever executes it. Prints "bench: NAME COUNT",
 * the loop's own instructions taken off.
 */
#include "guest.h"

#define ROUNDS 1000
#define MSR_APIC_BASE 0x1B
#define MSR_DEADLINE 0x6E0
#define MSR_X2APIC_EOI 0x80B
#define TIMER_VECTOR 0x40
#define DEADLINE_MODE (2u << 17)
#define HEALTH_PORT 0x510

static volatile u64 timer_seen_tsc;

static void nothing(void) { asm volatile("" : : : "memory"); }
static void do_cpuid(void) { cpuid(0x80000008, 0); }
static void do_cpuid_features(void) { cpuid(1, 0); }
static void do_rdmsr(void) { rdmsr(MSR_APIC_BASE); }
static void do_deadline(void) { wrmsr(MSR_DEADLINE, ~0ull >> 1); }
static void do_eoi(void) { wrmsr(MSR_X2APIC_EOI, 0); }
static void do_port(void) { inb(HEALTH_PORT); }
static void do_vmcall(void) { asm volatile("vmcall" : : "a"(~0ull) : "memory"); }

static u64 cost_of(void (*work)(void))
{
	u64 start = rdtsc();

	for (u32 i = 0; i < ROUNDS; i++)
		work();
	return rdtsc() - start;
}

static void report(const char *name, void (*work)(void))
{
	u64 empty = cost_of(nothing);

	cost_of(work);
	print("bench: %s %lu\n", name, (cost_of(work) - empty) / ROUNDS);
}

static void on_timer(struct trap_frame *frame)
{
	(void)frame;
	timer_seen_tsc = rdtsc();
	wrmsr(MSR_X2APIC_EOI, 0);
}

/* From the deadline to the handler; the busy loop is too short to matter. */
static void report_timer(void)
{
	u64 total = 0;

	trap_set(TIMER_VECTOR, on_timer);
	lapic_write(APIC_TIMER, DEADLINE_MODE | TIMER_VECTOR);
	interrupts_on();
	for (u32 i = 0; i < 100; i++) {
		u64 deadline = rdtsc() + 20000;

		timer_seen_tsc = 0;
		wrmsr(MSR_DEADLINE, deadline);
		while (!timer_seen_tsc)
			pause();
		total += timer_seen_tsc - deadline;
	}
	interrupts_off();
	print("bench: timer_tick %lu\n", total / 100);
}

void guest_other(void)
{
}

void guest_main(void)
{
	traps_init(0);
	lapic_enable();
	lapic_to_x2();
	report("cpuid", do_cpuid);
	report("cpuid_features", do_cpuid_features);
	report("rdmsr_trapped", do_rdmsr);
	report("wrmsr_deadline", do_deadline);
	report("wrmsr_eoi", do_eoi);
	report("hypercall", do_vmcall);
	report("port_emulated", do_port);
	report_timer();
	outb(HEALTH_PORT, 1);
	print("bench: done\n");
	debug_exit(0);
}
