/* SPDX-License-Identifier: Apache-2.0 */
/* EPT violations of L2, and the way from an L2-guest-physical address to L1's. */
#ifndef NESTED_EPT_VIOLATION_H
#define NESTED_EPT_VIOLATION_H

#include "nested/nested.h"

/* vmcs02 is current. True: dealt with; false: L2 runs on EPT01, the violation is the partition's. */
bool must_check ept_violation_handle(struct vcpu *v);
/* The page of L1's memory behind an L2 address, as EPT12 has it; false: not mapped with these rights (EPT_READ, ...). */
bool must_check ept_violation_translate(struct vcpu *v, l2pa_t address, u64 rights, gpa_t *l1);

/* The exit qualification for L1: the rights are EPT12's. Pure. */
u64 ept_violation_qualification(u64 hardware, u64 rights12);

#endif
