/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the page-size defect, and what a partition is told; see arch_capabilities.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/arch_capabilities.h"

static void old_big_cores_have_the_defect(void **state)
{
	static const u32 signatures[] = { 0x206A7, 0x306A9, 0x306C3, 0x406E3, 0x50654 /* Skylake-X */, 0x906EA, 0x806EC };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(signatures); i++) {
		assert_true(arch_has_page_size_defect(signatures[i], 0));
		assert_true(arch_has_page_size_defect(signatures[i], ~NO_PAGE_SIZE_DEFECT));
		assert_false(arch_has_page_size_defect(signatures[i], NO_PAGE_SIZE_DEFECT));
	}
}

static void small_cores_have_not(void **state)
{
	static const u32 signatures[] = { 0x106C2, 0x30673, 0x406C3, 0x506C9, 0x706A1, 0x80665 /* Tremont */, 0x50671 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(signatures); i++)
		assert_false(arch_has_page_size_defect(signatures[i], 0));
}

/* The model numbers mean nothing in another family, and an unknown CPU is not trusted. */
static void nobody_is_trusted_unknown(void **state)
{
	(void)state;
	assert_true(arch_has_page_size_defect(0x30F73, 0));
	assert_true(arch_has_page_size_defect(0, 0));
	assert_true(arch_has_page_size_defect(0xFF6FF, 0));
	for (u32 model = 0x97; model <= 0xFF; model++)
		assert_true(arch_has_page_size_defect(6 << 8 | (model & 0xF) << 4 | (model >> 4) << 16, 0));
}

static void the_guest_is_told_what_holds_for_it(void **state)
{
	(void)state;
	assert_int_equal(arch_capabilities_for_guest(0, false), 0);
	assert_int_equal(arch_capabilities_for_guest(0, true), NO_PAGE_SIZE_DEFECT);
	assert_int_equal(arch_capabilities_for_guest(NO_PAGE_SIZE_DEFECT, false), 0); /* ours to say */
	assert_int_equal(arch_capabilities_for_guest(BIT(0) | BIT(5), true), BIT(0) | BIT(5) | NO_PAGE_SIZE_DEFECT);
	/* no register the partition does not have: IBRS_ALL, TSX_CTRL, MCU_CONTROL, MISC_PACKAGE, ENERGY_FILTERING, DOITM, XAPIC_DISABLE, OVERCLOCKING */
	assert_int_equal(arch_capabilities_for_guest(BIT(1) | BIT(3) | BIT(7) | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(18) | BIT(21) | BIT(23), false), 0);
	assert_int_equal(arch_capabilities_for_guest(~0ull, true) >> 29, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_big_cores_have_the_defect), cmocka_unit_test(small_cores_have_not),
		cmocka_unit_test(nobody_is_trusted_unknown), cmocka_unit_test(the_guest_is_told_what_holds_for_it),
	};

	return cmocka_run_group_tests_name("arch_capabilities", tests, NULL, NULL);
}
