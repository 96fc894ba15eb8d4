/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the kernel asks the nested engine. nested/ implements these; without nesting, kernel/nested_off.c does, chosen by the Makefile.
 */
#ifndef KERNEL_NESTED_HOOKS_H
#define KERNEL_NESTED_HOOKS_H

#include "bsp/types.h"
#include "kernel/vcpu.h"

struct vmx_capabilities;

/* Once per CPU after VMXON; decides what is offered to L1 from the hardware's capabilities. Gives v->nested, or leaves it 0. */
void nested_init(struct vcpu *v, const struct vmx_capabilities *hardware);
/* INIT, partition restart: leaves VMX operation without a trace; vmcs01 is current afterwards. */
void nested_reset(struct vcpu *v);

static inline bool nested_is_offered(const struct vcpu *v) { return v->nested != NULL; }
/* L2 is the guest of the current VMCS. */
static inline bool nested_in_l2(const struct vcpu *v) { return v->in_l2; }
/* L1 has done VMXON: CR4.VMXE is pinned, INIT is blocked in root operation. */
bool nested_in_vmx_operation(const struct vcpu *v);

/* INIT is blocked in VMX root operation of L1 and exits from L2; true also when it has been kept for later. */
bool nested_blocks_init(struct vcpu *v);

/* A VMX instruction (or GETSEC) of L1 exited. Makes every check itself, CR4.VMXE, mode and CPL included. */
enum exit_action nested_instruction(struct vcpu *v, u32 basic_reason);

/* An exit while L2 ran. EXIT_ACTION_PASS: the engine leaves it to L0. */
enum exit_action nested_exit(struct vcpu *v);

/* An exit of L2 was L0's, and L2 goes on; with EXIT_ACTION_SKIP behind an instruction that L0 has done for it. Gives the action back. */
enum exit_action nested_goes_on(struct vcpu *v, enum exit_action action);

/* VMX capability MSRs and IA32_FEATURE_CONTROL as L1 sees them. False: #GP. */
bool must_check nested_msr_read(struct vcpu *v, u32 msr, u64 *value);
bool must_check nested_msr_write(struct vcpu *v, u32 msr, u64 value);

/*
 * Before an entry while L2 is current, with what is due for L1: may switch to L1 by a synthesized exit (INIT, NMI, external interrupt). Returns
 * what is left for the guest that is current afterwards; what L1 intercepts is never left while L2 is current. An entry L1 has asked for is
 * never overtaken: what is due then comes right after it.
 */
struct nested_pending { bool interrupt; bool nmi; };
struct nested_pending must_check nested_before_entry(struct vcpu *v, struct nested_pending due);

/* Primary controls of the current VMCS as they are without windows of L0's: closing one must not take away L1's. L2 is current. */
u32 nested_primary_controls(const struct vcpu *v);

/* VMLAUNCH or VMRESUME failed with a VM-instruction error. True: it was L1's entry, L1 has the error and is the guest again. */
bool must_check nested_entry_refused(struct vcpu *v);

/*
 * The address of L1 behind a guest-physical address of the guest in the current VMCS: itself, or through L1's EPT, whose flags are set as for the
 * guest's own access. access: WALK_WRITE, WALK_TABLE. False: nested_take_ept_violation() has the answer.
 */
bool must_check nested_guest_physical(struct vcpu *v, u64 address, u32 access, gpa_t *l1);

/* An exception L0 is about to inject into L2: true if L1 intercepts it and the exit has been synthesized. */
bool must_check nested_takes_exception(struct vcpu *v, u32 vector, u32 error_code, u64 address);
/* An access L0 makes for L2 that L1's EPT does not allow: the exit to L1 is made up. */
struct walk_fault;
void nested_take_ept_violation(struct vcpu *v, const struct walk_fault *fault);
/* A triple fault L0 has found while L2 ran: always L1's. */
void nested_take_triple_fault(struct vcpu *v);

/* L1's TSC has been moved against the machine's while L2 runs. */
void nested_tsc_moved(struct vcpu *v);

/* Notes in the vCPU's statistics what the engine uses of its pool; from any CPU. */
void nested_count_tables(const struct vcpu *v);

/* The fields of L1's current VMCS as they are now, by their place in the table; how many, 0 without one. */
u32 nested_debug_fields(struct vcpu *v, u64 *values, u32 most);

/* Host TSC deadline of the nested engine's own timers (L1's preemption timer), ~0 for none. */
u64 nested_deadline(const struct vcpu *v);

#endif
