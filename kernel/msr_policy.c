/* SPDX-License-Identifier: Apache-2.0 */
/* The MSR bitmap from msr.def. Pure; the handlers of the named rows are in exit_msr.c. */
#include "kernel/msr_policy.h"

#include "bsp/msr.h"

enum how { IS_deny, IS_pass, IS_constant, IS_ignore, IS_held, IS_tsc, IS_apic_base, IS_nested, IS_tsc_adjust, IS_pat,
	   IS_deadline, IS_x2apic, IS_efer, IS_debugctl, IS_xss, IS_told };

static const struct { u32 first, last; enum how read, write; } rows[] = {
#define ROW(first, last, read, write, value) { first, last, IS_##read, IS_##write },
#include "kernel/msr.def"
#undef ROW
};

static void pass(struct msr_bitmap *bitmap, u32 msr, bool write)
{
	u32 index = msr & 0x1FFF;
	u32 area = (msr >= 0xC0000000 ? 1024 : 0) + (write ? 2048 : 0);

	bitmap->byte[area + index / 8] &= (u8)~(1u << (index & 7));
}

void msr_policy_build(struct msr_bitmap *bitmap)
{
	for (u32 i = 0; i < sizeof(bitmap->byte); i++)
		bitmap->byte[i] = 0xFF;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		for (u32 msr = rows[i].first; msr <= rows[i].last; msr++) {
			if (rows[i].read == IS_pass)
				pass(bitmap, msr, false);
			if (rows[i].write == IS_pass)
				pass(bitmap, msr, true);
		}
}

const struct msr_bitmap *msr_policy_bitmap(void)
{
	static struct msr_bitmap bitmap page_aligned;
	static bool is_built;

	if (!is_built)
		msr_policy_build(&bitmap);
	is_built = true;
	return &bitmap;
}
