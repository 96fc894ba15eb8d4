/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LAPIC registers as a guest reaches them, by page and by MSR: what exists in which mode, reserved bits, hostile values, timers, changes of
 * mode. IPIs, upcalls and the host timer are recorded here. SDM volume 3 "Local APIC", "Extended XAPIC (x2APIC)".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/cpu.h"
#include "kernel/apic_access.h"
#include "kernel/interrupts.h"
#include "kernel/timers.h"
#include "kernel/upcall.h"

static struct { u32 count, command, destination; } ipi;
static struct { u32 count, vector; bool level; } posted;
static struct { u32 count; u64 vector; } eoi;
static u32 rearmed;

void interrupts_ipi(struct vcpu *v, u32 command, u32 destination)
{
	(void)v;
	ipi.count++;
	ipi.command = command;
	ipi.destination = destination;
}

void interrupts_post(struct vcpu *v, u32 vector, bool level)
{
	(void)v;
	posted.count++;
	posted.vector = vector;
	posted.level = level;
}

void timers_rearm(struct vcpu *v)
{
	(void)v;
	rearmed++;
}

u64 upcall_run(enum upcall_reason reason, u64 address, u32 size, u64 value)
{
	(void)address, (void)size;
	assert_int_equal(reason, UPCALL_EOI);
	eoi.count++;
	eoi.vector = value;
	return 0;
}

static struct vcpu vcpu;
static struct vcpu *const v = &vcpu;

static int fresh(void **state)
{
	(void)state;
	memset(&vcpu, 0, sizeof(vcpu));
	memset(&ipi, 0, sizeof(ipi));
	memset(&posted, 0, sizeof(posted));
	memset(&eoi, 0, sizeof(eoi));
	rearmed = 0;
	v->index = 5;
	apic_reset(&v->apic, 5, false);
	v->apic.svr = 0x1FF;
	v->tsc_offset = GIB(1) - rdtsc();
	return 0;
}

static int fresh_x2apic(void **state)
{
	fresh(state);
	v->apic.base |= APIC_BASE_X2APIC;
	return 0;
}

#define MSR(offset) (0x800 + ((offset) >> 4))

/* By page: offsets that may be read, may be written, and the bits that stick. */
static const struct { u32 offset; bool read, write; u32 sticks; } page[] = {
	{ 0x20, true, false, 0 },          { 0x30, true, false, 0 },          { 0x80, true, true, 0xFF },
	{ 0x90, true, false, 0 },          { 0xA0, true, false, 0 },          { 0xB0, false, true, 0 },
	{ 0xD0, true, true, 0xFF000000 },  { 0xE0, true, true, 0xF0000000 },  { 0xF0, true, true, 0x1FF },
	{ 0x280, true, true, 0 },          { 0x300, true, true, 0x000CCFFF }, { 0x310, true, true, 0xFF000000 },
	{ 0x320, true, true, 0x000710FF }, { 0x330, true, true, 0x000117FF }, { 0x340, true, true, 0x000117FF },
	{ 0x350, true, true, 0x0001F7FF }, { 0x360, true, true, 0x0001F7FF }, { 0x370, true, true, 0x000110FF },
	{ 0x380, true, true, ~0u },        { 0x390, true, false, 0 },         { 0x3E0, true, true, 0xB },
};

static u32 row_of(u32 offset)
{
	u32 i = 0;

	while (i < ARRAY_SIZE(page) && page[i].offset != offset)
		i++;
	return i;
}

static bool is_bit_array(u32 offset)
{
	return offset >= 0x100 && offset < 0x280;
}

static void page_has_the_manuals_registers(void **state)
{
	for (u32 offset = 0; offset < 0x1000; offset++) {
		u32 row = row_of(offset);
		bool readable = !(offset & 15) && (is_bit_array(offset) || (row < ARRAY_SIZE(page) && page[row].read));
		bool writable = row < ARRAY_SIZE(page) && page[row].write;

		fresh(state);
		apic_page_read(v, offset);
		if ((v->apic.esr_pending == 0) != readable)
			fail_msg("read of %x", offset);
		fresh(state);
		struct apic before = v->apic;
		apic_page_write(v, offset, 0);
		/* a write of ESR moves the pending errors, of which there are none */
		if ((v->apic.esr_pending == 0) != writable)
			fail_msg("write of %x", offset);
		if (!writable) {
			before.esr_pending = 1u << 7;
			assert_memory_equal(&before, &v->apic, sizeof(before));
		}
	}
}

static void page_keeps_defined_bits_only(void **state)
{
	for (u32 i = 0; i < ARRAY_SIZE(page); i++) {
		if (!page[i].write || !page[i].sticks)
			continue;
		fresh(state);
		apic_page_write(v, page[i].offset, ~0u);
		u32 got = apic_page_read(v, page[i].offset), fixed = page[i].offset == 0xE0 ? 0x0FFFFFFF : 0;
		if (got != (page[i].sticks | fixed))
			fail_msg("register %x reads %x", page[i].offset, got);
		apic_page_write(v, page[i].offset, 0);
		assert_int_equal(apic_page_read(v, page[i].offset) & ~fixed, 0);
	}
}

