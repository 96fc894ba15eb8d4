/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each physical CPU owns in ring 0. The pointer to it stands in the top word of every ring-0 stack, so that no
 * segment register and no MSR of the guest is needed to find it.
 */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include "bsp/types.h"
#include "kernel/monitor_abi.h"
#include "kernel/offsets.h"
#include "kernel/vcpu.h"

struct task_state {
	u32 zero0;
	u64 rsp[3];
	u64 zero1;
	u64 ist[7];
	u64 zero2;
	u16 zero3, io_map_base;
} packed;

enum ist_index { IST_NONE, IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_COUNT };

enum gdt_selector {
	SELECTOR_KERNEL_CODE = 0x08,
	SELECTOR_KERNEL_DATA = 0x10,
	SELECTOR_USER_DATA = 0x18 | 3,
	SELECTOR_USER_CODE = 0x20 | 3,
	SELECTOR_TSS = 0x28,
};

struct percpu {
	u64 upcall_rsp;               /* entry.S: kernel stack at the moment of the upcall */
	u64 number;
	u32 apic_id;                  /* of the physical CPU */
	bool fpu_saved;               /* the guest's FPU state is in fpu_area, ring 3 has the registers */
	u64 guest_xcr0;
	u64 armed_deadline;           /* host TSC the LAPIC timer is armed for */
	u64 nmi_count;
	volatile u64 fault_fixup;     /* where a #GP of a probing instruction continues; 0: none expected */
	struct vcpu *vcpu;
	struct call_page *call;
	struct task_state tss;
	u64 gdt[7];
	struct partition *partition;  /* whose CPU it is */
	u32 machine_cpu;              /* its number: 0 is the boot CPU, the others follow in the firmware's order */
};

extern struct percpu percpu[MONITOR_MAX_CPUS];

static inline struct percpu *this_cpu(void)
{
	u64 rsp;

	asm("mov %%rsp, %0" : "=r"(rsp));
	return *(struct percpu **)((rsp | (u64)(STACK_BYTES - 1)) - 7);
}

/* Gives the CPU its GDT, TSS, IDT and stacks. */
void percpu_init(u64 number);
/* Top of a CPU's main stack, below the word that names its percpu. */
u64 percpu_stack_top(u64 number);
/* The guard page under each stack, for the page tables to leave out. index < percpu_stack_count(). */
u64 percpu_guard_page(u64 index);
u64 percpu_stack_count(void);

#endif
