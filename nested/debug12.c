/* SPDX-License-Identifier: Apache-2.0 */
/* L1's current VMCS for a debugger; linked with kernel/debug.c. */
#include "kernel/nested_hooks.h"
#include "nested/vmcs12.h"

u32 nested_debug_fields(struct vcpu *v, u64 *values, u32 most)
{
	u32 count = v->nested->current == NO_VMCS ? 0 : min_u64(FIELD_COUNT, most);

	for (u32 i = 0; i < count; i++)
		values[i] = v->in_l2 ? vmcs12_get_live(v->nested, (enum field_index)i) : vmcs12_read(v, (enum field_index)i);
	return count;
}