static void x2apic_refuses_every_reserved_bit(void **state)
{
	for (u32 i = 0; i < ARRAY_SIZE(page); i++) {
		u32 offset = page[i].offset;
		bool gone = offset == 0xE0 || offset == 0x310 || offset == 0xD0;
		u32 allowed = offset == 0xF0 ? 0x3FF : offset == 0xB0 || offset == 0x280 ? 0 : page[i].sticks;

		for (u32 bit = 0; bit < 64; bit++) {
			bool may = page[i].write && !gone && bit < 32 && allowed >> bit & 1;

			fresh_x2apic(state);
			struct apic before = v->apic;
			if (offset == 0x300 && bit >= 32)
				may = true; /* destination */
			if (apic_msr_write(v, MSR(offset), BIT(bit)) != may)
				fail_msg("MSR %x bit %u", MSR(offset), bit);
			if (!may)
				assert_memory_equal(&before, &v->apic, sizeof(before));
		}
	}
}

static void x2apic_has_the_manuals_registers(void **state)
{
	for (u32 msr = 0x800; msr <= 0x8FF; msr++) {
		u32 offset = (msr - 0x800) << 4, row = row_of(offset);
		bool known = row < ARRAY_SIZE(page) && offset != 0x90 && offset != 0xE0 && offset != 0x310;
		bool readable = is_bit_array(offset) || (known && page[row].read);
		bool writable = (known && page[row].write && offset != 0xD0) || offset == 0x3F0;
		u64 value;

		fresh_x2apic(state);
		if (apic_msr_read(v, msr, &value) != readable)
			fail_msg("RDMSR %x", msr);
		if (apic_msr_write(v, msr, 0) != writable)
			fail_msg("WRMSR %x", msr);
		fresh(state); /* in xAPIC mode every one of them faults */
		assert_false(apic_msr_read(v, msr, &value));
		assert_false(apic_msr_write(v, msr, 0));
	}
}

static void names_itself(void **state)
{
	u64 value;

	(void)state;
	assert_int_equal(apic_page_read(v, APIC_ID), 5u << 24);
	u32 version = apic_page_read(v, APIC_VERSION);
	assert_true((version & 0xFF) >= 0x10 && (version & 0xFF) <= 0x15);
	assert_int_equal(version >> 16 & 0xFF, 5);
	assert_int_equal(version >> 24 & 1, 0); /* no EOI-broadcast suppression: SVR bit 12 is reserved */
	v->apic.base |= APIC_BASE_X2APIC;
	assert_true(apic_msr_read(v, 0x802, &value));
	assert_int_equal(value, 5);
	assert_true(apic_msr_read(v, 0x80D, &value));
	assert_int_equal(value, 1u << 5);
}

static void sends_ipis(void **state)
{
	(void)state;
	apic_page_write(v, APIC_ICR_HIGH, 0x03000000);
	assert_int_equal(ipi.count, 0);
	apic_page_write(v, APIC_ICR_LOW, 0x000048FD);
	assert_int_equal(ipi.count, 1);
	assert_int_equal(ipi.command, 0x48FD);
	assert_int_equal(ipi.destination, 3);
	assert_int_equal(apic_page_read(v, APIC_ICR_LOW) & 1u << 12, 0); /* never busy */
}

static void sends_x2apic_ipis(void **state)
{
	u64 value;

	(void)state;
	assert_true(apic_msr_write(v, 0x830, 0x00010003000048FDull));
	assert_int_equal(ipi.count, 1);
	assert_int_equal(ipi.command, 0x48FD);
	assert_int_equal(ipi.destination, 0x00010003);
	assert_true(apic_msr_read(v, 0x830, &value));
	assert_int_equal(value, 0x00010003000048FDull);
	assert_true(apic_msr_write(v, 0x83F, 0x77));
	assert_int_equal(posted.count, 1);
	assert_int_equal(posted.vector, 0x77);
	assert_false(posted.level);
	assert_false(apic_msr_write(v, 0x83F, 0x100));
	assert_false(apic_msr_write(v, 0x830, BIT(12)));
	assert_int_equal(ipi.count + posted.count, 2);
}

static void tells_the_ioapic_of_level_eois(void **state)
{
	(void)state;
	apic_accept(&v->apic, 0x61, true);
	apic_acknowledge(&v->apic, 0x61);
	apic_accept(&v->apic, 0x71, false);
	apic_acknowledge(&v->apic, 0x71);
	apic_page_write(v, APIC_EOI, 0);
	assert_int_equal(eoi.count, 0);
	apic_page_write(v, APIC_EOI, 0xFFFFFFFF); /* the value does not matter here */
	assert_int_equal(eoi.count, 1);
	assert_int_equal(eoi.vector, 0x61);
	apic_page_write(v, APIC_EOI, 0);
	assert_int_equal(eoi.count, 1);
}

