/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory operands of L1's VMX instructions (vmcs01 current): address and segment checks, page walk, copy. A fault has been injected when a
 * function returns false. What lies in L1's address space outside RAM reads as all ones and swallows writes.
 */
#ifndef NESTED_ACCESS_H
#define NESTED_ACCESS_H

#include "kernel/vcpu.h"

bool must_check access_read_operand(struct vcpu *v, void *buffer, u32 bytes);
bool must_check access_write_operand(struct vcpu *v, const void *buffer, u32 bytes);

#endif
