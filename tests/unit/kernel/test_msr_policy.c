/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MSR bitmap: exactly the registers named here pass, and the rows of msr.def are apart.
 * Source: Intel SDM volume 3 "MSR-Bitmap Address".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/msr.h"
#include "kernel/msr_policy.h"

/* Numbers on purpose, not the names msr.def uses: read, write. */
static const struct { u32 msr; bool read, write; } open_msrs[] = {
	{ 0x10, true, false },                                                          /* TSC */
	{ 0x174, true, true }, { 0x175, true, true }, { 0x176, true, true },            /* SYSENTER */
	{ 0x1D9, true, false },                                                         /* DEBUGCTL */
	{ 0xC0000080, true, false },                                                    /* EFER */
	{ 0xC0000081, true, true }, { 0xC0000082, true, true }, { 0xC0000083, true, true }, { 0xC0000084, true, true },
	{ 0xC0000100, true, true }, { 0xC0000101, true, true }, { 0xC0000102, true, true }, { 0xC0000103, true, true },
};

static bool may_pass(u32 msr, bool write)
{
	for (u32 i = 0; i < ARRAY_SIZE(open_msrs); i++)
		if (open_msrs[i].msr == msr)
			return write ? open_msrs[i].write : open_msrs[i].read;
	return false;
}

/* The manual's layout, independent of the builder. */
static bool exits(const struct msr_bitmap *b, u32 msr, bool write)
{
	u32 byte = (write ? 2048 : 0) + (msr >> 31 ? 1024 : 0) + (msr & 0x1FFF) / 8;

	return b->byte[byte] >> (msr & 7) & 1;
}

static void compare(const struct msr_bitmap *bitmap)
{
	for (u32 n = 0; n < 0x4000; n++) {
		u32 msr = n < 0x2000 ? n : 0xC0000000 + (n - 0x2000);

		for (u32 write = 0; write < 2; write++)
			if (exits(bitmap, msr, write) == may_pass(msr, write))
				fail_msg("MSR %x, %s", msr, write ? "write" : "read");
	}
}

static void opens_the_listed_registers_only(void **state)
{
	struct msr_bitmap bitmap;

	(void)state;
	memset(&bitmap, 0, sizeof(bitmap));
	msr_policy_build(&bitmap);
	compare(&bitmap);
}

static void gives_one_bitmap_to_all(void **state)
{
	const struct msr_bitmap *first = msr_policy_bitmap();

	(void)state;
	assert_ptr_equal(first, msr_policy_bitmap());
	assert_int_equal((uintptr_t)first & 4095, 0);
	compare(first);
}

static const struct { u32 first, last; } rows[] = {
#define ROW(first, last, read, write, value) { first, last },
#include "kernel/msr.def"
#undef ROW
};

static void has_rows_apart(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(rows[i].first <= rows[i].last);
		assert_true(!i || rows[i - 1].last < rows[i].first); /* they are searched by halving */
		for (u32 k = 0; k < i; k++)
			if (rows[i].first <= rows[k].last && rows[k].first <= rows[i].last)
				fail_msg("the rows of %x and %x overlap", rows[i].first, rows[k].first);
		/* one row never spans what one bitmap area cannot hold */
		assert_true(rows[i].last < 0x2000 || (rows[i].first >= 0xC0000000 && rows[i].last < 0xC0002000));
	}
}

/* Registers that would reach the machine: none may have a row. */
static void names_no_dangerous_register(void **state)
{
	static const u32 dangerous[] = {
		0x79 /* BIOS_UPDT_TRIG */, 0x150 /* OC mailbox */, 0xCE, 0xE2 /* C-state configuration */, 0x194 /* FLEX_RATIO */,
		0x199 /* PERF_CTL */, 0x19A, 0x1A4 /* prefetchers */, 0x1B0, 0x38F, 0x309, 0x3F1, 0x345,
		0x400, 0x401, 0x186, 0x187, 0xC1, 0x48 /* SPEC_CTRL */, 0x49, 0x10B, 0x122, 0x123, 0x560, 0x570,
		0x600 /* DS_AREA */, 0x610 /* power limit */, 0x6A0, 0x6A2, 0x6A4, 0x6A7, 0x6A8, 0x770, 0x774, 0xD90, 0xC80 /* debug interface */,
		0x9B /* SMM_MONITOR_CTL */, 0x9E, 0x34, 0xC0010015, 0xC0010114,
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(dangerous); i++)
		for (u32 r = 0; r < ARRAY_SIZE(rows); r++)
			if (dangerous[i] >= rows[r].first && dangerous[i] <= rows[r].last)
				fail_msg("MSR %x has a row", dangerous[i]);
}

static void traps_every_x2apic_register(void **state)
{
	const struct msr_bitmap *bitmap = msr_policy_bitmap();

	(void)state;
	for (u32 msr = 0x800; msr <= 0x8FF; msr++)
		assert_true(exits(bitmap, msr, false) && exits(bitmap, msr, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_the_listed_registers_only), cmocka_unit_test(gives_one_bitmap_to_all),
		cmocka_unit_test(has_rows_apart), cmocka_unit_test(names_no_dangerous_register),
		cmocka_unit_test(traps_every_x2apic_register),
	};

	return cmocka_run_group_tests_name("msr_policy", tests, NULL, NULL);
}
