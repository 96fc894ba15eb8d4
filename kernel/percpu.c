/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU tables: stacks with a guard page at their low end, GDT and TSS. Double fault, NMI and machine check have stacks of their own.
 * Source: Intel SDM volume 3 "Task Management", "Interrupt and Exception Handling".
 */
#include "kernel/percpu.h"

#include "kernel/traps.h"

_Static_assert(offsetof(struct vcpu, gpr) == VCPU_GPR, "entry.S");
_Static_assert(offsetof(struct vcpu, launched) == VCPU_LAUNCHED, "entry.S");
_Static_assert(offsetof(struct percpu, upcall_rsp) == PERCPU_UPCALL_RSP, "entry.S");
_Static_assert(offsetof(struct percpu, tss) + offsetof(struct task_state, rsp) == PERCPU_TSS_RSP0, "entry.S");

struct percpu percpu[MONITOR_MAX_CPUS];

static u8 stacks[MONITOR_MAX_CPUS][IST_COUNT][STACK_BYTES] __attribute__((aligned(STACK_BYTES)));

u64 percpu_stack_count(void)
{
	return MONITOR_MAX_CPUS * IST_COUNT;
}

u64 percpu_guard_page(u64 index)
{
	return (u64)stacks[index / IST_COUNT][index % IST_COUNT];
}

static u64 stack_init(u64 number, enum ist_index which)
{
	u64 end = (u64)stacks[number][which] + STACK_BYTES;

	*(struct percpu **)(end - 8) = &percpu[number];
	return end - 16;
}

u64 percpu_stack_top(u64 number)
{
	return stack_init(number, IST_NONE);
}

/* Flat segments in the order SYSRET-like selectors want; the TSS descriptor takes two slots. */
static void gdt_init(struct percpu *cpu)
{
	u64 base = (u64)&cpu->tss;
	u64 limit = sizeof(cpu->tss) - 1;

	cpu->gdt[0] = 0;
	cpu->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00AF9B000000FFFFull;
	cpu->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00CF93000000FFFFull;
	cpu->gdt[SELECTOR_USER_DATA / 8] = 0x00CFF3000000FFFFull;
	cpu->gdt[SELECTOR_USER_CODE / 8] = 0x00AFFB000000FFFFull;
	cpu->gdt[SELECTOR_TSS / 8] = limit | (base & 0xFFFFFF) << 16 | 0x89ull << 40 | (base >> 24 & 0xFF) << 56;
	cpu->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

static void segments_load(const struct percpu *cpu)
{
	struct { u16 limit; u64 base; } packed gdtr = { sizeof(cpu->gdt) - 1, (u64)cpu->gdt };

	asm volatile("lgdt %0\n\t"
		     "pushq %1\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "1:\tmov %2, %%ds\n\tmov %2, %%es\n\tmov %2, %%ss\n\t"
		     "mov %3, %%fs\n\tmov %3, %%gs\n\t"
		     "ltr %w4"
		     : : "m"(gdtr), "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA), "r"(0),
		       "r"(SELECTOR_TSS) : "rax", "memory");
}

void percpu_init(u64 number)
{
	struct percpu *cpu = &percpu[number];

	cpu->number = number;
	cpu->armed_deadline = ~0ull;
	cpu->tss.rsp[0] = stack_init(number, IST_NONE);
	for (enum ist_index i = IST_DOUBLE_FAULT; i < IST_COUNT; i++)
		cpu->tss.ist[i - 1] = stack_init(number, i);
	cpu->tss.io_map_base = sizeof(cpu->tss);
	gdt_init(cpu);
	segments_load(cpu);
	traps_load_table();
}
