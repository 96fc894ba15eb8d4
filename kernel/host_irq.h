/* SPDX-License-Identifier: Apache-2.0 */
/* Host interrupt lines the monitor has bound: noted when they come, handed over as UPCALL_HOST_IRQ on the boot CPU. */
#ifndef KERNEL_HOST_IRQ_H
#define KERNEL_HOST_IRQ_H

#include "bsp/types.h"

#define HOST_IRQ_LINES 16

/* The lines configuration grants to the monitor, a bit each. */
bool must_check host_irq_bind(u32 line);
void host_irq_note(u32 line);
/* As if the line had come to another partition: its boot CPU delivers it. */
struct partition;
void host_irq_pass_on(struct partition *p, u32 line);
/* Upcalls for every noted line of this partition's; its boot CPU only. */
void host_irq_deliver(void);

#endif
