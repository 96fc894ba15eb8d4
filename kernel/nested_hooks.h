/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel asks the nested engine. nested/ implements these; without nesting, kernel/nested_off.c does, chosen by the Makefile.
 */
#ifndef KERNEL_NESTED_HOOKS_H
#define KERNEL_NESTED_HOOKS_H

#include "kernel/vcpu.h"

struct vmx_capabilities;

/* Once per CPU after VMXON; decides what is offered to L1 from the hardware's capabilities. Gives v->nested, or leaves it 0. */
void nested_init(struct vcpu *v, const struct vmx_capabilities *hardware);
/* INIT, partition restart: leaves VMX operation without a trace; vmcs01 is current afterwards. */
void nested_reset(struct vcpu *v);

static inline bool nested_is_offered(const struct vcpu *v) { return v->nested != NULL; }
/* L2 is the guest of the current VMCS. */
bool nested_in_l2(const struct vcpu *v);
/* L1 has done VMXON: CR4.VMXE is pinned, INIT is blocked in root operation. */
bool nested_in_vmx_operation(const struct vcpu *v);

/* INIT is blocked in VMX root operation of L1 and exits from L2; true also when it has been kept for later. */
bool nested_blocks_init(struct vcpu *v);

/* A VMX instruction (or GETSEC) of L1 exited. Makes every check itself, CR4.VMXE, mode and CPL included. */
enum exit_action nested_instruction(struct vcpu *v, u32 basic_reason);

/* An exit while L2 ran. True: the engine has dealt with it (*action says how to go on). False: it is L0's, handle as for any guest. */
bool must_check nested_exit(struct vcpu *v, enum exit_action *action);

/* VMX capability MSRs and IA32_FEATURE_CONTROL as L1 sees them. False: #GP. */
bool must_check nested_msr_read(struct vcpu *v, u32 msr, u64 *value);
bool must_check nested_msr_write(struct vcpu *v, u32 msr, u64 value);

/*
 * Before every entry while L2 is current, with interrupts due for L1 described: may switch to L1 by a synthesized exit (external interrupt, NMI, INIT,
 * preemption timer). Returns true if L1 is now the guest. An L1-requested entry that has not been delivered yet is never overtaken.
 */
struct nested_pending { bool interrupt; bool nmi; bool init; };
bool nested_before_entry(struct vcpu *v, struct nested_pending pending);
/* For ACKNOWLEDGE_INTERRUPT: the engine takes the vector out of L1's LAPIC with apic_acknowledge(). */

/* An exception L0 is about to inject into L2: true if L1 intercepts it and the exit has been synthesized. */
bool must_check nested_takes_exception(struct vcpu *v, u32 vector, u32 error_code, u64 address);

/* Host TSC deadline of the nested engine's own timers (L1's preemption timer), ~0 for none. */
u64 nested_deadline(const struct vcpu *v);

#endif
