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
	u32 irr_maybe;                /* shared: 0 when irr is known to be empty */
	u32 pic_line;                 /* shared: level of the PIC's output at LINT0 */
};

#define APIC_LVT_MASKED (1u << 16)
#define APIC_SVR_ENABLE (1u << 8)
#define APIC_ESR_SEND_ILLEGAL (1u << 5)
#define APIC_ESR_RECEIVE_ILLEGAL (1u << 6)
#define APIC_ESR_ILLEGAL_REGISTER (1u << 7)
enum apic_lvt { LVT_CMCI, LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR };
enum delivery_mode {
	DELIVERY_FIXED = 0, DELIVERY_LOWEST = 1, DELIVERY_SMI = 2, DELIVERY_NMI = 4, DELIVERY_INIT = 5,
	DELIVERY_STARTUP = 6, DELIVERY_EXTINT = 7,
};

void apic_reset(struct apic *apic, u32 id, bool is_boot);
bool apic_is_enabled(const struct apic *apic);
u32 apic_ppr(const struct apic *apic);
/* Sets the vector in IRR from any CPU; true if it was not pending before. Vectors below 16 are refused. */
bool apic_accept(struct apic *apic, u32 vector, bool level);
/* Does a destination name this LAPIC? SDM "Determining IPI Destination". */
bool apic_matches(const struct apic *apic, u32 destination, bool logical);
/* EOI: the vector if it was level-triggered and the IOAPIC must hear of it, else -1. */
int apic_end_of_interrupt(struct apic *apic);
/* log2 of the timer's divisor. */
u32 apic_divide_shift(const struct apic *apic);
/* 0 one-shot, 1 periodic, 2 TSC-deadline */
static inline u32 apic_timer_mode(const struct apic *apic) { return apic->lvt[LVT_TIMER] >> 17 & 3; }

/* Highest vector that may be delivered now, or -1. APIC_EXTINT: the PIC has one; acknowledge it there. */
#define APIC_EXTINT 0x100
int apic_pending(struct apic *apic);
/* False: apic_pending() would say -1; the fast answer of the entry path. */
static inline bool apic_may_be_pending(const struct apic *apic)
{
	return __atomic_load_n(&apic->irr_maybe, __ATOMIC_RELAXED) | __atomic_load_n(&apic->pic_line, __ATOMIC_RELAXED);
}
/* Takes that vector: IRR to ISR. */
void apic_acknowledge(struct apic *apic, int vector);

#endif
