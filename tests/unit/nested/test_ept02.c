/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composition of EPT02: sizes, rights, nothing outside what EPT01 gave, the pool's book-keeping under random use and exhaustion. The walk below
 * is written anew from the manual: it is the hardware of this test.
 */
#include "nested/ept02.h"
#include "world.h"

#define COUNT 64u
#define PHYSICAL 0x7000000ull
#define HOST 0x40000000ull

static struct ept_table tables[COUNT];
static u16 links[COUNT];
static struct ept02_pool pool;

static int set_up(void **state)
{
	(void)state;
	memset(tables, 0xA5, sizeof(tables)); /* what an earlier root left must not show */
	pool = (struct ept02_pool){ .tables = tables, .next = links, .physical = PHYSICAL, .count = COUNT };
	ept02_init(&pool);
	return 0;
}

/* As VM entry takes it for an EPTP of L1's. */
static u32 root_of(u64 eptp12)
{
	return ept02_root_for(&pool, ept02_key(eptp12, false));
}

/* Leaf and level as a CPU would find them; 0: not present. */
static u64 hardware_walk(u64 eptp, u64 address, u32 *level)
{
	u64 table = eptp & EPT_ADDRESS;

	for (*level = 4; *level; (*level)--) {
		assert_true(table >= PHYSICAL && table < PHYSICAL + COUNT * PAGE_SIZE);
		u64 entry = tables[(table - PHYSICAL) / PAGE_SIZE].entry[address >> (12 + 9 * (*level - 1)) & 511];

		if (!(entry & EPT_RWX))
			return 0;
		if (*level == 1 || entry & EPT_LARGE)
			return entry;
		table = entry & EPT_ADDRESS;
	}
	return 0;
}

static u64 hardware_translate(u64 eptp, u64 address)
{
	u32 level;
	u64 leaf = hardware_walk(eptp, address, &level);

	if (!leaf)
		return ~0ull;
	u64 mask = ept_page_bytes(level) - 1;
	assert_int_equal(leaf & EPT_ADDRESS & mask, 0); /* else a misconfiguration */
	return (leaf & EPT_ADDRESS) | (address & mask);
}

static struct ept12_walk page12(u32 level, u64 page, u64 rights)
{
	struct ept12_walk walk = { .outcome = EPT12_MAPPED, .level = level, .rights = rights };

	walk.entry[level] = page | EPT_MEMORY_TYPE(6) | rights;
	return walk;
}

/* EPT01 that maps L1's address x to HOST + x in pages of one level. */
static struct ept02_leaf leaf_of(u32 level, u64 l1)
{
	u64 base = (HOST + l1) & ~(ept_page_bytes(level) - 1);

	return (struct ept02_leaf){ base | EPT_RWX | EPT_MEMORY_TYPE(6) | (level > 1 ? EPT_LARGE : 0), level, l1 };
}

#define leaf01(level, l1) (&(struct ept02_leaf[]){ leaf_of(level, l1) }[0])

static void the_smaller_page_wins(void **state)
{
	(void)state;
	for (u32 level12 = 1; level12 <= 3; level12++)
		for (u32 level01 = 1; level01 <= 3; level01++) {
			set_up(NULL);
			u32 root = root_of(0x1000 | 0x1E);
			u64 l2 = 0x7F40000000ull + 0x12345678 % ept_page_bytes(level12);
			struct ept12_walk w = page12(level12, 0, EPT_RWX);
			u64 l1 = l2 & (ept_page_bytes(level12) - 1);
			u32 level;

			ept02_map(&pool, root, L2PA(l2), &w, leaf01(level01, l1));
			assert_int_not_equal(hardware_walk(ept02_eptp(&pool, root), l2, &level), 0);
			assert_int_equal(level, level12 < level01 ? level12 : level01);
			assert_true(hardware_translate(ept02_eptp(&pool, root), l2) == HOST + l1);
			assert_true(ept02_audit(&pool));
		}
}

