/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping a partition's vCPUs where they are, for a debugger in ring 3: each parks on its own CPU with its registers at hand, goes on, or does one
 * instruction. Linked where Security > Debugger of the guest is on; every call stands behind CONFIG_GDB_ON.
 */
#ifndef KERNEL_DEBUG_H
#define KERNEL_DEBUG_H

#include "kernel/config_text.h"
#include "kernel/vcpu.h"

/* What L1's vCPUs exit for beside the usual: INT3. */
#define DEBUG_EXCEPTIONS (CONFIG_GDB_ON ? BIT(EXC_BP) : 0)

/* On its own CPU, asked by REQUEST_DEBUG: returns when it is to go on, or the partition stops. */
void debug_park(struct vcpu *v);

/* INT3 of L1: a breakpoint if a debugger is there, else the guest's own. */
enum exit_action debug_breakpoint(struct vcpu *v);
/* The instruction that was to be stepped is done. */
enum exit_action debug_step_done(struct vcpu *v);

/* No interrupt comes between a step's beginning and its end. */
bool debug_is_stepping(const struct vcpu *v);

/* SYS_DEBUG for vCPU `cpu` of this partition. A negative enum sys_error, or 0. */
int64_t debug_command(u32 cpu, enum debug_command command, struct debug_registers *registers);

#endif
