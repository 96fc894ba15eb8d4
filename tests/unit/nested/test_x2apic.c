/* SPDX-License-Identifier: Apache-2.0 */
/* L2 never reaches the machine's x2APIC: every MSR of the range, under every combination of the controls that matter, against the manual's words. */
#include "nested/bitmaps.h"
#include "nested/x2apic.h"
#include "world.h"

struct combination { bool secondary, shadow, x2apic, registers, delivery; };
#define COMBINATIONS 32u

static struct combination combination(u32 i)
{
	return (struct combination){ i & 1, i & 2, i & 4, i & 8, i & 16 };
}

static struct controls controls_of(struct combination c)
{
	return (struct controls){ { 0,
		(c.secondary ? PRIMARY_SECONDARY_CONTROLS : 0) | (c.shadow ? PRIMARY_USE_TPR_SHADOW : 0),
		(c.x2apic ? SECONDARY_VIRTUALIZE_X2APIC : 0) | (c.registers ? SECONDARY_APIC_REGISTER_VIRTUALIZATION : 0) |
			(c.delivery ? SECONDARY_VIRTUAL_INTERRUPT_DELIVERY : 0), 0, 0 } };
}

/* "Virtualizing MSR-Based APIC Accesses": what special processing there is; anything else goes to the local APIC. */
static bool is_virtualized(struct combination c, u32 msr, bool write)
{
	if (!c.secondary || !c.shadow || !c.x2apic)
		return false;
	if (msr == 0x808)
		return true;
	if (!write)
		return c.registers;
	return c.delivery && (msr == 0x80B || msr == 0x83F);
}

/* Source: "MSR-Bitmap Address": reads of MSRs 0 to 1FFFH first, writes at 2048. */
static bool bit_of(const u64 *bitmap, u32 msr, bool write)
{
	return ((const u8 *)bitmap)[msr / 8 + (write ? 2048 : 0)] >> (msr & 7) & 1;
}

/* What merge.c does: our own bitmap has the whole range closed. */
static void merge(u64 *merged, const u64 *theirs, struct combination c)
{
	static u8 ours[BITMAP_BYTES];
	struct controls controls = controls_of(c);
	struct bitmap_open open;

	memset(ours, 0xFF, sizeof(ours));
	ours[BITMAP_BYTES - 1] = 0; /* one word of ours, so that the list is not empty */
	bitmap_find_open(&open, ours);
	x2apic_open(&open, &controls);
	assert_int_equal(open.count % BITMAP_STEP, 0);
	assert_true(open.count <= ARRAY_SIZE(open.word));
	assert_int_equal(x2apic_is_virtual(&controls), c.secondary && c.shadow && c.x2apic);
	memset(merged, 0xFF, BITMAP_BYTES);
	bitmap_merge(merged, &open, theirs);
}

static void all_of_the_range_in_all_combinations(void **state)
{
	static u64 theirs[BITMAP_BYTES / 8], merged[BITMAP_BYTES / 8];

	(void)state;
	for (u32 round = 0; round < 6; round++) {
		for (u32 i = 0; i < ARRAY_SIZE(theirs); i++)
			theirs[i] = round == 0 ? 0 : round == 1 ? ~0ull : world_random();
		for (u32 i = 0; i < COMBINATIONS; i++) {
			struct combination c = combination(i);

			merge(merged, theirs, c);
			for (u32 msr = 0x800; msr < 0x900; msr++)
				for (int write = 0; write < 2; write++)
					assert_int_equal(bit_of(merged, msr, write), !is_virtualized(c, msr, write) || bit_of(theirs, msr, write));
		}
	}
}

static void nothing_outside_the_range_is_touched(void **state)
{
	static u64 theirs[BITMAP_BYTES / 8], merged[BITMAP_BYTES / 8];

	(void)state;
	merge(merged, theirs, combination(COMBINATIONS - 1));
	for (u32 i = 0; i < ARRAY_SIZE(merged); i++)
		if (i < 32 || (i >= 36 && i < 288) || (i >= 292 && i < ARRAY_SIZE(merged) - 1))
			assert_true(merged[i] == ~0ull);
}

static void what_was_open_is_closed(void **state)
{
	static u64 theirs[BITMAP_BYTES / 8], merged[BITMAP_BYTES / 8];

	(void)state;
	merge(merged, theirs, combination(COMBINATIONS - 1));
	assert_false(bit_of(merged, 0x808, true));
	x2apic_close(merged);
	for (u32 i = 0; i < ARRAY_SIZE(merged) - 1; i++)
		assert_true(merged[i] == ~0ull);
}

/* With as many words open as there can be: what does not fit stays closed. */
static void a_full_list_opens_less(void **state)
{
	static u64 theirs[BITMAP_BYTES / 8], merged[BITMAP_BYTES / 8];
	static u8 ours[BITMAP_BYTES];
	struct controls controls = controls_of(combination(COMBINATIONS - 1));
	struct bitmap_open open;

	(void)state;
	bitmap_find_open(&open, ours);
	for (u32 i = 0; i < 4; i++) {
		x2apic_open(&open, &controls);
		assert_true(open.count <= ARRAY_SIZE(open.word));
	}
	memset(merged, 0xFF, sizeof(merged));
	bitmap_merge(merged, &open, theirs);
	for (u32 msr = 0x800; msr < 0x900; msr++)
		assert_true(bit_of(merged, msr, true) || is_virtualized(combination(COMBINATIONS - 1), msr, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_the_range_in_all_combinations),
		cmocka_unit_test(nothing_outside_the_range_is_touched),
		cmocka_unit_test(what_was_open_is_closed),
		cmocka_unit_test(a_full_list_opens_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
