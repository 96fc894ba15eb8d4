/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMFUNC of L2. vmcs02 enables VM functions for L1 and none of them, so that each VMFUNC exits that is no #UD; EPTP switching is done here: L1's list
 * holds EPTPs of L1's. Source: Intel SDM volume 3 "VM Functions".
 */
#ifndef NESTED_VM_FUNCTION_H
#define NESTED_VM_FUNCTION_H

#include "nested/nested.h"

/* vmcs02 is current; the function is enabled and the entry's number in range. An EPTP that is not valid makes an exit to L1. */
enum exit_action vm_function_switch_eptp(struct vcpu *v);

#endif
