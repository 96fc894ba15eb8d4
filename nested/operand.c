/* SPDX-License-Identifier: Apache-2.0 */
/* See operand.h. */
#include "nested/operand.h"

#include "bsp/msr.h"
#include "nested/checks.h"

enum { SEGMENT_SS = 2, SEGMENT_FS = 4, SEGMENT_GS = 5 };

#define RIGHTS_CODE        BIT(3)
#define RIGHTS_EXPAND_DOWN BIT(2) /* data */
#define RIGHTS_ACCESSIBLE  BIT(1) /* data: writable, code: readable */
#define RIGHTS_BIG         BIT(14)
#define RIGHTS_UNUSABLE    BIT(16)

static u64 effective_address(const struct operand *o)
{
	static const u64 masks[4] = { 0xFFFF, 0xFFFFFFFF, ~0ull, ~0ull };
	u64 sum = o->displacement;

	if (operand_has_base(o->information))
		sum += o->base;
	if (operand_has_index(o->information))
		sum += o->index << (o->information & 3);
	return sum & masks[o->information >> 7 & 3];
}

static bool rights_allow(const struct operand *o)
{
	u32 rights = o->segment.rights;

	if (rights & RIGHTS_UNUSABLE)
		return false;
	if (rights & RIGHTS_CODE)
		return !o->is_write && rights & RIGHTS_ACCESSIBLE;
	return !o->is_write || rights & RIGHTS_ACCESSIBLE;
}

static bool limit_allows(const struct operand *o, u64 offset)
{
	u64 last = offset + o->bytes - 1;
	bool expands_down = !(o->segment.rights & RIGHTS_CODE) && o->segment.rights & RIGHTS_EXPAND_DOWN;
	u64 top = o->segment.rights & RIGHTS_BIG ? 0xFFFFFFFF : 0xFFFF;

	return expands_down ? offset > o->segment.limit && last <= top : last <= o->segment.limit;
}

bool operand_linear(const struct operand *o, u64 *linear, u32 *vector)
{
	u32 number = operand_segment_number(o->information);
	u64 offset = effective_address(o);
	bool allowed;

	if (o->is_long_mode) {
		*linear = offset + (number == SEGMENT_FS || number == SEGMENT_GS ? o->segment.base : 0);
		allowed = check_is_canonical(*linear) && check_is_canonical(*linear + o->bytes - 1);
	} else {
		*linear = (u32)(o->segment.base + offset);
		allowed = rights_allow(o) && limit_allows(o, offset);
	}
	*vector = number == SEGMENT_SS ? EXC_SS : EXC_GP;
	return allowed;
}
