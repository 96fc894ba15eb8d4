/* SPDX-License-Identifier: Apache-2.0 */
/* See access.h. */
#include "nested/access.h"

#include "kernel/guest_memory.h"

static u64 gpr_if(const struct vcpu *v, bool named, u32 number)
{
	return named ? exit_read_gpr(v, number) : 0;
}

static struct operand decode(const struct vcpu *v, u32 bytes, bool is_write)
{
	u32 information = (u32)vmread(VMCS_EXIT_INSTRUCTION_INFO);
	u32 segment = operand_segment_number(information) * 2;

	return (struct operand){
		.information = information, .displacement = vmread(VMCS_EXIT_QUALIFICATION),
		.is_long_mode = vcpu_is_long_mode_code(), .bytes = bytes, .is_write = is_write,
		.base = gpr_if(v, operand_has_base(information), operand_base(information)),
		.index = gpr_if(v, operand_has_index(information), operand_index(information)),
		.segment = { vmread(VMCS_GUEST_ES_BASE + segment), (u32)vmread(VMCS_GUEST_ES_LIMIT + segment),
			     (u32)vmread(VMCS_GUEST_ES_ACCESS_RIGHTS + segment) },
	};
}

static bool find(struct vcpu *v, u32 bytes, bool is_write, u64 *linear)
{
	struct operand operand = decode(v, bytes, is_write);
	u32 vector;

	if (operand_linear(&operand, linear, &vector))
		return true;
	vcpu_inject_exception(v, vector, 0);
	return false;
}

bool access_read_operand(struct vcpu *v, void *buffer, u32 bytes)
{
	struct walk_fault fault;
	u64 linear;

	if (!find(v, bytes, false, &linear))
		return false;
	if (guest_linear_read(linear, buffer, bytes, &fault))
		return true;
	if (guest_take_fault(v, &fault))
		return false;
	__builtin_memset(buffer, 0xFF, bytes);
	return true;
}

bool access_write_operand(struct vcpu *v, const void *buffer, u32 bytes)
{
	struct walk_fault fault;
	u64 linear;

	if (!find(v, bytes, true, &linear))
		return false;
	return guest_linear_write(linear, buffer, bytes, &fault) || !guest_take_fault(v, &fault);
}