static void masks_every_lvt_when_switched_off(void **state)
{
	(void)state;
	for (u32 offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR; offset += 16)
		apic_page_write(v, offset, 0x55);
	apic_page_write(v, APIC_SVR, 0xFF);
	for (u32 offset = APIC_LVT_TIMER; offset <= APIC_LVT_ERROR; offset += 16) {
		assert_int_equal(apic_page_read(v, offset), 0x10055);
		apic_page_write(v, offset, 0x66); /* and they stay masked while it is off */
		assert_int_equal(apic_page_read(v, offset), 0x10066);
	}
}

static void latches_errors_on_a_write(void **state)
{
	(void)state;
	apic_page_write(v, 0x3F0, 0x40); /* no such register in xAPIC mode */
	assert_int_equal(apic_page_read(v, APIC_ESR), 0);
	apic_page_write(v, APIC_ESR, 0);
	assert_int_equal(apic_page_read(v, APIC_ESR), 1u << 7);
	apic_page_write(v, APIC_ESR, 0);
	assert_int_equal(apic_page_read(v, APIC_ESR), 0);
}

static void counts_down(void **state)
{
	static const struct { u32 encoded, divisor; } divisors[] = { { 0xB, 1 }, { 0, 2 }, { 3, 16 }, { 0xA, 128 } };

	for (u32 mode = 0; mode < 2; mode++)
		for (u32 i = 0; i < ARRAY_SIZE(divisors); i++) {
			fresh(state);
			apic_page_write(v, APIC_LVT_TIMER, mode << 17 | 0x40);
			apic_page_write(v, APIC_TIMER_DIVIDE, divisors[i].encoded);
			u64 before = rdtsc() + v->tsc_offset;
			u32 rearms = rearmed;
			apic_page_write(v, APIC_TIMER_INITIAL, 0xF0000000);
			u64 after = rdtsc() + v->tsc_offset, ticks = 0xF0000000ull * divisors[i].divisor;

			assert_int_equal(rearmed, rearms + 1);
			assert_true(v->apic.deadline >= before + ticks && v->apic.deadline <= after + ticks);
			u32 left = apic_page_read(v, APIC_TIMER_CURRENT);
			assert_true(left > 0x80000000 && left <= 0xF0000000);
			v->tsc_offset += ticks; /* time passes */
			assert_int_equal(apic_page_read(v, APIC_TIMER_CURRENT), 0);
			v->tsc_offset -= ticks;
			apic_page_write(v, APIC_TIMER_INITIAL, 0);
			assert_int_equal(v->apic.deadline, 0);
			assert_int_equal(apic_page_read(v, APIC_TIMER_CURRENT), 0);
		}
}

static void takes_deadlines_in_their_mode_only(void **state)
{
	(void)state;
	assert_true(apic_deadline_write(v, 12345)); /* one-shot mode: ignored */
	assert_int_equal(v->apic.deadline, 0);
	assert_int_equal(apic_deadline_read(v), 0);
	apic_page_write(v, APIC_LVT_TIMER, 2u << 17 | 0x40);
	assert_true(apic_deadline_write(v, 12345));
	assert_int_equal(v->apic.deadline, 12345);
	assert_int_equal(apic_deadline_read(v), 12345);
	apic_page_write(v, APIC_TIMER_INITIAL, 1000); /* has no effect on the deadline */
	assert_int_equal(v->apic.deadline, 12345);
	assert_int_equal(apic_page_read(v, APIC_TIMER_CURRENT), 0);
	apic_page_write(v, APIC_LVT_TIMER, 0x40); /* leaving the mode disarms */
	assert_int_equal(v->apic.deadline, 0);
	assert_int_equal(apic_deadline_read(v), 0);
	apic_page_write(v, APIC_TIMER_INITIAL, 1000000);
	assert_int_not_equal(v->apic.deadline, 0);
	apic_page_write(v, APIC_LVT_TIMER, 2u << 17 | 0x40); /* and so does entering it */
	assert_int_equal(v->apic.deadline, 0);
}

enum { OFF = 0, XAPIC = 0x800, X2APIC = 0xC00, INVALID = 0x400 };

