/* SPDX-License-Identifier: Apache-2.0 */
/* The merged MSR bitmap is the union of both sides' intercepts (DESIGN "What must be provable" 4, SECURITY A6). */
#include "kernel/msr_policy.h"
#include "nested/bitmaps.h"
#include "world.h"

static void merge_all(u8 *merged, const u8 *ours, const u8 *theirs)
{
	struct bitmap_open open;

	memset(merged, 0xFF, BITMAP_BYTES);
	bitmap_find_open(&open, ours);
	u64 words[BITMAP_WORDS], theirs_words[BITMAP_WORDS];
	memcpy(words, merged, sizeof(words));
	memcpy(theirs_words, theirs, sizeof(words));
	bitmap_merge(words, &open, theirs_words);
	memcpy(merged, words, sizeof(words));
}

static void assert_never_fewer_than_ours(const u8 *merged, const u8 *ours)
{
	for (u32 i = 0; i < BITMAP_BYTES; i++)
		assert_int_equal(ours[i] & ~merged[i], 0);
}

static void union_with_the_real_policy(void **state)
{
	static struct msr_bitmap ours;
	static u8 theirs[BITMAP_BYTES], merged[BITMAP_BYTES];

	(void)state;
	msr_policy_build(&ours);
	for (u32 round = 0; round < 50; round++) {
		for (u32 i = 0; i < BITMAP_BYTES; i++)
			theirs[i] = (u8)world_random();
		merge_all(merged, ours.byte, theirs);
		for (u32 i = 0; i < BITMAP_BYTES; i++)
			assert_int_equal(merged[i], ours.byte[i] | theirs[i]);
	}
}

/* The open words must all fit, else L2 would exit to L0 for MSRs that both let through. */
static void the_real_policy_fits(void **state)
{
	static struct msr_bitmap ours;
	static u8 none[BITMAP_BYTES], merged[BITMAP_BYTES];
	struct bitmap_open open;

	(void)state;
	msr_policy_build(&ours);
	bitmap_find_open(&open, ours.byte);
	assert_in_range(open.count, 1, BITMAP_MAX_OPEN - BITMAP_STEP);
	merge_all(merged, ours.byte, none);
	assert_memory_equal(merged, ours.byte, BITMAP_BYTES);
}

static void too_many_open_words_stay_closed(void **state)
{
	static u8 ours[BITMAP_BYTES], theirs[BITMAP_BYTES], merged[BITMAP_BYTES];
	struct bitmap_open open;

	(void)state;
	merge_all(merged, ours, theirs);
	bitmap_find_open(&open, ours);
	assert_int_equal(open.count, BITMAP_MAX_OPEN);
	assert_never_fewer_than_ours(merged, ours);
	assert_int_equal(merged[0], 0);
	assert_int_equal(merged[8 * BITMAP_MAX_OPEN - 1], 0);
	assert_int_equal(merged[8 * BITMAP_MAX_OPEN], 0xFF);
}

static void x2apic_stays_trapped(void **state)
{
	static struct msr_bitmap ours;
	static u8 none[BITMAP_BYTES], merged[BITMAP_BYTES];

	(void)state;
	msr_policy_build(&ours);
	merge_all(merged, ours.byte, none);
	for (u32 msr = IA32_X2APIC_FIRST; msr <= IA32_X2APIC_LAST; msr++)
		for (u32 write = 0; write < 2; write++) {
			u32 bit = bitmap_msr_bit(msr, write);

			assert_in_range(bit, 0, 8 * BITMAP_BYTES - 1);
			assert_true(merged[bit / 8] >> bit % 8 & 1);
		}
}

static void places_are_the_manuals(void **state)
{
	(void)state;
	assert_int_equal(bitmap_msr_bit(0, false), 0);
	assert_int_equal(bitmap_msr_bit(0xC0000000, false), 1024 * 8);
	assert_int_equal(bitmap_msr_bit(0x1FFF, true), (2048 + 1023) * 8 + 7);
	assert_int_equal(bitmap_msr_bit(0xC0001FFF, true), 4095 * 8 + 7);
	assert_int_equal(bitmap_msr_bit(0x2000, false), BITMAP_NO_BIT);
	assert_int_equal(bitmap_msr_bit(0xC0002000, true), BITMAP_NO_BIT);
	assert_int_equal(bitmap_msr_bit(0xFFFFFFFF, true), BITMAP_NO_BIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(union_with_the_real_policy),
		cmocka_unit_test(the_real_policy_fits),
		cmocka_unit_test(too_many_open_words_stay_closed),
		cmocka_unit_test(x2apic_stays_trapped),
		cmocka_unit_test(places_are_the_manuals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
