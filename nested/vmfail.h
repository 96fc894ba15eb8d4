/* SPDX-License-Identifier: Apache-2.0 */
/* How VMX instructions end, in RFLAGS of L1 (vmcs01 current). Source: Intel SDM volume 3 "Conventions" of the VMX instruction reference. */
#ifndef NESTED_VMFAIL_H
#define NESTED_VMFAIL_H

#include "nested/nested.h"

enum exit_action vm_succeed(void);
/* VMfailValid with the error number if there is a current VMCS, else VMfailInvalid. */
enum exit_action vm_fail(struct vcpu *v, enum vm_instruction_error error);
enum exit_action vm_fail_invalid(void);

#endif
