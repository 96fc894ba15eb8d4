/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes of LAPIC registers by a table of registers: which mode has them, which bits stick, who reacts. Reserved bits are dropped in
 * xAPIC mode and refused (#GP) in x2APIC mode. Source: Intel SDM volume 3 "Local APIC", "Extended XAPIC (x2APIC)".
 */
#include "kernel/apic_access.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"
#include "kernel/interrupts.h"
#include "kernel/timers.h"
#include "kernel/upcall.h"

#define APIC_VERSION_VALUE 0x00050014u /* integrated, LVT entries 0 to 5, no EOI-broadcast suppression */

static u64 guest_tsc(const struct vcpu *v)
{
	return rdtsc() + v->tsc_offset;
}

static u32 current_count(const struct vcpu *v)
{
	const struct apic *apic = &v->apic;
	u64 now = guest_tsc(v);

	if (apic_timer_mode(apic) == 2 || !apic->deadline || now >= apic->deadline)
		return 0;
	return (u32)((apic->deadline - now) >> apic_divide_shift(apic));
}

static void start_timer(struct vcpu *v, u32 count)
{
	struct apic *apic = &v->apic;

	apic->initial_count = count;
	if (apic_timer_mode(apic) == 2)
		return;
	apic->timer_start = guest_tsc(v);
	apic->deadline = count ? apic->timer_start + ((u64)count << apic_divide_shift(apic)) : 0;
	timers_rearm(v);
}

static void write_lvt(struct vcpu *v, enum apic_lvt which, u32 value)
{
	struct apic *apic = &v->apic;
	u32 old_mode = apic_timer_mode(apic);

	apic->lvt[which] = apic_is_enabled(apic) ? value : value | APIC_LVT_MASKED;
	if (which == LVT_TIMER && apic_timer_mode(apic) != old_mode) {
		apic->deadline = 0;
		timers_rearm(v);
	}
}

static void write_svr(struct vcpu *v, u32 value)
{
	v->apic.svr = value & 0x1FF;
	if (value & APIC_SVR_ENABLE)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(v->apic.lvt); i++)
		v->apic.lvt[i] |= APIC_LVT_MASKED;
}

static void end_of_interrupt(struct vcpu *v)
{
	int vector = apic_end_of_interrupt(&v->apic);

	if (vector >= 0)
		upcall_run(UPCALL_EOI, 0, 0, (u64)vector);
}

enum { NONE = 0, XAPIC = 1, X2APIC = 2, BOTH = 3 };

/* What each register is, by offset / 16: in which mode it can be read, written, and which bits a write may set. */
#define REGISTER(offset, read_in, write_in, bits) [(offset) >> 4] = { read_in, write_in, bits }
#define READ_ONLY_ARRAY(offset) [(offset) >> 4 ... ((offset) >> 4) + 7] = { BOTH, NONE, 0 }

