/* SPDX-License-Identifier: Apache-2.0 */
/* See pdpte.h. */
#include "nested/pdpte.h"

#include "bsp/msr.h"
#include "kernel/guest_memory.h"
#include "kernel/vmx/vmx_insn.h"

bool pdpte_is_used(u64 cr0, u64 cr4, bool is_long_mode)
{
	return cr0 & CR0_PG && cr4 & CR4_PAE && !is_long_mode;
}

bool pdpte_is_valid(u64 pdpte, u32 physical_bits)
{
	return !(pdpte & 1) || !(pdpte & (0x1E6ull | ~(BIT(physical_bits) - 1)));
}

bool pdpte_load(u64 cr3, u32 physical_bits)
{
	u64 pdpte[4];

	if (!guest_read(GPA(cr3 & 0xFFFFFFE0ull), pdpte, sizeof(pdpte)))
		return false;
	for (u32 i = 0; i < 4; i++)
		if (!pdpte_is_valid(pdpte[i], physical_bits))
			return false;
	for (u32 i = 0; i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, pdpte[i]);
	return true;
}
