/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INVEPT and INVVPID of L1: EPT02 roots are dropped, vpid02 is flushed at once. No operand of L1 reaches the hardware's instructions.
 * Source: Intel SDM volume 3 "INVEPT", "INVVPID".
 */
#include "kernel/exits.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/access.h"
#include "nested/checks.h"
#include "nested/instructions.h"
#include "nested/operand.h"
#include "nested/vmcs02.h"
#include "nested/vmfail.h"

struct descriptor { u64 low, high; };

bool invalidate_invept_is_valid(u64 type, u64 eptp, const struct offer *offer)
{
	return type == INVEPT_ALL || (type == INVEPT_SINGLE && capability_allows_eptp(offer, eptp));
}

bool invalidate_invvpid_is_valid(u64 type, u64 low, u64 linear)
{
	if (type > INVVPID_SINGLE_RETAIN_GLOBAL || low >> 16)
		return false;
	if (type != INVVPID_ALL && !low)
		return false;
	return type != INVVPID_ADDRESS || check_is_canonical(linear);
}

static u64 type_operand(const struct vcpu *v)
{
	u64 type = exit_read_gpr(v, operand_register_2((u32)vmread(VMCS_EXIT_INSTRUCTION_INFO)));

	return vcpu_is_long_mode_code() ? type : (u32)type;
}

enum exit_action invalidate_invept(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 type = type_operand(v);
	struct descriptor descriptor;

	if (type != INVEPT_SINGLE && type != INVEPT_ALL)
		return vm_fail(v, VMERR_INVEPT_INVVPID_OPERAND);
	if (!access_read_operand(v, &descriptor, sizeof(descriptor)))
		return EXIT_ACTION_RESUME;
	if (!invalidate_invept_is_valid(type, descriptor.low, &nested_machine.offer))
		return vm_fail(v, VMERR_INVEPT_INVVPID_OPERAND);
	if (type == INVEPT_ALL)
		ept02_invalidate_all(&n->ept02);
	else
		ept02_invalidate(&n->ept02, descriptor.low);
	vmcs02_flush_ept(n);
	return vm_succeed();
}

enum exit_action invalidate_invvpid(struct vcpu *v)
{
	struct nested *n = v->nested;
	u64 type = type_operand(v);
	struct descriptor descriptor;

	if (type > INVVPID_SINGLE_RETAIN_GLOBAL)
		return vm_fail(v, VMERR_INVEPT_INVVPID_OPERAND);
	if (!access_read_operand(v, &descriptor, sizeof(descriptor)))
		return EXIT_ACTION_RESUME;
	if (!invalidate_invvpid_is_valid(type, descriptor.low, descriptor.high))
		return vm_fail(v, VMERR_INVEPT_INVVPID_OPERAND);
	if (type == INVVPID_ALL || flush_for_invvpid(&n->flush, (u16)descriptor.low))
		invvpid(INVVPID_SINGLE, flush_vpid02(v->index), 0);
	return vm_succeed();
}
