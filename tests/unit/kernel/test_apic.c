/* SPDX-License-Identifier: Apache-2.0 */
/* The LAPIC's register file: acceptance, priority, service, EOI, destinations. SDM volume 3 "Advanced Programmable Interrupt Controller". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/apic.h"

static struct apic enabled(u32 id)
{
	struct apic apic = { 0 };

	memset(&apic, 0xA5, sizeof(apic));
	apic.pic_line = 0; /* a wire: reset leaves it as it is */
	apic_reset(&apic, id, id == 0);
	apic.svr |= APIC_SVR_ENABLE;
	return apic;
}

static u32 bit_count(const u32 *words)
{
	u32 count = 0;

	for (u32 i = 0; i < 8; i++)
		count += (u32)__builtin_popcount(words[i]);
	return count;
}

static void resets_to_the_manuals_values(void **state)
{
	struct apic apic = { 0 };

	(void)state;
	for (u32 id = 0; id < 8; id++) {
		memset(&apic, 0xA5, sizeof(apic));
		apic_reset(&apic, id, id == 0);
		assert_int_equal(apic.base, 0xFEE00800 | (id == 0 ? 0x100 : 0));
		assert_int_equal(apic.id, id);
		assert_int_equal(apic.svr, 0xFF);
		assert_int_equal(apic.dfr, 0xFFFFFFFF);
		assert_int_equal(apic.ldr | apic.tpr | apic.esr | apic.icr_low | apic.icr_high | apic.initial_count, 0);
		assert_int_equal(bit_count(apic.irr) + bit_count(apic.isr) + bit_count(apic.tmr), 0);
		for (u32 i = 0; i < ARRAY_SIZE(apic.lvt); i++)
			assert_int_equal(apic.lvt[i], 0x10000);
		assert_true(apic.deadline == 0 && apic.timer_start == 0);
		assert_int_equal(apic_pending(&apic), -1);
	}
}

static void takes_no_vector_while_disabled(void **state)
{
	struct apic apic = enabled(0);

	(void)state;
	apic.svr = 0xFF;
	assert_false(apic_accept(&apic, 0x40, false));
	apic.svr = 0x1FF;
	apic.base &= ~APIC_BASE_ENABLE;
	assert_false(apic_accept(&apic, 0x40, false));
	assert_int_equal(bit_count(apic.irr), 0);
}

static void refuses_vectors_below_16(void **state)
{
	struct apic apic = enabled(0);

	(void)state;
	for (u32 vector = 0; vector < 16; vector++) {
		apic.esr_pending = 0;
		assert_false(apic_accept(&apic, vector, vector & 1));
		assert_int_equal(apic.esr_pending, 1u << 6);
	}
	assert_int_equal(bit_count(apic.irr) + bit_count(apic.tmr), 0);
}

static void carries_every_vector_through(void **state)
{
	(void)state;
	for (u32 vector = 16; vector < 256; vector++)
		for (u32 level = 0; level < 2; level++) {
			struct apic apic = enabled(0);

			assert_true(apic_accept(&apic, vector, level));
			assert_false(apic_accept(&apic, vector, level)); /* pending already: one interrupt */
			assert_int_equal(bit_count(apic.irr), 1);
			assert_int_equal(apic.tmr[vector / 32] >> (vector % 32) & 1, level);
			assert_int_equal(apic_pending(&apic), vector);
			apic_acknowledge(&apic, (int)vector);
			assert_int_equal(bit_count(apic.irr), 0);
			assert_int_equal(apic.isr[vector / 32], 1u << vector % 32);
			assert_int_equal(apic_pending(&apic), -1);
			assert_int_equal(apic_ppr(&apic), vector & 0xF0);
			assert_true(apic_accept(&apic, vector, level)); /* again while in service: waits */
			assert_int_equal(apic_pending(&apic), -1);
			assert_int_equal(apic_end_of_interrupt(&apic), level ? (int)vector : -1);
			assert_int_equal(apic_pending(&apic), vector);
			assert_int_equal(bit_count(apic.isr), 0);
		}
}

