/* SPDX-License-Identifier: Apache-2.0 */
/* Host interrupt lines the monitor has bound: noted when they come, handed over as UPCALL_HOST_IRQ on the boot CPU. */
#ifndef KERNEL_HOST_IRQ_H
#define KERNEL_HOST_IRQ_H

#include "bsp/types.h"

#define HOST_IRQ_LINES 16

/* One of the lines that configuration grants to the monitor, routed to the boot CPU. */
bool must_check host_irq_bind(u32 line);
/*
 * The same for a device that sends messages: address << 16 | data of what it is to write; 0: not granted, or the boot CPU's APIC id does not fit.
 * Source: SDM volume 3A, section "Message Signalled Interrupts".
 */
u64 host_irq_message(u32 line);
void host_irq_note(u32 line);
/* As if the line had come to another partition: its boot CPU delivers it. */
struct partition;
void host_irq_pass_on(struct partition *p, u32 line);
/* Upcalls for every noted line of this partition's; its boot CPU only. */
void host_irq_deliver(void);

#endif
