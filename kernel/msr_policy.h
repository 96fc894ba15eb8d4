/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSR policy from msr.def: default deny. Gives the bitmap for the VMCS and the handler of each trapped MSR.
 * Source: Intel SDM volume 3 "MSR-Bitmap Address".
 */
#ifndef KERNEL_MSR_POLICY_H
#define KERNEL_MSR_POLICY_H

#include "kernel/vcpu.h"

/* 4 KiB: read low, read high, write low, write high; a set bit exits. */
struct msr_bitmap { u8 byte[4096]; };

/* Pure: all ones but for the PASS rows. */
void msr_policy_build(struct msr_bitmap *bitmap);
/* The partition's bitmap, built once. */
const struct msr_bitmap *msr_policy_bitmap(void);

/* As RDMSR and WRMSR of the guest in the current VMCS; false: #GP. */
bool must_check msr_read(struct vcpu *v, u32 msr, u64 *value);
bool must_check msr_write(struct vcpu *v, u32 msr, u64 value);
void msr_reset(struct vcpu *v);

#endif
