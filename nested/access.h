/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of VMX instructions of the guest in the current VMCS: address and segment checks, page walk, copy. A fault has been injected when a
 * function returns false. What lies outside the partition's RAM reads as all ones and swallows writes.
 */
#ifndef NESTED_ACCESS_H
#define NESTED_ACCESS_H

#include "kernel/exits.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/operand.h"

bool must_check access_read_operand(struct vcpu *v, void *buffer, u32 bytes);
bool must_check access_write_operand(struct vcpu *v, const void *buffer, u32 bytes);

/* VMREAD and VMWRITE: the encoding they name, and their other operand, a register or memory of the mode's width. */
struct field_access { u64 encoding; u32 information; bool is_long; };

static inline struct field_access access_field(const struct vcpu *v)
{
	u32 information = (u32)vmread(VMCS_EXIT_INSTRUCTION_INFO);
	u64 encoding = exit_read_gpr(v, operand_register_2(information));
	bool is_long = vcpu_is_long_mode_code();

	return (struct field_access){ is_long ? encoding : (u32)encoding, information, is_long };
}

static inline bool must_check access_read_value(struct vcpu *v, const struct field_access *access, u64 *value)
{
	*value = 0;
	if (!operand_is_register(access->information))
		return access_read_operand(v, value, access->is_long ? 8 : 4);
	u64 wide = exit_read_gpr(v, operand_register_1(access->information));
	*value = access->is_long ? wide : (u32)wide;
	return true;
}

static inline bool must_check access_write_value(struct vcpu *v, const struct field_access *access, u64 value)
{
	if (!operand_is_register(access->information))
		return access_write_operand(v, &value, access->is_long ? 8 : 4);
	exit_write_gpr(v, operand_register_1(access->information), access->is_long ? value : (u32)value);
	return true;
}

#endif
