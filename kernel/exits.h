/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VM exits of a guest: one handler per basic exit reason, in a table. A handler decides and returns an action; it decodes first and
 * changes nothing until it is sure. With L2 running, the nested engine has seen the exit before and left it to L0.
 */
#ifndef KERNEL_EXITS_H
#define KERNEL_EXITS_H

#include "bsp/msr.h"
#include "kernel/vcpu.h"

/* entry.S calls these; both return the vcpu to enter. */
struct vcpu *exit_handle(struct vcpu *v);
struct vcpu *exit_entry_refused(struct vcpu *v);
/* Does what is due before an entry (requests, timers, injection); parks or waits here if the vCPU must not run. */
struct vcpu *exit_prepare_entry(struct vcpu *v);

enum exit_action exit_cpuid(struct vcpu *v);
enum exit_action exit_rdmsr(struct vcpu *v);
enum exit_action exit_wrmsr(struct vcpu *v);
enum exit_action exit_cr_access(struct vcpu *v);
/* MOV to CR0, all checks made, by the guest of the current VMCS. */
enum exit_action exit_write_cr0(struct vcpu *v, u64 wanted);
enum exit_action exit_xsetbv(struct vcpu *v);
enum exit_action exit_io(struct vcpu *v);
enum exit_action exit_ept_violation(struct vcpu *v);
/* The exit was an access to a guest-physical address (of L1's) that is no RAM: reaches the device there. NULL, or why it cannot be done. */
const char *must_check exit_device_access(struct vcpu *v, u64 gpa);
enum exit_action exit_exception(struct vcpu *v);
enum exit_action exit_external_interrupt(struct vcpu *v);
enum exit_action exit_hlt(struct vcpu *v);
enum exit_action exit_vmcall(struct vcpu *v);

/* A guest's general register by its encoding, RSP included; width by the guest's mode is the caller's. */
u64 exit_read_gpr(const struct vcpu *v, u32 number);
void exit_write_gpr(struct vcpu *v, u32 number, u64 value);

/* CR0 and CR4: what L0 owns. The rest the guest changes without an exit. */
#define CR0_GUEST_HOST_MASK (CR0_NE | CR0_CD | CR0_NW)
#define CR4_GUEST_OWNED (CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR | \
			 CR4_OSXMMEXCPT | CR4_UMIP | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)
/* The value hardware runs with for a CR0 the guest wants. */
static inline u64 exit_cr0_hardware(u64 wanted) { return (wanted & ~(CR0_CD | CR0_NW)) | CR0_NE; }

#endif
