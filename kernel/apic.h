/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest LAPIC, xAPIC and x2APIC, wholly in software. The register file is a plain value, so that the model runs on the host under test;
 * IPIs, timers and time come through the functions named at the bottom.
 * Source: Intel SDM volume 3 "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef KERNEL_APIC_H
#define KERNEL_APIC_H

#include "bsp/types.h"

struct vcpu;

enum apic_register {
	APIC_ID = 0x20, APIC_VERSION = 0x30, APIC_TPR = 0x80, APIC_APR = 0x90, APIC_PPR = 0xA0, APIC_EOI = 0xB0,
	APIC_LDR = 0xD0, APIC_DFR = 0xE0, APIC_SVR = 0xF0, APIC_ISR = 0x100, APIC_TMR = 0x180, APIC_IRR = 0x200,
	APIC_ESR = 0x280, APIC_CMCI = 0x2F0, APIC_ICR_LOW = 0x300, APIC_ICR_HIGH = 0x310, APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330, APIC_LVT_PERF = 0x340, APIC_LVT_LINT0 = 0x350, APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370, APIC_TIMER_INITIAL = 0x380, APIC_TIMER_CURRENT = 0x390, APIC_TIMER_DIVIDE = 0x3E0,
	APIC_SELF_IPI = 0x3F0,
};

#define APIC_BASE_BSP    (1ull << 8)
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BASE_ENABLE (1ull << 11)

struct apic {
	u32 id;
	u64 base;                     /* IA32_APIC_BASE as the guest sees it */
	u32 tpr, ldr, dfr, svr, esr, esr_pending, icr_high, icr_low;
	u32 lvt[7];                   /* CMCI, timer, thermal, performance, LINT0, LINT1, error */
	u32 divide, initial_count;
	u64 timer_start;              /* guest TSC when the count was written; 0: not running */
	u64 deadline;                 /* guest TSC of the next timer interrupt; 0: not armed */
	u32 isr[8], tmr[8];
	u32 irr[8];                   /* shared: set by other CPUs with atomics */
	u32 pic_line;                 /* shared: level of the PIC's output at LINT0 */
};

void apic_reset(struct apic *apic, u32 id, bool is_boot);

/* Highest vector that may be delivered now, or -1. APIC_EXTINT: the PIC has one; acknowledge it there. */
#define APIC_EXTINT 0x100
int apic_pending(const struct apic *apic);
/* Takes that vector: IRR to ISR. */
void apic_acknowledge(struct apic *apic, int vector);

#endif
