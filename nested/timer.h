/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L1's preemption timer. Hardware counts it down in vmcs02 while L2 runs; for L1, L2 runs as well while L0 does something for it, so that what is left is
 * set anew before L2 goes on. Source: Intel SDM volume 3 "VMX-Preemption Timer".
 */
#ifndef NESTED_TIMER_H
#define NESTED_TIMER_H

#include "bsp/cpu.h"
#include "nested/nested.h"

/* Of a deadline in TSC ticks, in units of the timer; never more than it was started with. Pure. */
static inline u64 timer_left(u64 deadline, u64 now, u32 rate)
{
	return deadline > now ? (deadline - now) >> rate : 0;
}

/* The bits of IA32_VMX_MISC: the timer counts each time this bit of the TSC changes. */
static inline u32 timer_rate(void)
{
	return nested_machine.offer.msr.misc & 0x1F;
}

/* vmcs02 is current, with L1's value in it: an entry. */
static inline void timer_start(struct nested *n)
{
	n->timer12 = vmread(VMCS_PREEMPTION_TIMER_VALUE);
	n->timer_deadline = rdtsc() + (n->timer12 << timer_rate());
}

static inline void timer_go_on(const struct nested *n)
{
	vmwrite(VMCS_PREEMPTION_TIMER_VALUE, timer_left(n->timer_deadline, rdtsc(), timer_rate()));
}

#endif
