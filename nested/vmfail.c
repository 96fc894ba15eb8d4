/* SPDX-License-Identifier: Apache-2.0 */
/* See vmfail.h. */
#include "nested/vmfail.h"

#include "bsp/msr.h"
#include "kernel/vmx/vmx_insn.h"

#define ARITHMETIC_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static enum exit_action set_flags(u64 flags)
{
	vmwrite(VMCS_GUEST_RFLAGS, (vmread(VMCS_GUEST_RFLAGS) & ~ARITHMETIC_FLAGS) | flags);
	return EXIT_ACTION_SKIP;
}

enum exit_action vm_succeed(void)
{
	return set_flags(0);
}

enum exit_action vm_fail_invalid(void)
{
	return set_flags(RFLAGS_CF);
}

enum exit_action vm_fail(struct vcpu *v, enum vm_instruction_error error)
{
	struct nested *n = v->nested;

	if (n->current == NO_VMCS)
		return vm_fail_invalid();
	n->value[FIELD_INSTRUCTION_ERROR] = error;
	return set_flags(RFLAGS_ZF);
}
