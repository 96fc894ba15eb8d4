/* SPDX-License-Identifier: Apache-2.0 */
/* See operand.h. */
#include "nested/operand.h"

#include "bsp/msr.h"

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

bool operand_linear(const struct operand *o, u64 *linear, u32 *vector)
{
	u32 number = operand_segment_number(o->information);
	u64 offset = effective_address(o);
	bool has_base = !o->is_long_mode || number == SEGMENT_FS || number == SEGMENT_GS;

	*linear = offset + (has_base ? o->segment.base : 0);
	if (!o->is_long_mode)
		*linear = (u32)*linear;
	*vector = number == SEGMENT_SS ? EXC_SS : EXC_GP;
	return segment_allows(&o->segment, &(struct segment_access){
		.address = o->is_long_mode ? *linear : offset, .bytes = o->bytes, .is_write = o->is_write, .is_long_mode = o->is_long_mode,
	});
}
