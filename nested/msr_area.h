/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSR areas of L1, done in software through the kernel's MSR policy: an MSR L1 may not write itself cannot be loaded here either.
 * Each entry is read once. Source: Intel SDM volume 3 "Loading MSRs" (VM entries), "Saving MSRs", "Loading MSRs" (VM exits).
 */
#ifndef NESTED_MSR_AREA_H
#define NESTED_MSR_AREA_H

#include "nested/nested.h"

struct msr_area { u64 address; u64 count; };

struct msr_entry { u32 index, zero; u64 value; };

/* May an area name this MSR at all? IA32_FS_BASE and IA32_GS_BASE have fields of their own. Pure. */
bool msr_area_may_load(const struct msr_entry *entry);
bool msr_area_may_store(const struct msr_entry *entry);

/* Into the guest of the current VMCS. 0, or the number (from 1) of the entry that failed. */
u32 must_check msr_area_load(struct vcpu *v, struct msr_area area);
bool must_check msr_area_store(struct vcpu *v, struct msr_area area);

#endif
