/* SPDX-License-Identifier: Apache-2.0 */
/* Offers and merges of control bits; see controls.h. */
#include "nested/controls.h"

#include "kernel/vmx/vmcs.h"

enum owner { OWNER_OFF, OWNER_L1, OWNER_EITHER, OWNER_OURS };
enum offer { OFFER_NEVER, OFFER_HARDWARE, OFFER_ALWAYS };

/* Two rows for one bit would initialise one element twice: the compiler refuses that, so every bit has one owner. */
static const struct row { u8 known, owner, offer; } rows[GROUP_COUNT][32] = {
#define CONTROL(group, bit, owner, offer) [GROUP_##group][__builtin_ctz(bit)] = { 1, OWNER_##owner, OFFER_##offer },
#include "nested/controls.def"
#undef CONTROL
};

/* Bits of a group with an owner; folds to a constant when both are. */
static inline __attribute__((always_inline)) u32 owned(enum control_group group, enum owner owner)
{
	return 0
#define CONTROL(g, bit, o, offer) | (GROUP_##g == group && OWNER_##o == owner ? (bit) : 0)
#include "nested/controls.def"
#undef CONTROL
	;
}

u64 controls_offer(enum control_group group, u64 hardware)
{
	u32 must = (u32)hardware, may = (u32)(hardware >> 32);
	u32 offered_must = 0, offered_may = 0;

	for (u32 i = 0; i < 32; i++) {
		const struct row *row = &rows[group][i];
		u32 bit = 1u << i;
		bool by_software = row->known && (row->owner == OWNER_OURS || row->owner == OWNER_OFF);
		bool offered = row->offer == OFFER_ALWAYS || (row->offer == OFFER_HARDWARE && may & bit);

		if (must & bit && !by_software)
			offered_must |= bit;
		if (row->known ? offered : (must & bit) != 0)
			offered_may |= bit;
	}
	return (u64)(offered_may | offered_must) << 32 | offered_must;
}

u32 controls_default1(enum control_group group)
{
	static const u32 default1[GROUP_COUNT] = { 0x00000016, 0x0401E172, 0, 0x00036DFF, 0x000011FF };

	return default1[group];
}

static inline __attribute__((always_inline)) u32 merge(enum control_group group, const struct controls *l1,
						       const struct controls *ours)
{
	u32 theirs = l1->word[group], own = ours->word[group];
	u32 known = owned(group, OWNER_OFF) | owned(group, OWNER_L1) | owned(group, OWNER_EITHER) | owned(group, OWNER_OURS);

	return (theirs & owned(group, OWNER_L1)) | ((theirs | own) & owned(group, OWNER_EITHER)) |
	       (own & (owned(group, OWNER_OURS) | ~known));
}

struct controls controls_merge(const struct controls *l1, const struct controls *ours)
{
	struct controls c = { {
		merge(GROUP_PIN, l1, ours), merge(GROUP_PRIMARY, l1, ours), merge(GROUP_SECONDARY, l1, ours),
		merge(GROUP_EXIT, l1, ours), merge(GROUP_ENTRY, l1, ours),
	} };
	const u32 cr8 = PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING;

	/* With a TPR shadow CR8 is L1's virtual-APIC page; without, it would be the machine's TPR (CVE-2017-12154). */
	if (controls_has(l1, GROUP_PRIMARY, PRIMARY_USE_TPR_SHADOW))
		c.word[GROUP_PRIMARY] = (c.word[GROUP_PRIMARY] & ~cr8) | (l1->word[GROUP_PRIMARY] & cr8);
	/* Scaling is part of offsetting, which L1 need not have asked for. */
	if (!controls_has(l1, GROUP_PRIMARY, PRIMARY_USE_TSC_OFFSETTING))
		c.word[GROUP_SECONDARY] &= ~SECONDARY_TSC_SCALING;
	/* Not every CPU or emulator wakes a halted guest for a virtual interrupt. */
	if (controls_has(l1, GROUP_SECONDARY, SECONDARY_VIRTUAL_INTERRUPT_DELIVERY))
		c.word[GROUP_PRIMARY] |= PRIMARY_HLT_EXITING;
	/* What is left of the timer goes on counting over exits that L1 does not see. */
	if (controls_has(l1, GROUP_PIN, PIN_PREEMPTION_TIMER))
		c.word[GROUP_EXIT] |= EXIT_CONTROL_SAVE_PREEMPTION_TIMER;
	return c;
}
