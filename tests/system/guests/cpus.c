/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two CPUs, first in xAPIC and then in x2APIC mode: bring-up by INIT and SIPI, interrupts both ways, the three timer modes, waking from HLT,
 * one time on both. The other CPU runs functions it is handed.
 */
#include "guest.h"

#define MSR_APIC_BASE 0x1B
#define MSR_DEADLINE 0x6E0
#define VECTOR_PING 0x41
#define VECTOR_TIMER 0x42
#define VECTOR_PIT 0x60
#define MASKED 0x10000
#define PERIODIC 0x20000
#define DEADLINE 0x40000
#define LONG_TIME 300000000ull /* TSC ticks: far more than anything here takes */

typedef void job(void);
static job *volatile handed;
static volatile bool other_to_x2;
static volatile u32 pings, pongs;
static volatile u64 exchanged_tsc;

static void on_ping(struct trap_frame *frame)
{
	(void)frame;
	lapic_eoi();
}

void guest_other(void)
{
	if (other_to_x2)
		lapic_to_x2();
	lapic_enable();
	for (;;) {
		interrupts_on();
		while (!handed)
			pause();
		interrupts_off();
		handed();
		handed = NULL;
	}
}

static void hand(job *what)
{
	handed = what;
}

static bool joined(void)
{
	return WAIT_FOR(!handed, LONG_TIME);
}

static u32 other(void)
{
	return !this_cpu()->index;
}

/* Each ping is answered from the interrupt's effect, with interrupts on. */
static void answer_pings(void)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_PING];

	interrupts_on();
	for (u32 i = 1; i <= 100; i++) {
		if (!WAIT_FOR(me->seen[VECTOR_PING] - first >= i, LONG_TIME))
			break;
		pongs = i;
		lapic_send(other(), VECTOR_PING);
	}
	interrupts_off();
}

static void interrupts_both_ways(void)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_PING];

	pongs = 0;
	hand(answer_pings);
	WAIT_FOR(false, 20000);
	interrupts_on();
	for (u32 i = 1; i <= 100; i++) {
		lapic_send(other(), VECTOR_PING);
		if (!check(WAIT_FOR(me->seen[VECTOR_PING] - first >= i, LONG_TIME), "ping %u: %u came back", i,
			   me->seen[VECTOR_PING] - first))
			break;
	}
	interrupts_off();
	check(joined() && pongs == 100, "%u pings answered", pongs);
}

static void one_shot(u32 divide, u32 shift)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_TIMER];

	lapic_write(APIC_DIVIDE, divide);
	lapic_write(APIC_TIMER, VECTOR_TIMER);
	u64 start = rdtsc();
	lapic_write(APIC_INITIAL, 100000);
	check(lapic_read(APIC_CURRENT) <= 100000 && lapic_read(APIC_CURRENT), "current count %u", lapic_read(APIC_CURRENT));
	interrupts_on();
	bool came = WAIT_FOR(me->seen[VECTOR_TIMER] != first, LONG_TIME);
	u64 took = rdtsc() - start;
	WAIT_FOR(false, 300000);
	interrupts_off();
	check(came && took >= 100000ull << shift, "one-shot after %lu ticks", took);
	check(me->seen[VECTOR_TIMER] == first + 1, "one-shot came %u times", me->seen[VECTOR_TIMER] - first);
	check(!lapic_read(APIC_CURRENT), "current count %u after the end", lapic_read(APIC_CURRENT));
}

static void periodic(void)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_TIMER];

	lapic_write(APIC_DIVIDE, 0xB);
	lapic_write(APIC_TIMER, PERIODIC | VECTOR_TIMER);
	u64 start = rdtsc();
	lapic_write(APIC_INITIAL, 100000);
	interrupts_on();
	check(WAIT_FOR(me->seen[VECTOR_TIMER] - first >= 20, LONG_TIME), "%u of 20 periods", me->seen[VECTOR_TIMER] - first);
	u64 took = rdtsc() - start;
	lapic_write(APIC_INITIAL, 0);
	WAIT_FOR(false, 10000);
	u32 counted = me->seen[VECTOR_TIMER];
	WAIT_FOR(false, 300000);
	interrupts_off();
	check(took >= 1990000 && took < 20000000, "20 periods took %lu ticks", took);
	check(me->seen[VECTOR_TIMER] == counted, "the timer runs on");
}