static void an_edge_clears_the_level_mark(void **state)
{
	struct apic apic = enabled(0);

	(void)state;
	apic_accept(&apic, 0x51, true);
	apic_accept(&apic, 0x51, false);
	apic_acknowledge(&apic, 0x51);
	assert_int_equal(apic_end_of_interrupt(&apic), -1);
}

/* PPR and deliverability for every pair of TPR and vector in service, with one vector waiting. */
static void orders_by_class(void **state)
{
	(void)state;
	for (u32 tpr = 0; tpr < 256; tpr += 5)
		for (u32 isr = 0; isr < 256; isr += 7)
			for (u32 irr = 16; irr < 256; irr += 3) {
				struct apic apic = enabled(0);
				u32 class = (isr < 16 ? 0 : isr >> 4), tpr_class = tpr >> 4;
				u32 processor = class > tpr_class ? class : tpr_class;

				apic.tpr = tpr;
				if (isr >= 16)
					apic.isr[isr / 32] = 1u << isr % 32;
				apic_accept(&apic, irr, false);
				assert_int_equal(apic_ppr(&apic) >> 4, processor);
				if (tpr_class > class)
					assert_int_equal(apic_ppr(&apic), tpr);
				if (tpr_class < class)
					assert_int_equal(apic_ppr(&apic) & 15, 0);
				assert_int_equal(apic_pending(&apic), irr >> 4 > processor ? (int)irr : -1);
			}
}

static void ends_the_highest_in_service(void **state)
{
	struct apic apic = enabled(0);

	(void)state;
	apic_accept(&apic, 0x31, true);
	apic_acknowledge(&apic, 0x31);
	apic_accept(&apic, 0xE1, false);
	assert_int_equal(apic_pending(&apic), 0xE1);
	apic_acknowledge(&apic, 0xE1);
	assert_int_equal(apic_end_of_interrupt(&apic), -1);
	assert_int_equal(apic_ppr(&apic), 0x30);
	assert_int_equal(apic_end_of_interrupt(&apic), 0x31);
	assert_int_equal(apic_end_of_interrupt(&apic), -1); /* none in service: inert */
	assert_int_equal(apic_ppr(&apic), 0);
}

/* Whatever the order of looking and arriving, a vector that arrived is found by the next look. */
static void never_forgets_what_arrived(void **state)
{
	struct apic apic = enabled(0);

	(void)state;
	for (u32 i = 0; i < 50; i++) {
		assert_int_equal(apic_pending(&apic), -1);
		apic_accept(&apic, 0x30 + i, false);
		apic.tpr = 0xFF;
		assert_int_equal(apic_pending(&apic), -1); /* masked by priority, not lost */
		apic.tpr = 0;
		assert_int_equal(apic_pending(&apic), 0x30 + i);
		assert_int_equal(apic_pending(&apic), 0x30 + i);
		apic_acknowledge(&apic, 0x30 + (int)i);
		apic_end_of_interrupt(&apic);
	}
}

static void matches_physical_destinations(void **state)
{
	struct apic apic = enabled(3);

	(void)state;
	for (u32 destination = 0; destination < 256; destination++)
		assert_int_equal(apic_matches(&apic, destination, false), destination == 3 || destination == 0xFF);
	apic.base |= APIC_BASE_X2APIC;
	assert_true(apic_matches(&apic, 3, false));
	assert_true(apic_matches(&apic, ~0u, false));
	assert_false(apic_matches(&apic, 0x103, false));
	assert_false(apic_matches(&apic, 0x03000000, false));
	apic.base = 0xFEE00000;
	assert_false(apic_matches(&apic, 3, false));
	assert_false(apic_matches(&apic, ~0u, false));
}

static void matches_flat_and_cluster_destinations(void **state)
{
	(void)state;
	for (u32 ldr = 0; ldr < 256; ldr++)
		for (u32 destination = 0; destination < 255; destination++) {
			struct apic apic = enabled(1);

			apic.ldr = ldr << 24;
			assert_int_equal(apic_matches(&apic, destination, true), (ldr & destination) != 0);
			apic.dfr = 0x0FFFFFFF;
			assert_int_equal(apic_matches(&apic, destination, true),
					 ldr >> 4 == destination >> 4 && (ldr & destination & 15));
		}
}

