/* SPDX-License-Identifier: Apache-2.0 */
/* The APIC-access page stands behind a 4 KiB page, and nothing large covers it. */
#include "nested/apic_page.h"
#include "world.h"

static bool covers(u64 address, u32 level, u64 page)
{
	u64 bytes = ept_page_bytes(level);

	return page >= ALIGN_DOWN(address, bytes) && page < ALIGN_DOWN(address, bytes) + bytes;
}

static void no_large_page_covers_it(void **state)
{
	static const u64 pages[] = { 0, 0x1000, 0x1FF000, 0x200000, 0x3FFFF000, 0x40000000, 0xFEE00000, 0x100000000, 0xFFFFFFF000 };

	(void)state;
	for (u32 p = 0; p < ARRAY_SIZE(pages); p++)
		for (u32 i = 0; i < 20000; i++) {
			u64 spread = world_random() & (BIT(12 + i % 28) - 1);
			u64 address = (i & 1 ? pages[p] + spread : pages[p] - spread) & (BIT(40) - 1);
			u32 level = apic_page_level(address, pages[p]);

			if (level > 1)
				assert_false(covers(address, level, pages[p]));
			/* and no smaller than it must be */
			if (level < 3)
				assert_true(covers(address, level + 1, pages[p]));
		}
}

static void without_one_all_pages_are_large(void **state)
{
	(void)state;
	assert_int_equal(apic_page_level(0x1000, NO_APIC_PAGE), 3);
	assert_int_equal(apic_page_level(BIT(40), NO_APIC_PAGE), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_large_page_covers_it),
		cmocka_unit_test(without_one_all_pages_are_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
