/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What segmentation says about an access that software makes for a guest: canonical form in 64-bit code, rights and limit elsewhere. Pure.
 * Source: Intel SDM volume 3 "Limit Checking", "Type Checking", volume 1 "Canonical Addressing".
 */
#ifndef KERNEL_SEGMENT_H
#define KERNEL_SEGMENT_H

#include "bsp/types.h"

enum segment_number { SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS };

/* rights as in the VMCS */
struct segment_bounds { u64 base; u32 limit, rights; };
/* 64-bit code: linear is the address; else the offset in the segment is. */
struct segment_access { u64 address; u32 bytes; bool is_write, is_long_mode; };

static inline bool segment_is_canonical(u64 address)
{
	return (u64)((int64_t)(address << 16) >> 16) == address;
}

/* False: #SS for an access through SS, #GP for any other, with error code 0. */
bool must_check segment_allows(const struct segment_bounds *segment, const struct segment_access *access);

#endif
