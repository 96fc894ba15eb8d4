/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table builder: sizes, rights, refusals, and an audit that sees what the builder would never
 * make.
 * Links bsp/memory/page_tables.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/memory/page_tables.h"

#define POOL 64
#define POOL_PHYSICAL MIB(16)
#define UPPER 0xFFFFFFFF80000000ull

static struct table_page pages[POOL];
static struct table_pool pool;
static hpa_t root;

static int setup(void **state)
{
	(void)state;
	memset(pages, 0xA5, sizeof(pages));
	pool = (struct table_pool){ pages, POOL_PHYSICAL, POOL, 0, 3 };
	return tables_create(&pool, &root) ? 0 : -1;
}

static bool map(u64 linear, u64 physical, u64 bytes, u32 flags)
{
	return tables_map(&pool, root, &(struct mapping){ linear, HPA(physical), bytes, flags });
}

static void expect_page(u64 linear, u64 physical, u64 page_bytes, u32 flags)
{
	struct translation t;

	assert_true(tables_lookup(&pool, root, linear, &t));
	assert_int_equal(t.physical.value, physical);
	assert_int_equal(t.page_bytes, page_bytes);
	assert_int_equal(t.flags, flags);
}

static void picks_the_largest_page(void **state)
{
	(void)state;
	u64 from = 0x200000000000 - MIB(2) - 0x1000;

	assert_true(map(from, GIB(4) - MIB(2) - 0x1000, 0x1000 + MIB(2) + GIB(2) + MIB(4) + 0x3000,
			PAGING_USER | PAGING_WRITE));
	expect_page(from, GIB(4) - MIB(2) - 0x1000, KIB(4), PAGING_USER | PAGING_WRITE);
	expect_page(from + 0x1000, GIB(4) - MIB(2), MIB(2), PAGING_USER | PAGING_WRITE);
	expect_page(0x200000000000 + 5, GIB(4) + 5, GIB(1), PAGING_USER | PAGING_WRITE);
	expect_page(0x200000000000 + GIB(2) + MIB(4) + 0x2FFF, GIB(6) + MIB(4) + 0x2FFF, KIB(4),
		    PAGING_USER | PAGING_WRITE);
	struct translation t;
	assert_false(tables_lookup(&pool, root, 0x200000000000 + GIB(2) + MIB(4) + 0x3000, &t));
	assert_false(tables_lookup(&pool, root, from - 1, &t));
}

static void obeys_the_size_limits(void **state)
{
	(void)state;
	pool.largest_level = 2;
	assert_true(map(GIB(8), GIB(8), GIB(1), 0));
	expect_page(GIB(8), GIB(8), MIB(2), 0);
	assert_true(map(UPPER, 0, MIB(4), PAGING_EXECUTE | PAGING_SMALL | PAGING_GLOBAL));
	expect_page(UPPER + MIB(2), MIB(2), KIB(4), PAGING_EXECUTE | PAGING_GLOBAL);
	/* Aligned differently: no large page is possible. */
	assert_true(map(GIB(16), GIB(1) + 0x1000, MIB(4), PAGING_UNCACHED));
	expect_page(GIB(16) + MIB(2), GIB(1) + MIB(2) + 0x1000, KIB(4), PAGING_UNCACHED);
}

