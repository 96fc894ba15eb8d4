/* SPDX-License-Identifier: Apache-2.0 */
/* The VMX instructions of L1; nested_instruction() of nested_hooks.h is here. */
#ifndef NESTED_INSTRUCTIONS_H
#define NESTED_INSTRUCTIONS_H

#include "nested/nested.h"

/* Index of the field an encoding names, -1 if L1 has no such field. */
static inline int instructions_field(u64 encoding)
{
	int index = fields_find(encoding);

	return index >= 0 && field_exists(index, &nested_machine.offer.may) ? index : -1;
}

/* invalidate.c; mode, VMX operation and CPL have been checked. */
enum exit_action invalidate_invept(struct vcpu *v);
enum exit_action invalidate_invvpid(struct vcpu *v);

/* What invalidate.c decides of an operand, pure: true if the type exists and its descriptor is valid. */
bool invalidate_invept_is_valid(u64 type, u64 eptp, const struct offer *offer);
bool invalidate_invvpid_is_valid(u64 type, u64 low, u64 linear);

#endif
