/* SPDX-License-Identifier: Apache-2.0 */
/* See vm_function.h. */
#include "nested/vm_function.h"

#include "kernel/guest_memory.h"
#include "nested/ept_mode.h"
#include "nested/reflect.h"
#include "nested/vmcs02.h"

enum exit_action vm_function_switch_eptp(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 index = (u32)v->gpr[RCX], eptp;

	if (!guest_read_entry(GPA(n->value[FIELD_EPTP_LIST_ADDRESS] + index * sizeof(eptp)), sizeof(eptp), &eptp))
		eptp = ~0ull;
	if (!capability_allows_eptp(&nested_machine.offer, eptp)) {
		reflect_exit(v);
		return EXIT_ACTION_RESUME;
	}
	n->value[FIELD_EPT_POINTER] = eptp;
	n->value[FIELD_EPTP_INDEX] = index;
	ept_mode_prepare(n);
	ept_mode_load(n);
	vmcs02_flush_ept(n);
	return EXIT_ACTION_SKIP;
}
