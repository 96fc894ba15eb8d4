/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both CPUs at once under a storm of timer interrupts and interrupts of each other: registers of every kind, flags, stacks, memory moved by string
 * instructions and return addresses must be whole across every exit. Command line: "x2" for x2APIC mode (interrupt handlers then exit by MSR, not
 * by the LAPIC's page).
 */
#include "guest.h"

#define VECTOR_PING 0x41
#define VECTOR_TIMER 0x42
#define PERIODIC 0x20000
#define PERIOD 9000
#define PASSES 24
#define BUFFER 12288

struct pattern {
	u64 gpr[16];
	u64 ymm[16][4];
};

typedef u64 stress_round(const struct pattern *pattern, void *to, const void *from, u64 bytes, u64 rounds);
stress_round stress_cpuid, stress_port, stress_nothing, stress_fault, stress_halt, stress_string;

static const struct { const char *name; stress_round *run; u32 rounds; } rounds[] = {
	{ "cpuid", stress_cpuid, 200 }, { "port", stress_port, 60 }, { "nothing", stress_nothing, 100 }, { "page fault", stress_fault, 300 },
	{ "hlt", stress_halt, 10 }, { "rep movsb", stress_string, 30 },
};

/* Registers that no exit touches unless something is wrong; each CPU has values of its own in them. */
static const u32 msrs[] = { 0x174, 0x175, 0x176, 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100, 0xC0000102, 0xC0000103 };

static struct pattern patterns[CPUS];
static u8 from[CPUS][BUFFER], to[CPUS][BUFFER + 64];
static volatile bool other_done;
static bool x2;
const u64 stress_unmapped = 0x300000000;
extern const u8 page_root[];
extern const u64 stress_unmapped;

static u64 scramble(u64 x)
{
	x ^= x >> 31;
	x *= 0x7FB5D329728EA185;
	x ^= x >> 27;
	x *= 0x81DADEF4BC2DD44D;
	return x ^ x >> 33;
}

static void on_interrupt(struct trap_frame *f)
{
	struct cpu *me = this_cpu();

	if (f->rip < 0x100000 || f->rip >= (u64)page_root || f->cs != CODE_RING0 || f->ss != DATA_RING0 || !(f->rflags & 0x200))
		check(false, "CPU %u: frame of vector %lx: rip %lx cs %lx ss %lx flags %lx", me->index, f->vector, f->rip, f->cs, f->ss,
		      f->rflags);
	u32 in_service = lapic_read(APIC_ISR + (u32)f->vector / 32 * 16);
	if (!(in_service >> (f->vector & 31) & 1))
		check(false, "CPU %u: vector %lx is not in service (%x)", me->index, f->vector, in_service);
	if (f->vector == VECTOR_TIMER && me->seen[VECTOR_TIMER] % 4 == 0)
		lapic_send(!me->index, VECTOR_PING);
	lapic_eoi();
}

/* Faults of the "page fault" round alone, at its load of three bytes. */
static void on_fault(struct trap_frame *f)
{
	if (f->error || READ_CR(2) != stress_unmapped || *(const u32 *)f->rip << 8 != 0x008B4800)
		check(false, "CPU %u: page fault at %lx, error %lx, address %lx", this_cpu()->index, f->rip, f->error, READ_CR(2));
	f->rip += 3;
}

static u64 msr_value(u32 cpu, u32 msr)
{
	u64 value = scramble(msr * 2 + cpu) & 0x7FFFFFFFFFFF;

	return msr == 0x174 || msr == 0xC0000084 || msr == 0xC0000103 ? (u32)value : value;
}

static u64 debug_value(u32 cpu, u32 n)
{
	return scramble(0x1000 + cpu * 4 + n) & 0x7FFFFFFFFFFF;
}

static void set_up(u32 cpu)
{
	u32 mxcsr = cpu ? 0x9F80 : 0x7F80;
	u16 control = cpu ? 0x0B7F : 0x067F;
	u64 *words = (u64 *)&patterns[cpu];

	for (u32 i = 0; i < sizeof(struct pattern) / 8; i++)
		words[i] = scramble(i + 1 + 1000 * cpu);
	for (u32 i = 0; i < BUFFER; i++)
		from[cpu][i] = (u8)scramble(i + cpu * 77777);
	asm volatile("xsetbv" : : "c"(0), "a"(7), "d"(0));
	asm volatile("ldmxcsr %0; fninit; fldcw %1; fldpi; fld1" : : "m"(mxcsr), "m"(control));
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++)
		wrmsr(msrs[i], msr_value(cpu, msrs[i]));
	asm volatile("mov %0, %%dr0; mov %1, %%dr1; mov %2, %%dr2; mov %3, %%dr3" : : "r"(debug_value(cpu, 0)), "r"(debug_value(cpu, 1)),
		     "r"(debug_value(cpu, 2)), "r"(debug_value(cpu, 3)));
}

