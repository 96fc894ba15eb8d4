/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmcs02, the VMCS that runs L2, one per CPU: loading and shadowing it, and building what is not L1's as it is.
 * While L1 runs and the CPU can shadow, vmcs02 carries the shadow indicator and L1's VMREAD and VMWRITE of LIVE and DATA fields reach it.
 * Source: Intel SDM volume 3 "Virtual-Machine Control Structures", "VMCS Types: Ordinary and Shadow".
 */
#ifndef NESTED_VMCS02_H
#define NESTED_VMCS02_H

#include "kernel/crash.h"
#include "nested/nested.h"

/* Once a CPU; on the boot CPU: which fields CPUs of this box have. vmcs01 is current before and after, as for all below but where said. */
void vmcs02_probe(struct vcpu *v);
/* At VMXON: host state and all that never changes. */
void vmcs02_setup(struct vcpu *v);

/* For a look at LIVE fields while L1 runs. */
void vmcs02_borrow(struct vcpu *v);
void vmcs02_return(struct vcpu *v);

#define VMCS_SHADOW_INDICATOR (1u << 31)

/* VMCLEAR: the indicator may change while the VMCS is clear and not current only. */
static inline void vmcs02_clear(struct nested *n, u32 indicator)
{
	CHECK(vmclear(&n->vmcs02_page));
	n->vmcs02->revision = nested_machine.hardware_revision | indicator;
	n->launched02 = 0;
}

/* To run it, and back: afterwards vmcs02 (vmcs01) is current. */
static inline void vmcs02_activate(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (nested_machine.has_shadowing)
		vmcs02_clear(n, 0);
	CHECK(vmptrld(&n->vmcs02_page));
}

static inline void vmcs02_deactivate(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (nested_machine.has_shadowing)
		vmcs02_clear(n, VMCS_SHADOW_INDICATOR);
	CHECK(vmptrld(&v->vmcs01));
}

/* L1's VMREAD and VMWRITE reach vmcs02, or exit. */
void vmcs02_attach_shadow(struct vcpu *v);
void vmcs02_detach_shadow(struct vcpu *v);

/* Resolves L1's addresses that hardware will use. NULL, or the name of the first that lies outside the partition's RAM. */
const char *vmcs02_resolve(struct nested *n);
/* vmcs02 is current: a control of it. Where we are a guest ourselves each VMWRITE of one is an exit; hardware never changes these. */
static inline void vmcs02_put(struct nested *n, enum field_index index, u64 value)
{
	if (n->written[index] != value)
		vmwrite(fields[index].encoding, value);
	n->written[index] = value;
}

/* vmcs02 is current: merges the controls. */
void vmcs02_merge_controls(struct vcpu *v);
/* vmcs02 is current: the read shadows, when CR0, CR4 or what L1 owns of them has changed. */
void vmcs02_merge_shadows(struct vcpu *v);
/* vmcs02 is current: what is computed anew at each entry. */
void vmcs02_merge_state(struct vcpu *v);
void vmcs02_merge_memory(struct vcpu *v);
/* INVEPT, if tables were given back since the last. */
void vmcs02_flush_ept(struct nested *n);

#endif
