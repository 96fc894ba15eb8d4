/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traps of root operation: system calls and faults of the monitor, wake-up interrupts of an idle CPU, probing instructions
 * with a fixup, and our own faults, which end in a crash report.
 * Source: Intel SDM volume 3 "Interrupt and Exception Handling".
 */
#include "kernel/traps.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"
#include "bsp/timer/lapic.h"
#include "kernel/crash.h"
#include "kernel/fpu.h"
#include "kernel/host_irq.h"
#include "kernel/percpu.h"
#include "kernel/syscalls.h"
#include "kernel/upcall.h"

extern const u8 trap_stubs[];
void trap_dispatch(struct trap_frame *frame);

#define STUB_BYTES 16
#define GATE_PRESENT_INTERRUPT 0x8E00ull
#define GATE_DPL3 0x6000ull

static struct { u64 low, high; } idt[256];

static enum ist_index ist_of(u32 vector)
{
	switch (vector) {
	case EXC_DF: return IST_DOUBLE_FAULT;
	case EXC_NMI: return IST_NMI;
	case EXC_MC: return IST_MACHINE_CHECK;
	default: return IST_NONE;
	}
}

void traps_init_table(void)
{
	for (u32 vector = 0; vector < 256; vector++) {
		u64 stub = (u64)trap_stubs + vector * STUB_BYTES;
		u64 type = GATE_PRESENT_INTERRUPT | ist_of(vector);

		if (vector == VECTOR_SYSCALL)
			type |= GATE_DPL3;
		idt[vector].low = (stub & 0xFFFF) | (u64)SELECTOR_KERNEL_CODE << 16 | type << 32 |
				  (stub >> 16 & 0xFFFF) << 48;
		idt[vector].high = stub >> 32;
	}
}

void traps_load_table(void)
{
	struct { u16 limit; u64 base; } packed idtr = { sizeof(idt) - 1, (u64)idt };

	asm volatile("lidt %0" : : "m"(idtr));
}

static void user_trap(struct trap_frame *frame)
{
	user_access_end(); /* a gate leaves AC as ring 3 had it */
	if (frame->vector == VECTOR_SYSCALL)
		frame->rax = syscall_dispatch(frame);
	else if (frame->vector == EXC_NM)
		fpu_give_to_monitor(this_cpu());
	else
		upcall_abort(frame);
}

/* Interrupts reach root operation only where idle code opens the window; they carry no state, the loop looks again. */
static void wakeup_interrupt(u64 vector)
{
	if (vector == VECTOR_SPURIOUS)
		return;
	lapic_eoi();
	if (vector >= VECTOR_HOST_IRQ && vector < VECTOR_TIMER)
		host_irq_note((u32)(vector - VECTOR_HOST_IRQ));
}

void trap_dispatch(struct trap_frame *frame)
{
	struct percpu *cpu = this_cpu();

	if (frame->vector == EXC_NMI) {
		cpu->nmi_count++;
		if (frame->cs & 3)
			upcall_interrupted_by_nmi();
	} else if (frame->cs & 3) {
		user_trap(frame);
	} else if (frame->vector >= VECTOR_HOST_IRQ) {
		wakeup_interrupt(frame->vector);
	} else if (frame->vector == EXC_GP && cpu->fault_fixup) {
		frame->rip = cpu->fault_fixup;
		cpu->fault_fixup = 0;
	} else {
		crash_trap(frame);
	}
}

u64 traps_table_base(void)
{
	return (u64)idt;
}