static void verify_quiet_state(u32 cpu)
{
	u32 mxcsr, want_mxcsr = cpu ? 0x9F80 : 0x7F80;
	u16 control, want_control = cpu ? 0x0B7F : 0x067F;
	u64 one, d[4];

	asm volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(control));
	asm volatile("fstpl %0; fld1" : "=m"(one));
	check(mxcsr == want_mxcsr && control == want_control && one == 0x3FF0000000000000, "CPU %u: MXCSR %x control %x ST0 %lx", cpu, mxcsr,
	      control, one);
	asm volatile("mov %%dr0, %0; mov %%dr1, %1; mov %%dr2, %2; mov %%dr3, %3" : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]));
	for (u32 i = 0; i < 4; i++)
		check(d[i] == debug_value(cpu, i), "CPU %u: DR%u is %lx", cpu, i, d[i]);
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++)
		check(rdmsr(msrs[i]) == msr_value(cpu, msrs[i]), "CPU %u: MSR %x is %lx", cpu, msrs[i], rdmsr(msrs[i]));
}

static void verify_copy(u32 cpu, u32 start, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		if (to[cpu][start + i] != from[cpu][i]) {
			check(false, "CPU %u: byte %u of %u moved wrong", cpu, i, bytes);
			return;
		}
	check(!to[cpu][start + bytes], "CPU %u: moved too far", cpu);
}

static void one_pass(u32 cpu, u32 pass)
{
	u32 start = pass % 61, bytes = BUFFER - 100 * (pass % 7);

	memset(to[cpu], 0, sizeof(to[cpu]));
	for (u32 i = 0; i < ARRAY_SIZE(rounds); i++) {
		u64 result = rounds[i].run(&patterns[cpu], to[cpu] + start, from[cpu], bytes, rounds[i].rounds);

		check(!result, "CPU %u: %s: %lu differs, %lu rounds left", cpu, rounds[i].name, result & 0xFF, result >> 8);
	}
	verify_copy(cpu, start, bytes);
	verify_quiet_state(cpu);
}

static void run(void)
{
	struct cpu *me = this_cpu();

	set_up(me->index);
	lapic_write(APIC_DIVIDE, 0xB);
	lapic_write(APIC_TIMER, PERIODIC | VECTOR_TIMER);
	lapic_write(APIC_INITIAL, PERIOD + 1000 * me->index);
	interrupts_on();
	for (u32 pass = 0; pass < PASSES; pass++)
		one_pass(me->index, pass);
	print("guest: CPU %u: %u timer interrupts, %u of the other CPU\n", me->index, me->seen[VECTOR_TIMER], me->seen[VECTOR_PING]);
	check(me->seen[VECTOR_TIMER] > 100 && me->seen[VECTOR_PING] > 10, "CPU %u: too few interrupts", me->index);
}

void guest_other(void)
{
	if (x2)
		lapic_to_x2();
	lapic_enable();
	run();
	other_done = true;
	for (;;)
		asm volatile("sti; hlt");
}

void guest_main(void)
{
	traps_init(0);
	trap_set(VECTOR_PING, on_interrupt);
	trap_set(VECTOR_TIMER, on_interrupt);
	trap_set(VECTOR_PF, on_fault);
	x2 = command_line()[0] == 'x';
	if (x2)
		lapic_to_x2();
	lapic_enable();
	check(cpu_start(1), "CPU 1 does not start");
	run();
	while (!other_done)
		asm volatile("sti; hlt");
	interrupts_off();
	finish(x2 ? "stress x2APIC" : "stress xAPIC");
}
