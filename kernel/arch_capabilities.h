/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IA32_ARCH_CAPABILITIES: which defects a CPU says it does not have, and what of it a partition is told. Pure but for its first function.
 * Source: Intel SDM volume 4 "IA32_ARCH_CAPABILITIES".
 */
#ifndef KERNEL_ARCH_CAPABILITIES_H
#define KERNEL_ARCH_CAPABILITIES_H

#include "bsp/types.h"

#define NO_PAGE_SIZE_DEFECT BIT(6) /* IF_PSCHANGE_MC_NO */

/* This CPU's; 0 where it has no such register. */
u64 arch_capabilities_read(void);

/*
 * CPUs that stop with a machine check when the size of a page changes under the instruction fetch (CVE-2018-12207). A guest can make that happen
 * with its own page tables, unless no page is large in the EPT. signature: CPUID leaf 1, EAX. A CPU nobody has vouched for has the defect.
 */
bool arch_has_page_size_defect(u32 signature, u64 capabilities);

/* What the partition reads: defects the CPU does not have, and those that Nestbox keeps from it. */
u64 arch_capabilities_for_guest(u64 capabilities, bool is_page_size_safe);
/* That, once the partition's page sizes are known; does not change afterwards. */
extern u64 arch_capabilities_told;

#endif
