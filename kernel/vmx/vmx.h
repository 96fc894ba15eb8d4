/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMX operation of this CPU and vmcs01, the VMCS that runs L1. Source: Intel SDM volume 3 "Introduction to Virtual-Machine Extensions",
 * "Virtual Machine Control Structures".
 */
#ifndef KERNEL_VMX_VMX_H
#define KERNEL_VMX_VMX_H

#include "bsp/types.h"
#include "kernel/vcpu.h"
#include "kernel/vmx/capability.h"

/*
 * What this CPU or its firmware lacks for running guests, null when nothing. Refuses to start in one line when even the monitor cannot run. Once, on
 * the boot CPU, before anything starts.
 */
const struct vmx_requirement *vmx_check_cpu(void);
/* VMXON on this CPU, with its own region. */
void vmx_enter_operation(void);
/* Gives v a vmcs01 with host state, controls and EPT, loads it; guest state comes from vcpu_reset(). */
void vmx_setup_vcpu(struct vcpu *v);
/* Host-state fields, the same for every VMCS of this CPU. Writes the current VMCS. */
void vmx_write_host_state(struct vcpu *v);

extern struct vmx_capabilities vmx_capabilities;
extern struct vmx_controls vmx_controls;
/* For nested/: the EPT pointer and, for look-ups, the EPT01 of the one partition that may be a hypervisor. */
extern u64 vmx_ept01_pointer;
struct ept_pool;
extern struct ept_pool vmx_ept_pool;
/* Bytes of RAM that EPT01 of a partition of that size takes, a multiple of 2 MiB. */
u64 vmx_ept_bytes(u64 ram_bytes);
/* Builds EPT01 for a partition's RAM, in vmx_ept_bytes() of RAM at p->tables. False: ring 0's own page tables are too few. */
struct partition;
bool must_check vmx_build_ept(struct partition *p);

static inline u16 vmx_vpid01(u64 cpu) { return (u16)(1 + 2 * cpu); }

#define FEATURE_CONTROL_LOCKED      BIT(0)
#define FEATURE_CONTROL_VMX_OUTSIDE BIT(2)

#endif
