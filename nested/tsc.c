/* SPDX-License-Identifier: Apache-2.0 */
/* See tsc.h. */
#include "nested/tsc.h"

#include "kernel/nested_hooks.h"
#include "kernel/vmx/vmx_insn.h"

void tsc_merge(struct vcpu *v)
{
	struct nested *n = v->nested;
	bool has_offset = nested_uses(n, GROUP_PRIMARY, PRIMARY_USE_TSC_OFFSETTING);
	bool is_scaled = controls_has(&n->merged, GROUP_SECONDARY, SECONDARY_TSC_SCALING);
	u64 multiplier = is_scaled ? n->value[FIELD_TSC_MULTIPLIER] : TSC_UNSCALED;

	n->tsc = (struct tsc02){
		.base = v->tsc_offset, .multiplier = multiplier,
		.offset = tsc_scaled_offset(v->tsc_offset, multiplier) + (has_offset ? n->value[FIELD_TSC_OFFSET] : 0),
	};
	vmwrite(VMCS_TSC_OFFSET, n->tsc.offset);
	if (is_scaled)
		vmwrite(VMCS_TSC_MULTIPLIER, multiplier);
}

void nested_tsc_moved(struct vcpu *v)
{
	tsc_merge(v);
}