static void matches_x2apic_clusters(void **state)
{
	(void)state;
	for (u32 id = 0; id < 40; id++) {
		struct apic apic = enabled(id);

		apic.base |= APIC_BASE_X2APIC;
		apic.ldr = 0xFF000000; /* left from xAPIC mode: without meaning now */
		for (u32 cluster = 0; cluster < 4; cluster++)
			for (u32 bit = 0; bit < 16; bit++) {
				u32 destination = cluster << 16 | 1u << bit;

				assert_int_equal(apic_matches(&apic, destination, true), id == cluster * 16 + bit);
			}
		assert_true(apic_matches(&apic, (id / 16) << 16 | 0xFFFF, true));
		assert_false(apic_matches(&apic, (id / 16 + 1) << 16 | 0xFFFF, true));
		assert_false(apic_matches(&apic, (id / 16) << 16, true));
	}
}

/* The PIC's line reaches the CPU through LINT0 programmed as ExtINT, or straight to the boot CPU with the LAPIC off. */
static void lets_the_pic_through(void **state)
{
	static const struct { u32 lint0; bool base_on, boot, through; } cases[] = {
		{ 0x700, true, true, true },    { 0x10700, true, true, false }, { 0x000, true, true, false }, { 0x400, true, true, false },
		{ 0x10000, false, true, true }, { 0x10000, false, false, false },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct apic apic = enabled(cases[i].boot ? 0 : 1);

		apic.lvt[LVT_LINT0] = cases[i].lint0;
		if (!cases[i].base_on)
			apic.base &= ~APIC_BASE_ENABLE;
		assert_int_equal(apic_pending(&apic), -1);
		apic.pic_line = 1;
		assert_int_equal(apic_pending(&apic), cases[i].through ? APIC_EXTINT : -1);
	}
	struct apic apic = enabled(0);
	apic.lvt[LVT_LINT0] = 0x700;
	apic.pic_line = 1;
	apic_accept(&apic, 0x20, false);
	assert_int_equal(apic_pending(&apic), 0x20); /* the LAPIC's own first */
	apic_reset(&apic, 0, true);
	assert_int_equal(apic.pic_line, 1); /* the wire is still up */
	apic.lvt[LVT_LINT0] = 0x700;
	apic.svr = 0xFF;                             /* software-disabled: ExtINT still passes an unmasked LINT0 */
	assert_int_equal(apic_pending(&apic), APIC_EXTINT);
}

static void divides_as_encoded(void **state)
{
	static const struct { u32 encoded, shift; } rows[] = {
		{ 0x0, 1 }, { 0x1, 2 }, { 0x2, 3 }, { 0x3, 4 }, { 0x8, 5 }, { 0x9, 6 }, { 0xA, 7 }, { 0xB, 0 },
	};
	struct apic apic = enabled(0);

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		apic.divide = rows[i].encoded;
		assert_int_equal(apic_divide_shift(&apic), rows[i].shift);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resets_to_the_manuals_values), cmocka_unit_test(takes_no_vector_while_disabled),
		cmocka_unit_test(refuses_vectors_below_16), cmocka_unit_test(carries_every_vector_through),
		cmocka_unit_test(an_edge_clears_the_level_mark), cmocka_unit_test(orders_by_class),
		cmocka_unit_test(ends_the_highest_in_service), cmocka_unit_test(never_forgets_what_arrived),
		cmocka_unit_test(matches_physical_destinations), cmocka_unit_test(matches_flat_and_cluster_destinations),
		cmocka_unit_test(matches_x2apic_clusters), cmocka_unit_test(lets_the_pic_through),
		cmocka_unit_test(divides_as_encoded),
	};

	return cmocka_run_group_tests_name("apic", tests, NULL, NULL);
}
