/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the CPU's VMX can do, and which control settings follow for running L1. The negotiation is a table (capability.def) and pure: it
 * takes the raw MSR values. Source: Intel SDM volume 3, appendix A "VMX Capability Reporting Facility".
 */
#ifndef KERNEL_VMX_CAPABILITY_H
#define KERNEL_VMX_CAPABILITY_H

#include "bsp/types.h"

/* Raw IA32_VMX_* values; of the controls the TRUE version where it exists (low half: must be 1, high half: may be 1). */
struct vmx_capabilities {
	u64 basic;
	u64 pin, primary, secondary, exit, entry;
	u64 misc;
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	u64 ept_vpid, vmfunc;
};

/* The control fields of vmcs01. */
struct vmx_controls { u32 pin, primary, secondary, exit, entry; };

#define EPT_CAP_EXECUTE_ONLY BIT(0)
#define EPT_CAP_WALK_4       BIT(6)
#define EPT_CAP_UNCACHEABLE  BIT(8)
#define EPT_CAP_WRITE_BACK   BIT(14)
#define EPT_CAP_2M           BIT(16)
#define EPT_CAP_1G           BIT(17)
#define EPT_CAP_INVEPT       BIT(20)
#define EPT_CAP_ACCESSED_DIRTY BIT(21)
#define EPT_CAP_ADVANCED     BIT(22)
#define EPT_CAP_INVEPT_SINGLE BIT(25)
#define EPT_CAP_INVEPT_ALL   BIT(26)
#define VPID_CAP_INVVPID     BIT(32)
#define VPID_CAP_SINGLE      BIT(41)

/* This CPU's; must run in ring 0 on a CPU with VMX. */
void vmx_capabilities_read(struct vmx_capabilities *capabilities);

/*
 * Chooses the controls: every required row must be possible, wanted rows are taken where they are. Returns 0, or the
 * name and remedy of the first requirement the CPU cannot meet.
 */
struct vmx_requirement { const char *missing, *remedy; };
const struct vmx_requirement *vmx_negotiate(const struct vmx_capabilities *capabilities, struct vmx_controls *controls);

#endif