/* SDM "x2APIC State Transitions", all sixteen. */
static void changes_mode_as_the_manual_draws_it(void **state)
{
	static const struct { u64 from, to; bool may; } moves[] = {
		{ OFF, OFF, true },      { OFF, XAPIC, true },    { OFF, X2APIC, false },    { OFF, INVALID, false },
		{ XAPIC, OFF, true },    { XAPIC, XAPIC, true },  { XAPIC, X2APIC, true },   { XAPIC, INVALID, false },
		{ X2APIC, OFF, true },   { X2APIC, XAPIC, false }, { X2APIC, X2APIC, true }, { X2APIC, INVALID, false },
	};

	for (u32 i = 0; i < ARRAY_SIZE(moves); i++) {
		fresh(state);
		v->apic.base = 0xFEE00000 | moves[i].from;
		if (apic_base_write(v, 0xFEE00000 | moves[i].to) != moves[i].may)
			fail_msg("%x to %x", (u32)moves[i].from, (u32)moves[i].to);
		assert_int_equal(v->apic.base, 0xFEE00000 | (moves[i].may ? moves[i].to : moves[i].from));
	}
}

static void refuses_to_move_or_reserved_bits(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 64; bit++)
		if (bit != 8 && bit != 10 && bit != 11)
			assert_false(apic_base_write(v, 0xFEE00800ull ^ BIT(bit)));
	assert_true(apic_base_write(v, 0xFEE00900)); /* BSP is not the guest's to choose */
	assert_int_equal(v->apic.base, 0xFEE00800);
}

static void forgets_when_switched_off_by_base(void **state)
{
	(void)state;
	apic_page_write(v, APIC_LVT_TIMER, 2u << 17 | 0x40);
	assert_true(apic_deadline_write(v, ~0ull));
	apic_accept(&v->apic, 0x40, false);
	u32 rearms = rearmed;
	assert_true(apic_base_write(v, 0xFEE00000));
	assert_int_equal(v->apic.deadline, 0);
	assert_int_equal(rearmed, rearms + 1);
	assert_int_equal(apic_pending(&v->apic), -1);
	assert_int_equal(v->apic.id, 5);
	assert_true(apic_base_write(v, 0xFEE00800));
	assert_int_equal(apic_page_read(v, APIC_SVR), 0xFF);
	assert_int_equal(apic_page_read(v, APIC_LVT_TIMER), 0x10000);
}

/* Any write anywhere in both modes: no fault, no out-of-bounds access, and the model's own invariants hold. */
static void survives_hostile_writes(void **state)
{
	u64 seed = 0x2545F4914F6CDD1Dull;

	fresh(state);
	for (u32 i = 0; i < 300000; i++) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		u32 offset = (u32)(seed >> 48) & 0xFF0, value = (u32)seed;
		u64 read;
		bool taken;

		switch (seed >> 60 & 3) {
		case 0: apic_page_write(v, (u32)(seed >> 40) & 0xFFF, value); break;
		case 1: taken = apic_msr_write(v, MSR(offset), seed >> (seed & 31)); break;
		case 2: taken = apic_base_write(v, 0xFEE00000 | (seed & 0xC00)); break;
		default:
			(void)apic_page_read(v, offset);
			taken = apic_msr_read(v, MSR(offset), &read);
			(void)apic_accept(&v->apic, value & 0xFF, value & 256);
			int vector = apic_pending(&v->apic);
			if (vector >= 0 && vector < 256)
				apic_acknowledge(&v->apic, vector);
		}
		(void)taken;
		assert_int_equal(v->apic.id, 5);
		assert_int_equal(v->apic.base & ~0xC00ull, 0xFEE00000);
		assert_true((v->apic.base & 0xC00) != 0x400);
		assert_true(apic_is_enabled(&v->apic) || v->apic.lvt[LVT_TIMER] & APIC_LVT_MASKED);
		assert_int_equal((v->apic.irr[0] | v->apic.isr[0]) & 0xFFFF, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_has_the_manuals_registers), cmocka_unit_test(page_keeps_defined_bits_only),
		cmocka_unit_test(x2apic_refuses_every_reserved_bit), cmocka_unit_test(x2apic_has_the_manuals_registers),
		cmocka_unit_test_setup(names_itself, fresh), cmocka_unit_test_setup(sends_ipis, fresh),
		cmocka_unit_test_setup(sends_x2apic_ipis, fresh_x2apic), cmocka_unit_test_setup(tells_the_ioapic_of_level_eois, fresh),
		cmocka_unit_test_setup(masks_every_lvt_when_switched_off, fresh), cmocka_unit_test_setup(latches_errors_on_a_write, fresh),
		cmocka_unit_test(counts_down), cmocka_unit_test_setup(takes_deadlines_in_their_mode_only, fresh),
		cmocka_unit_test(changes_mode_as_the_manual_draws_it), cmocka_unit_test_setup(refuses_to_move_or_reserved_bits, fresh),
		cmocka_unit_test_setup(forgets_when_switched_off_by_base, fresh), cmocka_unit_test(survives_hostile_writes),
	};

	return cmocka_run_group_tests_name("apic_access", tests, NULL, NULL);
}
