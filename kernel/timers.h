/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One LAPIC timer per CPU in TSC-deadline mode serves whatever is due first: the guest's LAPIC timer, the nested engine,
 * and, on the boot CPU, the monitor.
 */
#ifndef KERNEL_TIMERS_H
#define KERNEL_TIMERS_H

#include "kernel/vcpu.h"

/* The host timer fired, or may have: posts what is due. */
void timers_expired(struct vcpu *v);
/* Arms the hardware for the earliest deadline; call when one changed. */
void timers_rearm(struct vcpu *v);
/* SYS_TIMER_ARM; host TSC ticks, 0: off. Any CPU. */
void timers_arm_monitor(u64 deadline);
void timers_reset_monitor(void);

#endif