static const struct apic_rule { u8 read, write; u32 writable; } rules[64] = {
	REGISTER(APIC_ID,            BOTH,  NONE,   0),
	REGISTER(APIC_VERSION,       BOTH,  NONE,   0),
	REGISTER(APIC_TPR,           BOTH,  BOTH,   0xFF),
	REGISTER(APIC_APR,           XAPIC, NONE,   0),
	REGISTER(APIC_PPR,           BOTH,  NONE,   0),
	REGISTER(APIC_EOI,           NONE,  BOTH,   ~0u),
	REGISTER(APIC_LDR,           BOTH,  XAPIC,  0xFF000000),
	REGISTER(APIC_DFR,           XAPIC, XAPIC,  ~0u),
	REGISTER(APIC_SVR,           BOTH,  BOTH,   0x3FF),
	READ_ONLY_ARRAY(APIC_ISR),
	READ_ONLY_ARRAY(APIC_TMR),
	READ_ONLY_ARRAY(APIC_IRR),
	REGISTER(APIC_ESR,           BOTH,  BOTH,   ~0u),
	REGISTER(APIC_ICR_LOW,       BOTH,  BOTH,   0x000CCFFF),
	REGISTER(APIC_ICR_HIGH,      XAPIC, XAPIC,  0xFF000000),
	REGISTER(APIC_LVT_TIMER,     BOTH,  BOTH,   0x000710FF),
	REGISTER(APIC_LVT_THERMAL,   BOTH,  BOTH,   0x000117FF),
	REGISTER(APIC_LVT_PERF,      BOTH,  BOTH,   0x000117FF),
	REGISTER(APIC_LVT_LINT0,     BOTH,  BOTH,   0x0001F7FF),
	REGISTER(APIC_LVT_LINT1,     BOTH,  BOTH,   0x0001F7FF),
	REGISTER(APIC_LVT_ERROR,     BOTH,  BOTH,   0x000110FF),
	REGISTER(APIC_TIMER_INITIAL, BOTH,  BOTH,   ~0u),
	REGISTER(APIC_TIMER_CURRENT, BOTH,  NONE,   0),
	REGISTER(APIC_TIMER_DIVIDE,  BOTH,  BOTH,   0xB),
	REGISTER(APIC_SELF_IPI,      NONE,  X2APIC, 0xFF),
};

/* Offsets are below 4096 and name no more than the first KiB. */
static struct apic_rule rule_of(u32 offset)
{
	return offset < 0x400 ? rules[offset >> 4] : (struct apic_rule){ NONE, NONE, 0 };
}

static enum apic_lvt lvt_index(u32 offset)
{
	return (enum apic_lvt)(LVT_TIMER + (offset - APIC_LVT_TIMER) / 0x10);
}

static u32 id_register(const struct apic *apic)
{
	return apic->base & APIC_BASE_X2APIC ? apic->id : apic->id << 24;
}

static u32 logical_register(const struct apic *apic)
{
	if (apic->base & APIC_BASE_X2APIC)
		return (apic->id >> 4) << 16 | 1u << (apic->id & 15);
	return apic->ldr;
}

static u32 read_register(struct vcpu *v, u32 offset)
{
	const struct apic *apic = &v->apic;

	switch (offset) {
	case APIC_ID: return id_register(apic);
	case APIC_VERSION: return APIC_VERSION_VALUE;
	case APIC_TPR: return apic->tpr;
	case APIC_PPR: return apic_ppr(apic);
	case APIC_LDR: return logical_register(apic);
	case APIC_DFR: return apic->dfr;
	case APIC_SVR: return apic->svr;
	case APIC_ISR ... APIC_ISR + 0x7F: return apic->isr[(offset - APIC_ISR) / 16];
	case APIC_TMR ... APIC_TMR + 0x7F: return apic->tmr[(offset - APIC_TMR) / 16];
	case APIC_IRR ... APIC_IRR + 0x7F: return apic->irr[(offset - APIC_IRR) / 16];
	case APIC_ESR: return apic->esr;
	case APIC_ICR_LOW: return apic->icr_low;
	case APIC_ICR_HIGH: return apic->icr_high;
	case APIC_LVT_TIMER ... APIC_LVT_ERROR: return apic->lvt[lvt_index(offset)];
	case APIC_TIMER_INITIAL: return apic->initial_count;
	case APIC_TIMER_CURRENT: return current_count(v);
	case APIC_TIMER_DIVIDE: return apic->divide;
	default: return 0;
	}
}

