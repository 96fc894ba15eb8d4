/* SPDX-License-Identifier: Apache-2.0 */
/* See ept_mode.h. */
#include "nested/ept_mode.h"

#include "nested/apic_page.h"

/* Without virtual NMIs IRET ends a blocking only if NMIs do not exit, and vmcs02 has virtual NMIs always. */
static bool iret_unblocks(const struct nested *n)
{
	return nested_uses(n, GROUP_PIN, PIN_VIRTUAL_NMIS) || !nested_uses(n, GROUP_PIN, PIN_NMI_EXITING);
}

void ept_mode_prepare(struct nested *n)
{
	bool is_on = nested_uses(n, GROUP_SECONDARY, SECONDARY_ENABLE_EPT);
	u64 eptp = n->value[FIELD_EPT_POINTER];
	bool is_mode_based = nested_uses(n, GROUP_SECONDARY, SECONDARY_MODE_BASED_EXECUTE);
	u64 advanced = nested_machine.offer.msr.ept_vpid & EPT_CAP_ADVANCED ? QUALIFICATION_ADVANCED : 0;

	n->ept = (struct ept_mode){
		.rules = &nested_machine.ept12_rules[is_mode_based], .key = is_on ? ept02_key(eptp, is_mode_based) : EPT02_KEY_NO_EPT12,
		.reported = QUALIFICATION_ALWAYS | advanced | (iret_unblocks(n) ? QUALIFICATION_NMI : 0),
		.is_on = is_on, .uses_tables = is_on || apic_page_needs_tables(n), .flags = is_on && eptp & EPTP_ACCESSED_DIRTY,
		.is_mode_based = is_mode_based,
	};
}
