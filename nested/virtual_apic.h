/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual APIC L1 gives L2. vmcs02 runs on hardware, so that the CPU itself virtualizes L2's accesses and delivers its interrupts; here is what
 * stands around it: L1's pages as machine addresses, the MSR bitmap's x2APIC part, posted interrupts (whose vector is one of L1's LAPIC, not of the
 * machine), waking a halted L2. What L1 does not use costs an entry nothing. Source: Intel SDM volume 3 "APIC Virtualization and Virtual Interrupts".
 */
#ifndef NESTED_VIRTUAL_APIC_H
#define NESTED_VIRTUAL_APIC_H

#include "nested/nested.h"

/* L1's pages, at each change of the controls. NULL, or the name of the first that lies outside the partition's RAM. */
cold_path const char *virtual_apic_resolve(struct nested *n);
/* vmcs02 is current and the controls are merged: what vmcs02 gets besides. */
void virtual_apic_merge(struct nested *n);

/* The byte the TPR threshold is compared with; 0xFF where the manual compares nothing. */
u8 virtual_apic_vtpr(const struct nested *n);

/* vmcs02 is current: L2's HLT exited and L1 does not want it. With virtual-interrupt delivery it halts, unless one can be delivered at once; else PASS. */
cold_path enum exit_action virtual_apic_halt(struct vcpu *v);
/* vmcs02 is current: a halted L2 for which a virtual interrupt can be delivered runs on. Emulators do not wake it. */
cold_path void virtual_apic_wake(struct vcpu *v);

/* vmcs02 is current: an entry has failed, the activity state is again as L1 wrote it. */
void virtual_apic_forget_wake(struct nested *n);

/*
 * vmcs02 is current: the CPU has refused to go on with L2 after an exit of ours. That may be another CPU of L1 having lowered the VTPR below the threshold
 * meanwhile, which no CPU would look at before the next entry of L1's: L1 hears of it as it does of L2's own lowering. False: it is something else.
 */
cold_path bool must_check virtual_apic_refused(struct vcpu *v, u32 error);

/* The highest interrupt due for L1, if it is L1's notification vector, becomes what was posted. True: none is left that L1 must hear of. */
cold_path bool must_check virtual_apic_take_posted(struct vcpu *v);

#endif
