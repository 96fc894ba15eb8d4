/* SPDX-License-Identifier: Apache-2.0 */
/* Guest accesses to its LAPIC: the xAPIC page by offset, the x2APIC MSRs, IA32_APIC_BASE, IA32_TSC_DEADLINE. */
#ifndef KERNEL_APIC_ACCESS_H
#define KERNEL_APIC_ACCESS_H

#include "kernel/vcpu.h"

/* xAPIC page; offset below 4096, 32-bit registers on 16-byte boundaries. Anything else reads 0 and sets the ESR. */
u32 apic_page_read(struct vcpu *v, u32 offset);
void apic_page_write(struct vcpu *v, u32 offset, u32 value);

/* MSRs; false: #GP. */
bool must_check apic_msr_read(struct vcpu *v, u32 msr, u64 *value);
bool must_check apic_msr_write(struct vcpu *v, u32 msr, u64 value);
bool must_check apic_base_write(struct vcpu *v, u64 value);
bool must_check apic_deadline_write(struct vcpu *v, u64 value);
u64 apic_deadline_read(const struct vcpu *v);

#endif