static void deadline(void)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_TIMER];

	lapic_write(APIC_TIMER, DEADLINE | VECTOR_TIMER);
	for (u32 i = 1; i <= 10; i++) {
		u64 at = rdtsc() + 50000;

		wrmsr(MSR_DEADLINE, at);
		check(rdmsr(MSR_DEADLINE) == at, "the deadline reads %lx", rdmsr(MSR_DEADLINE));
		interrupts_on();
		bool came = WAIT_FOR(me->seen[VECTOR_TIMER] - first >= i, LONG_TIME);
		interrupts_off();
		check(came && rdtsc() >= at && !rdmsr(MSR_DEADLINE), "deadline %u", i);
	}
	wrmsr(MSR_DEADLINE, rdtsc() + 100000);
	wrmsr(MSR_DEADLINE, 0);
	WAIT_FOR(false, 200000);
	interrupts_on();
	WAIT_FOR(false, 1000);
	interrupts_off();
	check(me->seen[VECTOR_TIMER] == first + 10, "a deadline taken back came");
	lapic_write(APIC_TIMER, MASKED);
}

static void wake_by_timer(void)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_TIMER];

	lapic_write(APIC_TIMER, DEADLINE | VECTOR_TIMER);
	for (u32 i = 0; i < 10; i++) {
		u64 at = rdtsc() + 30000 * i; /* the first is over before HLT */

		wrmsr(MSR_DEADLINE, at);
		while (me->seen[VECTOR_TIMER] - first == i)
			halt();
		check(rdtsc() >= at, "woken early");
	}
	lapic_write(APIC_TIMER, MASKED);
}

static void timers(void)
{
	one_shot(0xB, 0);
	one_shot(0x0, 1);
	one_shot(0x3, 4);
	periodic();
	deadline();
	wake_by_timer();
}

static volatile u32 wakes;

static void sleep_until_pinged(void)
{
	struct cpu *me = this_cpu();
	u32 first = me->seen[VECTOR_PING];

	for (u32 i = 1; i <= 20; i++) {
		while (me->seen[VECTOR_PING] - first < i)
			halt();
		wakes = i;
	}
}

static void wake_by_interrupt(void)
{
	wakes = 0;
	hand(sleep_until_pinged);
	for (u32 i = 1; i <= 20; i++) {
		WAIT_FOR(false, i & 1 ? 100000 : 100); /* asleep, or about to */
		lapic_send(other(), VECTOR_PING);
		if (!check(WAIT_FOR(wakes >= i, LONG_TIME), "asleep for ever after %u wakes", wakes))
			break;
	}
	check(joined(), "the sleeper does not come back");
}

static volatile u32 turn;
static volatile u32 tsc_steps_back;

/* The TSC handed over must never be ahead of the one who takes it. */
static void compare_tsc(void)
{
	u32 mine = this_cpu()->index;

	for (u32 i = 0; i < 1000; i++) {
		if (!WAIT_FOR(turn % 2 == mine, LONG_TIME))
			return;
		u64 now = rdtsc();

		if (now < exchanged_tsc)
			tsc_steps_back++;
		exchanged_tsc = now;
		turn++;
	}
}

static void one_time(void)
{
	turn = tsc_steps_back = 0;
	exchanged_tsc = 0;
	hand(compare_tsc);
	compare_tsc();
	check(joined() && turn == 2000, "TSC comparison stopped at %u", turn);
	check(!tsc_steps_back, "the TSC went back %u times between CPUs", tsc_steps_back);
}

static void everything(const char *mode)
{
	u32 id = lapic_read(APIC_ID);

	check(id == 0, "%s: APIC id reads %x", mode, id);
	check(cpu_start(1), "%s: CPU 1 does not start", mode);
	print("guest: %s: CPU 1 is up\n", mode);
	interrupts_both_ways();
	print("guest: %s: interrupts both ways\n", mode);
	timers();
	hand(timers);
	check(joined(), "%s: timers of CPU 1 do not end", mode);
	print("guest: %s: timers\n", mode);
	wake_by_interrupt();
	hand(wake_by_timer);
	check(joined(), "%s: CPU 1 sleeps", mode);
	one_time();
	print("guest: %s: one time\n", mode);
}