static void write_register(struct vcpu *v, u32 offset, u32 value)
{
	struct apic *apic = &v->apic;

	switch (offset) {
	case APIC_TPR: apic->tpr = value; break;
	case APIC_EOI: end_of_interrupt(v); break;
	case APIC_LDR: apic->ldr = value; break;
	case APIC_DFR: apic->dfr = value | 0x0FFFFFFF; break;
	case APIC_SVR: write_svr(v, value); break;
	case APIC_ESR:
		apic->esr = apic->esr_pending;
		apic->esr_pending = 0;
		break;
	case APIC_ICR_LOW:
		apic->icr_low = value;
		interrupts_ipi(v, value, apic->icr_high >> 24);
		break;
	case APIC_ICR_HIGH: apic->icr_high = value; break;
	case APIC_LVT_TIMER ... APIC_LVT_ERROR: write_lvt(v, lvt_index(offset), value); break;
	case APIC_TIMER_INITIAL: start_timer(v, value); break;
	case APIC_TIMER_DIVIDE: apic->divide = value; break;
	case APIC_SELF_IPI: interrupts_post(v, value, false); break;
	default: break;
	}
}

u32 apic_page_read(struct vcpu *v, u32 offset)
{
	if (offset & 15 || !(rule_of(offset).read & XAPIC)) {
		v->apic.esr_pending |= APIC_ESR_ILLEGAL_REGISTER;
		return 0;
	}
	return read_register(v, offset);
}

void apic_page_write(struct vcpu *v, u32 offset, u32 value)
{
	struct apic_rule rule = rule_of(offset);

	if (offset & 15 || !(rule.write & XAPIC)) {
		v->apic.esr_pending |= APIC_ESR_ILLEGAL_REGISTER;
		return;
	}
	write_register(v, offset, value & rule.writable);
}

bool apic_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	u32 offset = (msr - IA32_X2APIC_FIRST) << 4;

	if (!(v->apic.base & APIC_BASE_X2APIC) || !(rule_of(offset).read & X2APIC))
		return false;
	*value = read_register(v, offset);
	if (offset == APIC_ICR_LOW)
		*value |= (u64)v->apic.icr_high << 32;
	return true;
}

bool apic_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	u32 offset = (msr - IA32_X2APIC_FIRST) << 4;
	struct apic_rule rule = rule_of(offset);

	if (!(v->apic.base & APIC_BASE_X2APIC) || !(rule.write & X2APIC))
		return false;
	if (offset == APIC_ICR_LOW) {
		if ((u32)value & ~rule.writable)
			return false;
		v->apic.icr_low = (u32)value;
		v->apic.icr_high = (u32)(value >> 32);
		interrupts_ipi(v, (u32)value, v->apic.icr_high);
		return true;
	}
	if (value & ~(u64)rule.writable || ((offset == APIC_EOI || offset == APIC_ESR) && value))
		return false;
	write_register(v, offset, (u32)value);
	return true;
}

/* SDM "x2APIC State Transitions": disabled <-> xAPIC -> x2APIC -> disabled; x2APIC -> xAPIC and disabled -> x2APIC fault. */
bool apic_base_write(struct vcpu *v, u64 value)
{
	const u64 mode_bits = APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	u64 from = v->apic.base & mode_bits, to = value & mode_bits;

	if (value & ~(mode_bits | APIC_BASE_BSP | GUEST_LAPIC_BASE))
		return false;
	if ((value & ~0xFFFull) != GUEST_LAPIC_BASE)
		return false; /* the page cannot move in this partition */
	if (to == APIC_BASE_X2APIC || (from == mode_bits && to == APIC_BASE_ENABLE) || (!from && to == mode_bits))
		return false;
	if (from && !to)
		apic_reset(&v->apic, v->apic.id, v->is_boot);
	v->apic.base = GUEST_LAPIC_BASE | to | (v->apic.base & APIC_BASE_BSP);
	timers_rearm(v);
	return true;
}

bool apic_deadline_write(struct vcpu *v, u64 value)
{
	if (apic_timer_mode(&v->apic) != 2)
		return true;
	v->apic.deadline = value;
	timers_rearm(v);
	return true;
}

u64 apic_deadline_read(const struct vcpu *v)
{
	return apic_timer_mode(&v->apic) == 2 ? v->apic.deadline : 0;
}
