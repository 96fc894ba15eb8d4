/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical accesses of L2 that EPT02 did not let through, or that L0 makes in L2's place: what L1's tables say to them, and what becomes
 * of that: EPT02 filled, a device of L1's reached, an exit to L1.
 * Source: Intel SDM volume 3 "EPT Violations", "EPT Misconfigurations", "Accessed and Dirty Flags for EPT".
 */
#ifndef NESTED_EPT_VIOLATION_H
#define NESTED_EPT_VIOLATION_H

#include "nested/nested.h"

/* vmcs02 is current. True: dealt with; false: L2 runs on EPT01, the violation is the partition's. */
bool must_check ept_violation_handle(struct vcpu *v);
/* The place in L1's memory behind an L2 address, for an access by L0; access: WALK_WRITE, WALK_TABLE. False: nested_take_ept_violation(). */
bool must_check ept_violation_translate(struct vcpu *v, l2pa_t address, u32 access, gpa_t *l1);

#endif