static void base_transitions(void)
{
	const u64 xapic = 0xFEE00900, x2apic = 0xFEE00D00, off = 0xFEE00100;

	check(rdmsr(MSR_APIC_BASE) == x2apic, "APIC_BASE reads %lx", rdmsr(MSR_APIC_BASE));
	check(probe_wrmsr(MSR_APIC_BASE, xapic) == VECTOR_GP, "x2APIC to xAPIC");
	check(probe_wrmsr(MSR_APIC_BASE, 0xFEE00500) == VECTOR_GP, "x2APIC without enable");
	check(probe_wrmsr(MSR_APIC_BASE, off) == NO_FAULT && rdmsr(MSR_APIC_BASE) == off, "x2APIC to off");
	check(mmio_read(APIC_PAGE + APIC_VERSION) == ~0u, "a LAPIC that is off answers");
	check(probe_wrmsr(MSR_APIC_BASE, x2apic) == VECTOR_GP, "off to x2APIC");
	check(probe_wrmsr(MSR_APIC_BASE, xapic) == NO_FAULT, "off to xAPIC");
	check((mmio_read(APIC_PAGE + APIC_VERSION) & 0xF0) == 0x10, "LAPIC version reads %x", mmio_read(APIC_PAGE + APIC_VERSION));
	check(mmio_read(APIC_PAGE + APIC_SVR) == 0xFF, "SVR reads %x after off and on", mmio_read(APIC_PAGE + APIC_SVR));
	lapic_enable();
}

/* A PIC interrupt that the other CPU takes back while this one has interrupts off: nothing may come, and nothing may break. */
static void mask_pic(void)
{
	outb(0x21, 0xFF);
}

static void start_pic(void)
{
	static const struct { u16 port; u8 value; } writes[] = {
		{ 0x20, 0x11 }, { 0x21, VECTOR_PIT }, { 0x21, 4 }, { 0x21, 1 }, { 0xA0, 0x11 }, { 0xA1, VECTOR_PIT + 8 }, { 0xA1, 2 },
		{ 0xA1, 1 }, { 0x21, 0xFE }, { 0xA1, 0xFF }, { 0x43, 0x34 }, { 0x40, 0x00 }, { 0x40, 0x08 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(writes); i++)
		outb(writes[i].port, writes[i].value);
}

static void on_pit(struct trap_frame *frame)
{
	(void)frame;
	outb(0x20, 0x20);
}

static void withdrawn_interrupt(void)
{
	struct cpu *me = this_cpu();

	lapic_write(APIC_LINT0, 0x700);
	start_pic();
	interrupts_on();
	check(WAIT_FOR(me->seen[VECTOR_PIT] >= 3, LONG_TIME), "%u PIT interrupts", me->seen[VECTOR_PIT]);
	interrupts_off();
	for (u32 i = 0; i < 5; i++) {
		outb(0x21, 0xFE);
		outb(0x20, 0x0A);
		/* CLI each time: without, Bochs 3.0 holds back the box's interrupts while a guest it entered with IF clear runs */
		check(WAIT_FOR((interrupts_off(), inb(0x20) & 1), LONG_TIME), "round %u: the PIC has no request", i);
		hand(mask_pic);
		while (handed)
			pause();
		u32 before = me->seen[VECTOR_PIT];
		interrupts_on();
		asm volatile("nop; nop");
		interrupts_off();
		check(me->seen[VECTOR_PIT] == before, "an interrupt taken back came");
	}
	lapic_write(APIC_LINT0, MASKED | 0x700);
}

/* Asleep or busy for good with interrupts off, after an exit: only what the box itself sends can still reach this CPU. */
static void halt_deaf(void)
{
	cpuid(0, 0);
	for (;;)
		asm volatile("hlt");
}

static void spin_deaf(void)
{
	cpuid(0, 0);
	for (;;)
		pause();
}

static void restart_deaf(job *what, const char *name)
{
	hand(what);
	WAIT_FOR(false, 200000);
	hand(NULL);
	check(cpu_start(1), "a CPU that %s with interrupts off does not hear INIT", name);
}

void guest_main(void)
{
	traps_init(0);
	trap_set(VECTOR_PING, on_ping);
	trap_set(VECTOR_TIMER, on_ping);
	trap_set(VECTOR_PIT, on_pit);
	trap_set(VECTOR_PIT + 7, on_pit);
	lapic_enable();
	everything("xAPIC");
	withdrawn_interrupt();
	print("guest: an interrupt taken back\n");
	restart_deaf(spin_deaf, "spins");
	restart_deaf(halt_deaf, "halts");
	print("guest: INIT of a deaf CPU\n");
	other_to_x2 = true;
	lapic_to_x2();
	everything("x2APIC");
	base_transitions();
	finish("cpus");
}
