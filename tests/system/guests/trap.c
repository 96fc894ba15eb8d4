/* SPDX-License-Identifier: Apache-2.0 */
/* Traps of a test guest: guarded instructions, snippets, handlers; anything else is reported and ends the run. */
#include "guest.h"

#define GATE_RING0 0x8E00ull
#define GATE_RING3 0xEE00ull
#define SELECTOR_TSS 0x30
#define MSR_GS_BASE 0xC0000101

void trap_dispatch(struct trap_frame *frame);
void snippet_enter(const void *code, u64 argument, u64 cs, u64 ss);
extern const u8 trap_stubs[], snippet_return[];
extern u64 gdt[];

struct cpu cpus[CPUS];
static trap_handler *handlers[256];
static struct { u64 low, high; } idt[256];
static struct { u32 zero; u64 rsp0; u8 rest[90]; u16 io_map; } __attribute__((packed)) tss[CPUS];
static u8 ring0_stacks[CPUS][4096] __attribute__((aligned(16)));

void trap_set(u32 vector, trap_handler *handler)
{
	handlers[vector] = handler;
}

static void unexpected(const struct trap_frame *f)
{
	print("guest: UNEXPECTED trap %lu error %lx on CPU %u at %lx, cs %lx, flags %lx, rsp %lx, cr2 %lx\n", f->vector, f->error,
	      this_cpu()->index, f->rip, f->cs, f->rflags, f->rsp, READ_CR(2));
	debug_exit(2);
}

void trap_dispatch(struct trap_frame *f)
{
	struct cpu *cpu = this_cpu();

	cpu->seen[f->vector & 0xFF]++;
	if (cpu->snippet_rsp && (f->vector < 32 || f->vector == NO_FAULT) && f->vector != VECTOR_NMI) {
		cpu->vector = (u32)f->vector;
		cpu->error = (u32)f->error;
		f->rip = (u64)snippet_return;
		f->cs = CODE_RING0;
		f->ss = DATA_RING0;
		f->rsp = cpu->snippet_rsp;
		f->rflags = 2;
		cpu->snippet_rsp = 0;
	} else if (cpu->fixup && f->vector < 32 && f->vector != VECTOR_NMI) {
		cpu->vector = (u32)f->vector;
		cpu->error = (u32)f->error;
		f->rip = cpu->fixup;
		cpu->fixup = 0;
	} else if (handlers[f->vector & 0xFF]) {
		handlers[f->vector & 0xFF](f);
	} else {
		unexpected(f);
	}
}

u32 snippet_run(const void *code, u64 argument, u32 ring)
{
	snippet_enter(code, argument, ring ? CODE_RING3 : CODE_RING0, ring ? DATA_RING3 : DATA_RING0);
	return this_cpu()->vector;
}

static void build_idt(void)
{
	for (u32 vector = 0; vector < 256; vector++) {
		u64 stub = (u64)trap_stubs + vector * 16;
		u64 type = vector == NO_FAULT ? GATE_RING3 : GATE_RING0;

		idt[vector].low = (stub & 0xFFFF) | CODE_RING0 << 16 | type << 32 | (stub >> 16 & 0xFFFF) << 48;
		idt[vector].high = 0;
	}
}

void traps_init(u64 index)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) pointer = { sizeof(idt) - 1, (u64)idt };
	u64 base = (u64)&tss[index];
	u64 *descriptor = gdt + SELECTOR_TSS / 8 + 2 * index;

	if (!index)
		build_idt();
	cpus[index].self = &cpus[index];
	cpus[index].index = (u32)index;
	cpus[index].fixup = cpus[index].snippet_rsp = 0;
	wrmsr(MSR_GS_BASE, (u64)&cpus[index]);
	tss[index].rsp0 = (u64)(ring0_stacks[index] + sizeof(ring0_stacks[index]));
	tss[index].io_map = sizeof(tss[0]);
	descriptor[0] = 103 | (base & 0xFFFFFF) << 16 | 0x89ull << 40;
	descriptor[1] = 0;
	asm volatile("lidt %0; ltr %w1" : : "m"(pointer), "r"(SELECTOR_TSS + 16 * index));
}