static void refuses(void **state)
{
	static const struct mapping bad[] = {
		{ GIB(1), { GIB(1) }, 0, 0 },
		{ GIB(1) + 1, { GIB(1) }, 0x1000, 0 },
		{ GIB(1), { GIB(1) + 8 }, 0x1000, 0 },
		{ GIB(1), { GIB(1) }, 0x1001, 0 },
		{ GIB(1), { GIB(1) }, 0x1000, PAGING_WRITE | PAGING_EXECUTE },
		{ BIT(47), { 0 }, 0x1000, 0 },
		{ BIT(47) - 0x1000, { 0 }, 0x2000, 0 },
		{ 0xFFFFFFFFFFFFF000, { 0 }, 0x2000, 0 },
		{ GIB(1), { BIT(52) }, 0x1000, 0 },
		{ GIB(1), { BIT(52) - 0x1000 }, 0x2000, 0 },
		{ 0, { 0 }, 0xFFFFFFFFFFFFF000, 0 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(tables_map(&pool, root, &bad[i]));
	assert_int_equal(pool.used, 1);
	/* The last page of all and the last frame of all are fine. */
	assert_true(map(0xFFFFFFFFFFFFF000, BIT(52) - 0x1000, 0x1000, 0));
}

static void never_maps_twice(void **state)
{
	(void)state;
	assert_true(map(GIB(1), GIB(1), GIB(1), 0));
	assert_false(map(GIB(1) + MIB(2), 0, 0x1000, 0));
	assert_false(map(GIB(1), 0, GIB(1), 0));
	assert_null(tables_leaf(&pool, root, GIB(1)));
	assert_true(map(MIB(2), 0, 0x1000, 0));
	assert_false(map(MIB(2), 0, MIB(2), 0));
	assert_false(map(MIB(2), 0, 0x1000, 0));
}

static void says_when_the_pool_is_empty(void **state)
{
	hpa_t other;

	(void)state;
	for (u64 i = 0; pool.used < POOL; i++)
		(void)map(i << 39, 0, 0x1000, 0);
	assert_false(map(100ull << 39, 0, 0x1000, 0));
	assert_false(tables_create(&pool, &other));
	assert_null(tables_leaf(&pool, root, 100ull << 39));
	assert_int_equal(pool.used, POOL);
}

static void audit_passes_what_the_builder_makes(void **state)
{
	struct audit_finding finding;

	(void)state;
	assert_true(map(UPPER, 0, MIB(1), PAGING_EXECUTE | PAGING_SMALL));
	assert_true(map(UPPER + MIB(1), MIB(1), MIB(1), PAGING_WRITE | PAGING_SMALL));
	assert_true(map(0x400000, MIB(8), MIB(2), PAGING_USER | PAGING_EXECUTE));
	assert_true(map(GIB(4), GIB(4), GIB(1), PAGING_USER | PAGING_WRITE));
	assert_true(tables_audit(&pool, root, &finding));
	assert_int_equal(finding.pages, 514);
}

static void audit_names_each_violation(void **state)
{
	struct audit_finding finding;
	u64 *entry;

	(void)state;
	entry = tables_leaf(&pool, root, UPPER + 0x5000);
	*entry = 0x5000 | PTE_PRESENT | PTE_WRITE;
	assert_false(tables_audit(&pool, root, &finding));
	assert_int_equal(finding.linear, UPPER + 0x5000);
	assert_int_equal(finding.entry, *entry);
	*entry = 0x5000 | PTE_PRESENT | PTE_WRITE | PTE_NX;
	assert_true(tables_audit(&pool, root, &finding));
	/* Open to ring 3 only when every level above is. */
	*entry |= PTE_USER;
	assert_true(tables_audit(&pool, root, &finding));
	for (u32 i = 0; i < pool.used; i++)
		for (u32 j = 0; j < 512; j++)
			pages[i].entry[j] |= pages[i].entry[j] & PTE_PRESENT ? PTE_USER : 0;
	assert_false(tables_audit(&pool, root, &finding));
	*entry = 0;
	entry = tables_leaf(&pool, root, 0x7000);
	*entry = 0x7000 | PTE_PRESENT | PTE_WRITE | PTE_USER;
	assert_false(tables_audit(&pool, root, &finding));
	assert_int_equal(finding.linear, 0x7000);
}

static void audit_finds_large_and_foreign(void **state)
{
	struct audit_finding finding;

	(void)state;
	assert_true(map(GIB(1), GIB(1), GIB(1), PAGING_WRITE));
	for (u32 i = 0; i < pool.used; i++)
		for (u32 j = 0; j < 512; j++)
			pages[i].entry[j] &= ~PTE_NX;
	assert_false(tables_audit(&pool, root, &finding));
	assert_int_equal(finding.linear, GIB(1));
	pages[0].entry[0] = (POOL_PHYSICAL + POOL * PAGE_SIZE) | PTE_PRESENT;
	assert_false(tables_audit(&pool, root, &finding));
	assert_int_equal(finding.entry, pages[0].entry[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(picks_the_largest_page, setup),
		cmocka_unit_test_setup(obeys_the_size_limits, setup),
		cmocka_unit_test_setup(refuses, setup),
		cmocka_unit_test_setup(never_maps_twice, setup),
		cmocka_unit_test_setup(says_when_the_pool_is_empty, setup),
		cmocka_unit_test_setup(audit_passes_what_the_builder_makes, setup),
		cmocka_unit_test_setup(audit_names_each_violation, setup),
		cmocka_unit_test_setup(audit_finds_large_and_foreign, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
