/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMCS shadowing for L1: VMREAD and VMWRITE of L2 on the shadow VMCS that L1's link pointer names. All in software, on L1's page: vmcs02 never
 * shadows, so that L2's instructions always come to L0, and L1's bitmaps are asked there (exits.def).
 * Source: Intel SDM volume 3 "VMCS Types: Ordinary and Shadow", "VMREAD", "VMWRITE".
 */
#ifndef NESTED_SHADOW12_H
#define NESTED_SHADOW12_H

#include "nested/nested.h"

/* L1's bitmaps let the instruction through; vmcs02 is current. */
enum exit_action shadow12_instruction(struct vcpu *v, u32 basic_reason);

#endif
