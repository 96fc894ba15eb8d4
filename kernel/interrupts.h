/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts to and between vCPUs: messages in, IPIs across, and what the next VM entry injects.
 * Source: Intel SDM volume 3 "Issuing Interprocessor Interrupts", "Message Signalled Interrupts", "Event Injection".
 */
#ifndef KERNEL_INTERRUPTS_H
#define KERNEL_INTERRUPTS_H

#include "kernel/vcpu.h"

/* A message as a device of the partition would write it. False: not one a LAPIC takes. */
struct partition;
bool must_check interrupts_msi(const struct partition *p, u64 address, u32 data);
void interrupts_pic_line(const struct partition *p, bool level);
/* ICR written by v. In x2APIC mode destination is 32 bits, else the top byte of ICR's high half. */
void interrupts_ipi(struct vcpu *v, u32 command, u32 destination);
/* Sets a vector in v's own or another's LAPIC and kicks that CPU when needed. */
void interrupts_post(struct vcpu *v, u32 vector, bool level);

/* Injects what is due, or opens a window for it. */
cold_path void interrupts_inject_due(struct vcpu *v);

static inline bool interrupts_may_be_due(const struct vcpu *v)
{
	return apic_may_be_pending(&v->apic) | v->to_do | v->event.info;
}

/* Before each entry. */
static inline void interrupts_prepare_entry(struct vcpu *v)
{
	if (interrupts_may_be_due(v))
		interrupts_inject_due(v);
}

/* After an exit that cut the delivery of an event short: keep it for the next entry. */
void interrupts_requeue_vectoring(struct vcpu *v);
void interrupts_open_window(struct vcpu *v, bool open);

#endif