static void rights_are_both_sides(void **state)
{
	u32 root = root_of(0x1E);

	(void)state;
	for (u64 rights12 = 1; rights12 < 8; rights12++)
		for (u64 rights01 = 1; rights01 < 8; rights01++) {
			struct ept12_walk w = page12(1, 0x5000, rights12);
			struct ept02_leaf leaf = { HOST | rights01, 1, 0x5000 };
			u32 level;

			ept02_map(&pool, root, L2PA(0x5000), &w, &leaf);
			u64 entry = hardware_walk(ept02_eptp(&pool, root), 0x5000, &level);
			assert_int_equal(entry & EPT_RWX, rights12 & rights01);
		}
}

static void roots_share_nothing(void **state)
{
	u32 a = root_of(0x1000 | 0x1E), b = root_of(0x2000 | 0x1E);
	struct ept12_walk w = page12(1, 0x5000, EPT_RWX);
	u32 level;

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_equal(a, root_of(0x1000 | 0x1E));
	ept02_map(&pool, a, L2PA(0x5000), &w, leaf01(1, 0x5000));
	assert_int_equal(hardware_walk(ept02_eptp(&pool, b), 0x5000, &level), 0);
	ept02_invalidate(&pool, 0x2000 | 0x1E);
	assert_int_not_equal(hardware_walk(ept02_eptp(&pool, a), 0x5000, &level), 0);
	assert_true(ept02_audit(&pool));
}

static void invalidating_leaves_nothing_and_asks_for_a_flush(void **state)
{
	u32 root = root_of(0x1E), level;
	struct ept12_walk w = page12(1, 0x5000, EPT_RWX);

	(void)state;
	ept02_map(&pool, root, L2PA(0x5000), &w, leaf01(1, 0x5000));
	pool.tlb_is_stale = false;
	ept02_invalidate(&pool, 0x9000 | 0x1E); /* somebody else's */
	assert_false(pool.tlb_is_stale);
	ept02_invalidate(&pool, 0x1E);
	assert_true(pool.tlb_is_stale);
	assert_int_equal(pool.free_count, COUNT);
	root = root_of(0x1E);
	assert_int_equal(hardware_walk(ept02_eptp(&pool, root), 0x5000, &level), 0);
	ept02_invalidate_all(&pool);
	assert_int_equal(pool.free_count, COUNT);
	assert_true(ept02_audit(&pool));
}

/* INVEPT goes by bits 51:12 of the EPTP alone. */
static void invalidating_goes_by_the_address(void **state)
{
	(void)state;
	for (u64 low = 0; low < 0x80; low++) {
		set_up(NULL);
		(void)ept02_root_for(&pool, ept02_key(0x1000 | 0x1E, false));
		(void)ept02_root_for(&pool, ept02_key(0x1000 | 0x5E, false));
		(void)ept02_root_for(&pool, ept02_key(0x1000 | 0x5E, true));
		(void)ept02_root_for(&pool, ept02_key(0x2000 | 0x1E, false));
		assert_int_equal(pool.free_count, COUNT - 4);
		ept02_invalidate(&pool, 0x1000 | low);
		assert_int_equal(pool.free_count, COUNT - 1);
		assert_true(pool.tlb_is_stale);
	}
}

/* Memory type of EPT12's root tables: no difference. Flags, bit 10: tables of their own. */
static void what_makes_a_root(void **state)
{
	u32 plain = ept02_root_for(&pool, ept02_key(0x1000 | 0x1E, false));
	u32 flagged = ept02_root_for(&pool, ept02_key(0x1000 | 0x5E, false));

	(void)state;
	assert_int_equal(plain, ept02_root_for(&pool, ept02_key(0x1000 | 0x18, false)));
	assert_int_not_equal(plain, flagged);
	assert_int_not_equal(flagged, ept02_root_for(&pool, ept02_key(0x1000 | 0x5E, true)));
	assert_int_equal(ept02_eptp(&pool, plain) & PAGE_MASK, EPTP_WB_4_LEVELS);
	assert_int_equal(ept02_eptp(&pool, flagged) & PAGE_MASK, EPTP_WB_4_LEVELS | EPTP_ACCESSED_DIRTY);
}

