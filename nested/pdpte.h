/* SPDX-License-Identifier: Apache-2.0 */
/* Page-directory pointers of PAE paging, which a CPU loads when CR3 is loaded. Source: Intel SDM volume 3 "PDPTE Registers". */
#ifndef NESTED_PDPTE_H
#define NESTED_PDPTE_H

#include "bsp/types.h"

/* PAE paging outside IA-32e mode? */
bool pdpte_is_used(u64 cr0, u64 cr4, bool is_long_mode);
/* Reserved bits. Pure. */
bool pdpte_is_valid(u64 pdpte, u32 physical_bits);
/* Reads the four at CR3 of L1's memory and writes them to the current VMCS; false: one is invalid, nothing was written. */
bool must_check pdpte_load(u64 cr3, u32 physical_bits);

#endif
