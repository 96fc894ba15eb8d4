/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the other CPUs, one after the other, by INIT and start-up IPIs.
 * Source: Intel SDM volume 3 "Multiple-Processor (MP) Initialization".
 */
#ifndef BSP_SMP_SMP_H
#define BSP_SMP_SMP_H

#include "bsp/types.h"

struct smp_plan {
	const u32 *apic_ids;        /* of the CPUs to start; the first becomes CPU 1 */
	const u64 *stack_tops;      /* 16-byte aligned, in the kernel image */
	u32 count;
	hpa_t low_page;             /* free, from carve_low_page(); zeroed afterwards */
	void (*entry)(u64 cpu); /* on its own stack and the final tables, interrupts off, boot GDT,
				   no IDT; must not return */
};

/*
 * After paging_activate(), timer_init() and lapic_init() on the boot CPU. Returns how many arrived:
 * less than count means that apic_ids[result] did not answer within a second (or no tables were
 * left, for the first) and the machine must not go on.
 */
u32 must_check smp_start(const struct smp_plan *plan);

#endif
