/* SPDX-License-Identifier: Apache-2.0 */
/* See arch_capabilities.h. */
#include "kernel/arch_capabilities.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"

u64 arch_capabilities_told;

#define LEAF7_EDX_ARCH_CAPABILITIES BIT(29)

/* What is as true in a guest as on the machine: the NO bits, the CLEAR bits, and RSBA and RRSBA, which are warnings. */
#define TOLD (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(8) | BIT(13) | BIT(14) | BIT(15) | BIT(17) | BIT(19) | BIT(20) | BIT(24) | BIT(26) | \
	      BIT(27) | BIT(28))

/* Family 6 without the page-size defect, though older than the register or without its bit. */
static const u8 models_without[] = {
	0x1C, 0x26, 0x27, 0x35, 0x36, /* Bonnell, Saltwell */
	0x37, 0x4A, 0x4D, 0x5A, 0x5D, /* Silvermont */
	0x4C, 0x75,                   /* Airmont */
	0x5C, 0x5F, 0x7A, 0x86,       /* Goldmont, Goldmont Plus, Tremont */
	0x57, 0x85,                   /* Knights Landing, Knights Mill */
};

u64 arch_capabilities_read(void)
{
	bool has = cpuid(0, 0).eax >= 7 && cpuid(7, 0).edx & LEAF7_EDX_ARCH_CAPABILITIES;

	return has ? rdmsr(IA32_ARCH_CAPABILITIES) : 0;
}

bool arch_has_page_size_defect(u32 signature, u64 capabilities)
{
	u32 family = signature >> 8 & 0xF, model = (signature >> 4 & 0xF) | (signature >> 12 & 0xF0);

	if (capabilities & NO_PAGE_SIZE_DEFECT)
		return false;
	for (u32 i = 0; family == 6 && i < ARRAY_SIZE(models_without); i++)
		if (models_without[i] == model)
			return false;
	return true;
}

u64 arch_capabilities_for_guest(u64 capabilities, bool is_page_size_safe)
{
	return (capabilities & TOLD) | (is_page_size_safe ? NO_PAGE_SIZE_DEFECT : 0);
}
