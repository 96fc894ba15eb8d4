/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This CPU's own local APIC, in x2APIC mode only: no registers in memory, so nothing to map.
 * Source: Intel SDM volume 3 "Advanced Programmable Interrupt Controller (APIC)", "Extended XAPIC
 * (x2APIC)".
 */
#ifndef BSP_TIMER_LAPIC_H
#define BSP_TIMER_LAPIC_H

#include "bsp/types.h"

enum lapic_status { LAPIC_OK, LAPIC_NO_X2APIC, LAPIC_NO_TSC_DEADLINE };

/*
 * On each CPU: x2APIC mode, all lines masked but NMI (LINT1), everything accepted, timer in
 * TSC-deadline mode and not armed. LAPIC_NO_TSC_DEADLINE: the rest is done, only the timer is not
 * usable.
 */
enum lapic_status must_check lapic_init(u8 timer_vector, u8 spurious_vector);
/* One line for the log, with the remedy. */
const char *lapic_status_text(enum lapic_status status);

u32 lapic_id(void);
void lapic_eoi(void);
/* Fixed delivery to one CPU; memory written before is visible to the receiver. */
void lapic_send_ipi(u32 apic_id, u8 vector);
void lapic_send_nmi(u32 apic_id);
void lapic_send_init(u32 apic_id);
/* Starts at physical address page (below 1 MiB, page-aligned) in real mode. */
void lapic_send_startup(u32 apic_id, hpa_t page);
/* Absolute host TSC; a time that has passed fires at once; 0 disarms. */
void lapic_timer_arm(u64 deadline_ticks);

#endif
