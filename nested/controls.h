/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The five control words of a VMCS: which bits L1 may use, and what vmcs02 gets of them. Pure, from controls.def.
 * Source: Intel SDM volume 3, appendix A.2 to A.5 "VMX Capability Reporting Facility".
 */
#ifndef NESTED_CONTROLS_H
#define NESTED_CONTROLS_H

#include "bsp/types.h"

enum control_group { GROUP_PIN, GROUP_PRIMARY, GROUP_SECONDARY, GROUP_EXIT, GROUP_ENTRY, GROUP_COUNT, GROUP_NONE = GROUP_COUNT };

struct controls { u32 word[GROUP_COUNT]; };

static inline bool controls_has(const struct controls *c, enum control_group group, u32 bit)
{
	return c->word[group] & bit;
}

/* The capability MSR (low half: must be 1; high half: may be 1) for L1 from the hardware's. */
u64 controls_offer(enum control_group group, u64 hardware);
/* The bits that read as must-be-1 in the capability MSR without TRUE. */
u32 controls_default1(enum control_group group);

/* vmcs02's word from L1's and from ours (vmcs01's), by owner; then the few rules between bits. */
struct controls controls_merge(const struct controls *l1, const struct controls *ours);

#endif
