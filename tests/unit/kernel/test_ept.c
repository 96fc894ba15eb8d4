/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EPT01: largest pages, exhaustion of the pool, nothing mapped but what was asked. A walker written from the manual checks the builder; the
 * module's own look-up is checked against it. Source: Intel SDM volume 3 "The Extended Page Table Mechanism (EPT)".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/vmx/ept.h"

#define TABLES 64
#define TABLES_AT 0x7000000ull

static struct ept_table tables[TABLES + 1];

static struct ept_pool new_pool(u32 count, u32 largest_level)
{
	memset(tables, 0xA5, sizeof(tables));
	return (struct ept_pool){ .tables = tables, .physical = TABLES_AT, .count = count, .largest_level = largest_level };
}

struct totals { u64 bytes, leaves[4]; u64 lowest, highest; };

/* Adds up all leaves below one table; every leaf must be host = guest + delta, RWX, write-back and nothing more. */
static void add_leaves(struct totals *t, const struct ept_table *table, u32 level, u64 guest, u64 delta)
{
	for (u64 i = 0; i < 512; i++) {
		u64 entry = table->entry[i], at = guest + (i << (12 + 9 * (level - 1)));
		bool is_leaf = level == 1 || entry >> 7 & 1;

		if (!entry)
			continue;
		if (!is_leaf) {
			u64 n = ((entry & 0x000FFFFFFFFFF000ull) - TABLES_AT) / 4096;

			assert_int_equal(entry & 0xFFF, 7);
			assert_true(n > 0 && n < TABLES);
			add_leaves(t, &tables[n], level - 1, at, delta);
			continue;
		}
		assert_true(level <= 3);
		assert_int_equal(entry & 0xFFF, 0x37 | (level > 1 ? 0x80 : 0));
		assert_int_equal((entry & ~0xFFFull) - at, delta);
		t->leaves[level]++;
		t->bytes += 1ull << (12 + 9 * (level - 1));
		t->lowest = min_u64(t->lowest, at);
		t->highest = max_u64(t->highest, at + (1ull << (12 + 9 * (level - 1))));
	}
}

static struct totals totals(u64 delta)
{
	struct totals t = { .lowest = ~0ull };

	add_leaves(&t, &tables[0], 4, 0, delta);
	return t;
}

static void check_map(u32 largest_level, u64 guest, u64 host, u64 bytes)
{
	struct ept_pool pool = new_pool(TABLES, largest_level);

	assert_true(ept_map(&pool, GPA(guest), HPA(host), bytes));
	struct totals t = totals(host - guest);
	assert_int_equal(t.bytes, bytes);
	assert_int_equal(t.lowest, guest);
	assert_int_equal(t.highest, guest + bytes);
}

static void maps_exactly_the_range(void **state)
{
	(void)state;
	for (u32 g = 2; g <= 3; g++) {
		check_map(g, 0, GIB(1), GIB(1));
		check_map(g, 0, GIB(1), GIB(3));
		check_map(g, GIB(4), GIB(4), GIB(1) + MIB(6));
		check_map(g, 0, MIB(34), MIB(512));
		check_map(g, 0, MIB(34) + PAGE_SIZE, MIB(8));
		check_map(g, MIB(2) - PAGE_SIZE, GIB(1) + MIB(2) - PAGE_SIZE, MIB(2) + 2 * PAGE_SIZE);
		check_map(g, 0, 0, PAGE_SIZE);
		check_map(g, GIB(512) - MIB(2), GIB(512) - MIB(2), MIB(4));
	}
}

static void takes_the_largest_pages(void **state)
{
	struct ept_pool pool = new_pool(TABLES, 3);

	(void)state;
	assert_true(ept_map(&pool, GPA(0), HPA(GIB(1)), GIB(2) + MIB(4) + 3 * PAGE_SIZE));
	struct totals t = totals(GIB(1));
	assert_int_equal(t.leaves[3], 2);
	assert_int_equal(t.leaves[2], 2);
	assert_int_equal(t.leaves[1], 3);

	pool = new_pool(TABLES, 2);
	assert_true(ept_map(&pool, GPA(0), HPA(GIB(1)), GIB(2)));
	t = totals(GIB(1));
	assert_int_equal(t.leaves[3], 0);
	assert_int_equal(t.leaves[2], 1024);

	pool = new_pool(TABLES, 3); /* host aligned to 2 MiB only */
	assert_true(ept_map(&pool, GPA(0), HPA(MIB(34)), GIB(1)));
	t = totals(MIB(34));
	assert_int_equal(t.leaves[2], 512);
	assert_int_equal(pool.used, 3);

	pool = new_pool(TABLES, 3); /* small pages up to the first boundary, then large ones */
	assert_true(ept_map(&pool, GPA(MIB(2) - PAGE_SIZE), HPA(GIB(2) - PAGE_SIZE), MIB(4) + PAGE_SIZE));
	t = totals(GIB(2) - MIB(2));
	assert_int_equal(t.leaves[1], 1);
	assert_int_equal(t.leaves[2], 2);
}