/* A page that is executable for user mode only is one, and gives way to small ones like any other. */
static void mode_based_pages(void **state)
{
	u32 root = ept02_root_for(&pool, ept02_key(0x1E, true)), level;
	struct ept12_walk large = page12(2, 0x200000, EPT_EXECUTE_USER), small = page12(1, 0x7000, EPT_RWX | EPT_EXECUTE_USER);
	struct ept02_leaf no_execute = { HOST | EPT_READ | EPT_WRITE, 1, 0x7000 };

	(void)state;
	ept02_map(&pool, root, L2PA(0x200000), &large, leaf01(2, 0x200000));
	for (u16 table = pool.roots[root].first; table != pool.roots[root].last; table = links[table])
		assert_int_equal(tables[table].entry[0] & EPT12_RIGHTS, EPT12_RIGHTS);
	assert_int_equal(tables[pool.roots[root].last].entry[1] & (EPT12_RIGHTS | EPT_LARGE), EPT_EXECUTE_USER | EPT_LARGE);
	ept02_map(&pool, root, L2PA(0x203000), &small, leaf01(2, 0x7000));
	assert_int_equal(hardware_walk(ept02_eptp(&pool, root), 0x203000, &level) & EPT12_RIGHTS, EPT12_RIGHTS);
	ept02_map(&pool, root, L2PA(0x203000), &small, &no_execute);
	assert_int_equal(hardware_walk(ept02_eptp(&pool, root), 0x203000, &level) & EPT12_RIGHTS, EPT_READ | EPT_WRITE);
	assert_true(ept02_audit(&pool));
}

/* EPT01 is write-back everywhere, the weakest there is: L1's type and its ignore-PAT bit stand. */
static void memory_types_are_l1s(void **state)
{
	static const u64 types[] = { 0, 1, 4, 5, 6 };
	u32 root = root_of(0x1E), level;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(types); i++)
		for (u64 ignore_pat = 0; ignore_pat <= EPT_IGNORE_PAT; ignore_pat += EPT_IGNORE_PAT) {
			struct ept12_walk w = page12(1, 0x5000, EPT_RWX);

			w.entry[1] = 0x5000 | EPT_RWX | EPT_MEMORY_TYPE(types[i]) | ignore_pat;
			ept02_map(&pool, root, L2PA(0x5000), &w, leaf01(1, 0x5000));
			u64 entry = hardware_walk(ept02_eptp(&pool, root), 0x5000, &level);
			assert_int_equal(entry & (EPT_MEMORY_TYPE(7) | EPT_IGNORE_PAT), EPT_MEMORY_TYPE(types[i]) | ignore_pat);
		}
}

static void the_lowest_mark_stays(void **state)
{
	u32 root = root_of(0x1E);
	struct ept12_walk w = page12(1, 0x5000, EPT_RWX);

	(void)state;
	ept02_map(&pool, root, L2PA(0x5000), &w, leaf01(1, 0x5000));
	assert_int_equal(pool.least_free, COUNT - 4);
	ept02_invalidate_all(&pool);
	assert_int_equal(pool.free_count, COUNT);
	assert_int_equal(pool.least_free, COUNT - 4);
}

static void more_roots_than_places(void **state)
{
	(void)state;
	for (u64 i = 0; i < 100; i++) {
		(void)root_of(i << 12 | 0x1E);
		assert_true(ept02_audit(&pool));
	}
	assert_int_equal(pool.free_count, COUNT - EPT02_ROOTS);
	/* the last ones used are those that stay */
	pool.tlb_is_stale = false;
	for (u64 i = 96; i < 100; i++)
		(void)root_of(i << 12 | 0x1E);
	assert_false(pool.tlb_is_stale);
}

/* An address in each of many 1 GiB regions wants three tables each: the pool runs out and starts anew, never wrong. */
static void exhaustion_starts_anew(void **state)
{
	u32 other = root_of(0x9000 | 0x1E), root = root_of(0x1E);
	struct ept12_walk w = page12(1, 0x5000, EPT_RWX);

	(void)state;
	(void)other;
	for (u64 i = 0; i < 1000; i++) {
		u64 l2 = i << 30;

		ept02_map(&pool, root, L2PA(l2), &w, leaf01(1, 0x5000));
		assert_true(hardware_translate(ept02_eptp(&pool, root), l2) == HOST + 0x5000);
		assert_true(ept02_audit(&pool));
	}
}

