/* SPDX-License-Identifier: Apache-2.0 */
/* See x2apic.h. */
#include "nested/x2apic.h"

#include "kernel/vmx/vmcs.h"

/* The range is 256 MSRs from 800H on. */
#define WORDS 4u
#define FIRST_READ (0x800u / 64)
#define FIRST_WRITE (FIRST_READ + 2048u / 8)
enum { TPR = 0x08, EOI = 0x0B, SELF_IPI = 0x3F };

bool x2apic_is_virtual(const struct controls *vmcs02)
{
	return controls_has(vmcs02, GROUP_PRIMARY, PRIMARY_SECONDARY_CONTROLS) &&
	       controls_has(vmcs02, GROUP_PRIMARY, PRIMARY_USE_TPR_SHADOW) &&
	       controls_has(vmcs02, GROUP_SECONDARY, SECONDARY_VIRTUALIZE_X2APIC);
}

void x2apic_open(struct bitmap_open *open, const struct controls *vmcs02)
{
	u64 other_reads = controls_has(vmcs02, GROUP_SECONDARY, SECONDARY_APIC_REGISTER_VIRTUALIZATION) ? ~0ull : 0;
	u64 other_writes = controls_has(vmcs02, GROUP_SECONDARY, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY) ? BIT(EOI) | BIT(SELF_IPI) : 0;
	struct bitmap_word added[WORDS + 1] = {
		{ .at = FIRST_READ, .ours = ~(BIT(TPR) | other_reads) },
		{ .at = FIRST_WRITE, .ours = ~(BIT(TPR) | other_writes) },
	};

	if (!x2apic_is_virtual(vmcs02))
		return;
	for (u32 i = 1; i < WORDS; i++)
		added[1 + i] = (struct bitmap_word){ .at = FIRST_READ + i, .ours = ~other_reads };
	bitmap_add_open(open, added, other_reads ? WORDS + 1 : 2);
}

void x2apic_close(u64 *bitmap)
{
	for (u32 i = 0; i < WORDS; i++)
		bitmap[FIRST_READ + i] = bitmap[FIRST_WRITE + i] = ~0ull;
}