/* For each size of the pool below what is needed: refused, and not one byte behind the pool touched. */
static void refuses_when_the_pool_is_empty(void **state)
{
	(void)state;
	const u64 bytes = GIB(2) + MIB(2) + PAGE_SIZE;
	struct ept_pool pool = new_pool(TABLES, 2);
	assert_true(ept_map(&pool, GPA(0), HPA(0), bytes));
	u32 needed = pool.used;
	assert_true(needed > 3);
	for (u32 count = 1; count < needed; count++) {
		pool = new_pool(count, 2);
		memset(&tables[count], 0x5A, sizeof(tables[count]));
		assert_false(ept_map(&pool, GPA(0), HPA(0), bytes));
		assert_int_equal(pool.used, count);
		for (u32 i = 0; i < 512; i++)
			assert_int_equal(tables[count].entry[i], 0x5A5A5A5A5A5A5A5Aull);
	}
	pool = new_pool(needed, 2);
	assert_true(ept_map(&pool, GPA(0), HPA(0), bytes));
}

/* The partition's two pieces as vmx_build_ept() makes them: the hole stays empty, and so does all above. */
static void leaves_the_hole_empty(void **state)
{
	struct ept_pool pool = new_pool(TABLES, 3);
	u32 level;

	(void)state;
	assert_true(ept_map(&pool, GPA(0), HPA(GIB(1)), GIB(3)));
	assert_true(ept_map(&pool, GPA(GIB(4)), HPA(GIB(4)), GIB(1)));
	for (u64 at = GIB(3); at < GIB(4); at += MIB(1))
		assert_int_equal(ept_lookup(&pool, GPA(at), &level), 0);
	static const u64 unmapped[] = { GIB(5), GIB(512), BIT(47), BIT(48) - 1, BIT(48), BIT(48) | 1, BIT(63), ~0ull };
	for (u32 i = 0; i < ARRAY_SIZE(unmapped); i++)
		assert_int_equal(ept_lookup(&pool, GPA(unmapped[i]), &level), 0);
}

static void looks_up_each_kind_of_leaf(void **state)
{
	struct ept_pool pool = new_pool(TABLES, 3);
	u32 level = 9;

	(void)state;
	assert_true(ept_map(&pool, GPA(0), HPA(GIB(1)), GIB(1) + MIB(2) + PAGE_SIZE));
	assert_int_equal(ept_lookup(&pool, GPA(GIB(1) - 1), &level), GIB(1) | 0xB7);
	assert_int_equal(level, 3);
	assert_int_equal(ept_lookup(&pool, GPA(GIB(1) + MIB(1)), &level), GIB(2) | 0xB7);
	assert_int_equal(level, 2);
	assert_int_equal(ept_lookup(&pool, GPA(GIB(1) + MIB(2) + 8), &level), (GIB(2) + MIB(2)) | 0x37);
	assert_int_equal(level, 1);
	assert_int_equal(ept_lookup(&pool, GPA(GIB(1) + MIB(2) + PAGE_SIZE), &level), 0);
}

/* On CPUs of CVE-2018-12207 nothing may be large, however well it is aligned. */
static void small_pages_alone_where_asked(void **state)
{
	struct ept_pool pool = new_pool(TABLES, 1);
	u32 level;

	(void)state;
	assert_true(ept_map(&pool, GPA(MIB(4)), HPA(GIB(1) + MIB(4)), MIB(64)));
	struct totals t = totals(GIB(1));
	assert_int_equal(t.bytes, MIB(64));
	assert_int_equal(t.leaves[1], MIB(64) / PAGE_SIZE);
	assert_int_equal(t.leaves[2] + t.leaves[3], 0);
	assert_int_equal(ept_lookup(&pool, GPA(MIB(68) - 1), &level), (GIB(1) + MIB(68) - PAGE_SIZE) | 0x37);
	assert_int_equal(level, 1);
	assert_int_equal(ept_lookup(&pool, GPA(MIB(68)), &level), 0);
}

/* The two pieces of a partition, as vmx_build_ept() maps them. */
static bool fits(u32 count, u32 largest_level, u64 bytes, u64 host)
{
	static struct ept_table many[600];
	struct ept_pool pool = { .tables = many, .physical = TABLES_AT, .count = count, .largest_level = largest_level };
	u64 low = min_u64(bytes, GIB(3));

	assert_true(count <= ARRAY_SIZE(many));
	return ept_map(&pool, GPA(0), HPA(host), low) && ept_map(&pool, GPA(GIB(4)), HPA(host + low), bytes - low);
}

static void as_many_tables_as_counted_do(void **state)
{
	static const u64 sizes[] = { MIB(2), MIB(64), MIB(512), GIB(1) - MIB(2), GIB(1), GIB(1) + MIB(2), GIB(3), GIB(4), GIB(64), GIB(300) + MIB(6) };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
		for (u32 level = sizes[i] > GIB(1) ? 2 : 1; level <= 3; level++) {
			u32 count = ept_table_count(sizes[i], level);

			assert_true(fits(count, level, sizes[i], GIB(1)));
			assert_true(fits(count, level, sizes[i], GIB(1) + MIB(34)));
		}
	assert_int_equal(ept_table_count(GIB(4), 1), 1 + 2050 + 6 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_pages_alone_where_asked), cmocka_unit_test(as_many_tables_as_counted_do),
		cmocka_unit_test(maps_exactly_the_range), cmocka_unit_test(takes_the_largest_pages),
		cmocka_unit_test(refuses_when_the_pool_is_empty), cmocka_unit_test(leaves_the_hole_empty),
		cmocka_unit_test(looks_up_each_kind_of_leaf),
	};

	return cmocka_run_group_tests_name("ept", tests, NULL, NULL);
}
