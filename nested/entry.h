/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMLAUNCH and VMRESUME of L1. Source: Intel SDM volume 3 "VM Entries", "VMLAUNCH/VMRESUME".
 */
#ifndef NESTED_ENTRY_H
#define NESTED_ENTRY_H

#include "nested/nested.h"

/* Mode, CPL and the current VMCS have been checked. */
enum exit_action entry_run(struct vcpu *v, bool is_launch);
/* Guest state is as it must be, hardware says: L1's MSRs are loaded, and the entry is made, or has failed. */
void entry_load_msrs(struct vcpu *v);
/* Hardware refused L1's entry with a VM-instruction error after all: L1 gets it. False: the entry was not L1's. */
bool must_check entry_refused(struct vcpu *v);

#endif
