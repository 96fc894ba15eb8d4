/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System test: a hostile L1. Prints what the machine offers, then a line for each case; see hostile.h.
 * CPU 1 counts timer interrupts meanwhile: it must not suffer.
 */
#include "hostile.h"

#define CR4_VMXE 0x2000u
#define VECTOR_BEAT 0x42u
#define VECTOR_NOTHING 0x43u
#define PERIODIC 0x20000u
#define PERIOD 100000u
#define OPERANDS_IN 5u /* one case in so many is about instructions' operands */
#define PATTERN_AT 0x3000000ul
#define PATTERN_WORDS 0x20000u

extern u8 page_directories[];
u64 case_number;

static void beat(struct trap_frame *f)
{
	(void)f;
	mmio_write(APIC_PAGE + APIC_EOI, 0); /* lapic_eoi() reads an MSR, which Bochs logs */
}

static void nothing(struct trap_frame *f)
{
	(void)f;
}

/* A bare machine's loader leaves the serial line as it likes. */
static void start_serial(void)
{
	outb(0x3FB, 0x80);
	outb(0x3F8, 1);
	outb(0x3F9, 0);
	outb(0x3FB, 3);
	outb(0x3FA, 7);
}

void guest_other(void)
{
	lapic_enable();
	lapic_write(APIC_DIVIDE, 0xB);
	lapic_write(APIC_TIMER, PERIODIC | VECTOR_BEAT);
	lapic_write(APIC_INITIAL, PERIOD);
	for (;;)
		halt();
}

static u64 pattern(u32 i)
{
	return (PATTERN_AT + i) * 0x9E3779B97F4A7C15ull;
}

static void fill_pattern(void)
{
	for (u32 i = 0; i < PATTERN_WORDS; i++)
		((u64 *)PATTERN_AT)[i] = pattern(i);
}

static void check_pattern(void)
{
	for (u32 i = 0; i < PATTERN_WORDS; i++)
		if (!check(((u64 *)PATTERN_AT)[i] == pattern(i), "memory at %lx is spoiled", PATTERN_AT + 8 * i))
			return;
}

/* One page L1 itself may only read, none behind the arena, and one that is not in RAM, with none behind it. */
static void protect_page(void)
{
	static u64 table[512] __attribute__((aligned(4096)));
	u64 *directory = (u64 *)page_directories;

	for (u64 i = 0; i < 512; i++)
		table[i] = ARENA + i * 4096 + 7;
	table[P_PROTECTED] &= ~2ull;
	table[ARENA_PAGES] = 0;
	table[P_OUTSIDE] = OUTSIDE_RAM + 7;
	table[P_OUTSIDE + 1] = 0;
	directory[ARENA >> 21] = (u64)table | 7;
	asm volatile("mov %0, %%cr3" : : "r"(READ_CR(3)) : "memory");
}

static void start_vmx(void)
{
	u32 revision = (u32)rdmsr(0x480) & 0x7FFFFFFF;

	check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	for (u32 i = P_SHADOW; i < ARENA_PAGES; i++)
		*(u32 *)arena(i) = revision;
	check(vmx_on(arena(P_VMXON)) == VM_OK && vmx_clear(arena(P_VMCS)) == VM_OK && vmx_load(arena(P_VMCS)) == VM_OK, "VMXON");
	caps_gather();
	caps_print();
	caps_take(option("caps"));
	world_find_fields();
}

/* Launch, and go on once where that can be said to be the same everywhere. */
static void entry_case(void)
{
	static const u64 nothing[2];

	tables_reset();
	world_start(below(VARIANTS));
	program_choose();
	mutate();
	world_write(0);
	check(vmx_invept(2, nothing) == VM_OK, "INVEPT");
	record_start();
	record_entry(true);
}

static void run_case(u64 seed, u64 number)
{
	case_number = number;
	asm volatile("int %0" : : "i"(VECTOR_NOTHING)); /* an exit can leave the MTF masked in Bochs, until an event is delivered */
	random_start(seed, number);
	restore_machine();
	if (number % OPERANDS_IN == OPERANDS_IN - 1)
		operand_case();
	else
		entry_case();
}

static void run_cases(void)
{
	u64 seed = option_number("seed", 1), first = option_number("case", 0), count = option_number("count", 20);
	u32 beats = 0;

	print("seed=%lu\n", seed);
	for (u64 i = first; i < first + count; i++) {
		run_case(seed, i);
		if (i % 256 == 255) {
			check(WAIT_FOR(cpus[1].seen[VECTOR_BEAT] != beats, 10 * PERIOD), "case %lu: CPU 1 stands still", i);
			beats = cpus[1].seen[VECTOR_BEAT];
			check_pattern();
		}
	}
	check_pattern();
}

void guest_main(void)
{
	traps_init(0);
	start_serial();
	outb(0x21, 0xFF); /* a bare machine's firmware leaves the timer's interrupt on */
	outb(0xA1, 0xFF);
	verbose = option("verbose");
	trap_set(VECTOR_BEAT, beat);
	trap_set(VECTOR_NOTHING, nothing);
	lapic_enable();
	if (!option("alone"))
		check(cpu_start(1), "CPU 1 does not start");
	fill_pattern();
	protect_page();
	start_vmx();
	hostile_prepare();
	run_cases();
	finish("hostile");
}