static void the_smallest_pool_works(void **state)
{
	(void)state;
	pool.count = 4;
	ept02_init(&pool);
	u32 root = root_of(0x1E);
	struct ept12_walk w = page12(1, 0x5000, EPT_RWX);
	for (u64 i = 0; i < 20; i++) {
		ept02_map(&pool, root, L2PA(i << 40), &w, leaf01(1, 0x5000));
		assert_true(hardware_translate(ept02_eptp(&pool, root), i << 40) == HOST + 0x5000);
		assert_true(ept02_audit(&pool));
	}
}

static void a_large_page_gives_way_to_small_ones(void **state)
{
	u32 root = root_of(0x1E), level;
	struct ept12_walk large = page12(2, 0x200000, EPT_READ), small = page12(1, 0x7000, EPT_RWX);

	(void)state;
	ept02_map(&pool, root, L2PA(0x200000), &large, leaf01(2, 0x200000));
	ept02_map(&pool, root, L2PA(0x203000), &small, leaf01(2, 0x7000));
	assert_true(hardware_translate(ept02_eptp(&pool, root), 0x203000) == HOST + 0x7000);
	assert_int_equal(hardware_walk(ept02_eptp(&pool, root), 0x200000, &level), 0); /* refilled when touched */
	/* and where small ones are, a large one is filled in by pieces */
	ept02_map(&pool, root, L2PA(0x204000), &large, leaf01(2, 0x204000));
	assert_true(hardware_translate(ept02_eptp(&pool, root), 0x204000) == HOST + 0x204000);
	assert_int_not_equal(hardware_walk(ept02_eptp(&pool, root), 0x204000, &level), 0);
	assert_int_equal(level, 1);
}

/* Whatever EPT12 says, EPT02 maps only what EPT01's leaf covers. */
static void nothing_outside_the_leaf(void **state)
{
	u32 root = root_of(0x1E);

	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		u32 level12 = 1 + world_random() % 3, level01 = 1 + world_random() % 3, level;
		u64 l2 = world_random() >> 16;
		struct ept12_walk w = page12(level12, (world_random() & 0xFFFFFFF000ull) & ~(ept_page_bytes(level12) - 1),
					     1 + world_random() % 7);
		u64 l1 = ept12_page(&w) + (l2 & (ept_page_bytes(level12) - 1));
		struct ept02_leaf leaf = leaf_of(level01, l1);

		ept02_map(&pool, root, L2PA(l2), &w, &leaf);
		u64 entry = hardware_walk(ept02_eptp(&pool, root), l2, &level);
		u64 low = leaf.host_leaf & EPT_ADDRESS & ~(ept_page_bytes(level01) - 1);
		assert_true((entry & EPT_ADDRESS) >= low);
		assert_true((entry & EPT_ADDRESS) + ept_page_bytes(level) <= low + ept_page_bytes(level01));
		assert_true(hardware_translate(ept02_eptp(&pool, root), l2) == HOST + l1);
		if (i % 500 == 0)
			assert_true(ept02_audit(&pool));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_smaller_page_wins, set_up),
		cmocka_unit_test_setup(rights_are_both_sides, set_up),
		cmocka_unit_test_setup(roots_share_nothing, set_up),
		cmocka_unit_test_setup(invalidating_leaves_nothing_and_asks_for_a_flush, set_up),
		cmocka_unit_test_setup(invalidating_goes_by_the_address, set_up),
		cmocka_unit_test_setup(what_makes_a_root, set_up),
		cmocka_unit_test_setup(mode_based_pages, set_up),
		cmocka_unit_test_setup(memory_types_are_l1s, set_up),
		cmocka_unit_test_setup(the_lowest_mark_stays, set_up),
		cmocka_unit_test_setup(more_roots_than_places, set_up),
		cmocka_unit_test_setup(exhaustion_starts_anew, set_up),
		cmocka_unit_test_setup(the_smallest_pool_works, set_up),
		cmocka_unit_test_setup(a_large_page_gives_way_to_small_ones, set_up),
		cmocka_unit_test_setup(nothing_outside_the_leaf, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
