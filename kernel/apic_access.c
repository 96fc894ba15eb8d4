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

enum { XAPIC = 1, X2APIC = 2, BOTH = 3, READ = 4, WRITE = 8 };

/* Registers that are nothing but storage: register, modes and directions, writable bits. */
static const struct { u16 offset; u8 how; u32 writable; } registers[] = {
	{ APIC_ID, BOTH | READ, 0 },
	{ APIC_VERSION, BOTH | READ, 0 },
	{ APIC_TPR, BOTH | READ | WRITE, 0xFF },
	{ APIC_APR, XAPIC | READ, 0 },
	{ APIC_PPR, BOTH | READ, 0 },
	{ APIC_EOI, BOTH | WRITE, ~0u },
	{ APIC_LDR, BOTH | READ, 0 },
	{ APIC_LDR, XAPIC | WRITE, 0xFF000000 },
	{ APIC_DFR, XAPIC | READ | WRITE, ~0u },
	{ APIC_SVR, BOTH | READ | WRITE, 0x3FF },
	{ APIC_ESR, BOTH | READ | WRITE, ~0u },
	{ APIC_ICR_LOW, BOTH | READ | WRITE, 0x000CCFFF },
	{ APIC_ICR_HIGH, XAPIC | READ | WRITE, 0xFF000000 },
	{ APIC_LVT_TIMER, BOTH | READ | WRITE, 0x000710FF },
	{ APIC_LVT_THERMAL, BOTH | READ | WRITE, 0x000117FF },
	{ APIC_LVT_PERF, BOTH | READ | WRITE, 0x000117FF },
	{ APIC_LVT_LINT0, BOTH | READ | WRITE, 0x0001F7FF },
	{ APIC_LVT_LINT1, BOTH | READ | WRITE, 0x0001F7FF },
	{ APIC_LVT_ERROR, BOTH | READ | WRITE, 0x000110FF },
	{ APIC_TIMER_INITIAL, BOTH | READ | WRITE, ~0u },
	{ APIC_TIMER_CURRENT, BOTH | READ, 0 },
	{ APIC_TIMER_DIVIDE, BOTH | READ | WRITE, 0xB },
	{ APIC_SELF_IPI, X2APIC | WRITE, 0xFF },
};

static bool find_register(u32 offset, u32 mode, u32 direction, u32 *writable)
{
	bool is_array = offset >= APIC_ISR && offset < APIC_ESR;

	if (is_array && direction == READ)
		return true;
	for (u32 i = 0; i < ARRAY_SIZE(registers); i++)
		if (registers[i].offset == offset && registers[i].how & mode && registers[i].how & direction) {
			*writable = registers[i].writable;
			return true;
		}
	return false;
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
	u32 unused;

	if (offset & 15 || !find_register(offset, XAPIC, READ, &unused)) {
		v->apic.esr_pending |= APIC_ESR_ILLEGAL_REGISTER;
		return 0;
	}
	return read_register(v, offset);
}

void apic_page_write(struct vcpu *v, u32 offset, u32 value)
{
	u32 writable;

	if (offset & 15 || !find_register(offset, XAPIC, WRITE, &writable)) {
		v->apic.esr_pending |= APIC_ESR_ILLEGAL_REGISTER;
		return;
	}
	write_register(v, offset, value & writable);
}

bool apic_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	u32 offset = (msr - IA32_X2APIC_FIRST) << 4, unused;

	if (!(v->apic.base & APIC_BASE_X2APIC) || !find_register(offset, X2APIC, READ, &unused))
		return false;
	*value = read_register(v, offset);
	if (offset == APIC_ICR_LOW)
		*value |= (u64)v->apic.icr_high << 32;
	return true;
}

bool apic_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	u32 offset = (msr - IA32_X2APIC_FIRST) << 4, writable;

	if (!(v->apic.base & APIC_BASE_X2APIC) || !find_register(offset, X2APIC, WRITE, &writable))
		return false;
	if (offset == APIC_ICR_LOW) {
		if ((u32)value & ~writable)
			return false;
		v->apic.icr_low = (u32)value;
		v->apic.icr_high = (u32)(value >> 32);
		interrupts_ipi(v, (u32)value, v->apic.icr_high);
		return true;
	}
	if (value & ~(u64)writable || ((offset == APIC_EOI || offset == APIC_ESR) && value))
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
