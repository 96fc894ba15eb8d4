/* SPDX-License-Identifier: Apache-2.0 */
/* The LAPIC's register file and priority logic; see apic.h. Nothing here knows other CPUs or time: apic_access.c and interrupts.c do. */
#include "kernel/apic.h"

void apic_reset(struct apic *apic, u32 id, bool is_boot)
{
	u32 pic_line = __atomic_load_n(&apic->pic_line, __ATOMIC_RELAXED); /* a wire, not a register */

	*apic = (struct apic){
		.pic_line = pic_line,
		.id = id,
		.base = 0xFEE00000ull | APIC_BASE_ENABLE | (is_boot ? APIC_BASE_BSP : 0),
		.dfr = ~0u,
		.svr = 0xFF,
	};
	for (u32 i = 0; i < ARRAY_SIZE(apic->lvt); i++)
		apic->lvt[i] = APIC_LVT_MASKED;
}

static int highest_bit(const u32 *words)
{
	for (int i = 7; i >= 0; i--) {
		u32 word = __atomic_load_n(&words[i], __ATOMIC_RELAXED);

		if (word)
			return i * 32 + 31 - __builtin_clz(word);
	}
	return -1;
}

u32 apic_ppr(const struct apic *apic)
{
	int isr = highest_bit(apic->isr);
	u32 isr_class = isr < 0 ? 0 : (u32)isr & 0xF0;

	return (apic->tpr & 0xF0) >= isr_class ? apic->tpr : isr_class;
}

bool apic_is_enabled(const struct apic *apic)
{
	return (apic->base & APIC_BASE_ENABLE) && (apic->svr & APIC_SVR_ENABLE);
}

/* ExtINT passes LINT0 where that is programmed for it; with the LAPIC off the line goes straight to the CPU. */
static bool accepts_extint(const struct apic *apic)
{
	u32 lint0 = apic->lvt[LVT_LINT0];

	if (!__atomic_load_n(&apic->pic_line, __ATOMIC_RELAXED))
		return false;
	if (!(apic->base & APIC_BASE_ENABLE))
		return apic->base & APIC_BASE_BSP;
	return !(lint0 & APIC_LVT_MASKED) && (lint0 >> 8 & 7) == DELIVERY_EXTINT;
}

int apic_pending(struct apic *apic)
{
	if (apic_is_enabled(apic) && __atomic_load_n(&apic->irr_maybe, __ATOMIC_RELAXED)) {
		/* cleared before the scan: a vector that comes during it sets the flag again */
		__atomic_store_n(&apic->irr_maybe, 0, __ATOMIC_SEQ_CST);
		int irr = highest_bit(apic->irr);

		if (irr >= 0)
			__atomic_store_n(&apic->irr_maybe, 1, __ATOMIC_RELAXED);

		if (irr >= 0 && ((u32)irr & 0xF0) > (apic_ppr(apic) & 0xF0))
			return irr;
	}
	return accepts_extint(apic) ? APIC_EXTINT : -1;
}

void apic_acknowledge(struct apic *apic, int vector)
{
	u32 bit = 1u << (vector & 31);

	__atomic_and_fetch(&apic->irr[vector >> 5], ~bit, __ATOMIC_RELAXED);
	apic->isr[vector >> 5] |= bit;
}

int apic_end_of_interrupt(struct apic *apic)
{
	int vector = highest_bit(apic->isr);

	if (vector < 0)
		return -1;
	u32 bit = 1u << (vector & 31);
	apic->isr[vector >> 5] &= ~bit;
	return apic->tmr[vector >> 5] & bit ? vector : -1;
}

bool apic_accept(struct apic *apic, u32 vector, bool level)
{
	u32 bit = 1u << (vector & 31);

	if (!apic_is_enabled(apic))
		return false;
	if (vector < 16) {
		apic->esr_pending |= APIC_ESR_RECEIVE_ILLEGAL;
		return false;
	}
	if (level)
		__atomic_or_fetch(&apic->tmr[vector >> 5], bit, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(&apic->tmr[vector >> 5], ~bit, __ATOMIC_RELAXED);
	bool is_new = !(__atomic_fetch_or(&apic->irr[vector >> 5], bit, __ATOMIC_SEQ_CST) & bit);
	__atomic_store_n(&apic->irr_maybe, 1, __ATOMIC_SEQ_CST);
	return is_new;
}

bool apic_matches(const struct apic *apic, u32 destination, bool logical)
{
	bool x2apic = apic->base & APIC_BASE_X2APIC;

	if (!(apic->base & APIC_BASE_ENABLE))
		return false;
	if (!logical)
		return destination == apic->id || destination == (x2apic ? 0xFFFFFFFFu : 0xFFu) || destination == 0xFFu;
	if (x2apic) {
		if (destination == 0xFFFFFFFFu)
			return true;
		u32 cluster = apic->id >> 4, mask = 1u << (apic->id & 15);

		return (destination >> 16 == cluster && destination & mask) ||
		       (destination < 0x100 && !cluster && destination & mask);
	}
	u32 ldr = apic->ldr >> 24;
	if ((apic->dfr >> 28) == 0xF)
		return (ldr & destination) != 0;
	return destination == 0xFF || ((ldr >> 4) == (destination >> 4 & 15) && (ldr & destination & 15));
}

u32 apic_divide_shift(const struct apic *apic)
{
	u32 encoded = (apic->divide & 3) | (apic->divide >> 1 & 4);

	return (encoded + 1) & 7;
}
