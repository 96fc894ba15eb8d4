/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over L1's extended page tables: every level and page size, rights, each misconfiguration, and random tables under ASan. */
#include "nested/ept12.h"
#include "world.h"

#define PAGES 8u
#define EPTP (0x0ull | 0x1E)
#define L2_ADDRESS 0x0000123456789ABCull

static u64 memory[PAGES][512];
static u32 reads;

static u64 read_memory(void *context, u32 level, gpa_t at)
{
	(void)context, (void)level;
	reads++;
	if (at.value + 8 > sizeof(memory) || at.value & 7)
		return ~0ull;
	return memory[at.value / PAGE_SIZE][at.value % PAGE_SIZE / 8];
}

static struct ept12_features source;

static u64 *entry_of(u32 page, u32 level)
{
	return &memory[page][L2_ADDRESS >> (12 + 9 * (level - 1)) & 511];
}

/* Tables 0 (root) to 3 lead to a 4 KiB page. */
static int set_up(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	reads = 0;
	source = (struct ept12_features){ .physical_bits = 40, .has_execute_only = true, .has_2m = true, .has_1g = true };
	for (u32 level = 4; level > 1; level--)
		*entry_of(4 - level, level) = (5 - level) * PAGE_SIZE | EPT_RWX;
	*entry_of(3, 1) = 0x55000 | EPT_RWX | EPT_MEMORY_TYPE(6);
	return 0;
}

static struct ept12_walk walk_by(const struct ept12_rules *rules, struct ept12_question question)
{
	struct ept12_walk w;

	memset(&w, 0xA5, sizeof(w)); /* what an earlier walk left must not show */
	ept12_walk(&w, rules, read_memory, NULL, question);
	return w;
}

static struct ept12_walk walk(void)
{
	struct ept12_rules rules;

	ept12_make_rules(&rules, &source);
	return walk_by(&rules, (struct ept12_question){ EPTP, L2PA(L2_ADDRESS) });
}

static void small_page(void **state)
{
	struct ept12_walk w = walk();

	(void)state;
	assert_int_equal(w.outcome, EPT12_MAPPED);
	assert_int_equal(w.level, 1);
	assert_int_equal(ept12_page(&w), 0x55000);
	assert_int_equal(w.rights & EPT_RWX, EPT_RWX);
	assert_int_equal(ept12_leaf_type(&w), EPT_MEMORY_TYPE(6));
	assert_int_equal(reads, 4);
}

static void large_pages(void **state)
{
	(void)state;
	*entry_of(2, 2) = 0x40000000 | EPT_LARGE | EPT_READ | EPT_MEMORY_TYPE(6) | BIT(6);
	struct ept12_walk w = walk();
	assert_int_equal(w.outcome, EPT12_MAPPED);
	assert_int_equal(w.level, 2);
	assert_int_equal(ept12_page(&w), 0x40000000);
	assert_int_equal(w.rights & EPT_RWX, EPT_READ);
	assert_int_equal(ept12_leaf_type(&w), EPT_MEMORY_TYPE(6) | BIT(6));
	*entry_of(1, 3) = 0x80000000ull | EPT_LARGE | EPT_RWX;
	w = walk();
	assert_int_equal(w.level, 3);
	assert_int_equal(ept12_page(&w), 0x80000000ull);
}

static void large_pages_need_the_capability(void **state)
{
	(void)state;
	*entry_of(2, 2) = 0x40000000 | EPT_LARGE | EPT_RWX;
	source.has_2m = false;
	assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
	*entry_of(1, 3) = 0x80000000ull | EPT_LARGE | EPT_RWX;
	source.has_1g = false;
	assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
}

static void rights_are_anded(void **state)
{
	(void)state;
	*entry_of(0, 4) &= ~EPT_WRITE;
	*entry_of(2, 2) &= ~EPT_EXECUTE;
	struct ept12_walk w = walk();
	assert_int_equal(w.outcome, EPT12_MAPPED);
	assert_int_equal(w.rights & EPT_RWX, EPT_READ);
}

static void absent_at_each_level(void **state)
{
	(void)state;
	for (u32 level = 4; level; level--) {
		set_up(NULL);
		*entry_of(4 - level, level) &= ~EPT_RWX;
		struct ept12_walk w = walk();

		assert_int_equal(w.outcome, EPT12_VIOLATION);
		assert_int_equal(w.level, level);
		assert_int_equal(w.rights & EPT_RWX, 0);
	}
}

static void impossible_rights(void **state)
{
	(void)state;
	for (u32 level = 4; level; level--) {
		u64 *entry = entry_of(4 - level, level);

		*entry = (*entry & ~EPT_RWX) | EPT_WRITE;
		assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
		*entry = (*entry & ~EPT_RWX) | EPT_WRITE | EPT_EXECUTE;
		assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
		*entry = (*entry & ~EPT_RWX) | EPT_EXECUTE;
		assert_int_equal(walk().outcome, EPT12_MAPPED);
		source.has_execute_only = false;
		assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
		set_up(NULL);
	}
}

static void reserved_bits(void **state)
{
	(void)state;
	for (u32 level = 4; level; level--) {
		set_up(NULL);
		*entry_of(4 - level, level) |= BIT(40);
		assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
		set_up(NULL);
		if (level > 1) {
			*entry_of(4 - level, level) |= BIT(3);
			assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
		}
	}
	set_up(NULL);
	*entry_of(0, 4) |= EPT_LARGE; /* no 512 GiB pages */
	assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
	set_up(NULL);
	*entry_of(2, 2) = 0x40001000 | EPT_LARGE | EPT_RWX; /* base not 2 MiB-aligned */
	assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
}

static void memory_types(void **state)
{
	(void)state;
	for (u64 type = 0; type < 8; type++) {
		*entry_of(3, 1) = 0x55000 | EPT_RWX | EPT_MEMORY_TYPE(type);
		bool exists = type != 2 && type != 3 && type != 7;
		assert_int_equal(walk().outcome, exists ? EPT12_MAPPED : EPT12_MISCONFIGURED);
	}
}

static void absent_entries_may_hold_anything(void **state)
{
	(void)state;
	*entry_of(3, 1) = ~7ull;
	assert_int_equal(walk().outcome, EPT12_VIOLATION);
}

static void tables_outside_ram_do_not_map(void **state)
{
	(void)state;
	*entry_of(2, 2) = 0x100000 | EPT_RWX;
	assert_int_not_equal(walk().outcome, EPT12_MAPPED);
}

static void addresses_beyond_48_bits_do_not_map(void **state)
{
	struct ept12_rules rules;
	struct ept12_walk w;

	(void)state;
	ept12_make_rules(&rules, &source);
	w = walk_by(&rules, (struct ept12_question){ EPTP, L2PA(BIT(48)) });
	assert_int_equal(w.outcome, EPT12_VIOLATION);
	assert_int_equal(w.rights, 0);
	assert_int_equal(reads, 0);
}

/* Bit 10 is a right of its own in mode-based execute control, and nothing otherwise. */
static void mode_based_rights(void **state)
{
	u64 *leaf = entry_of(3, 1);

	(void)state;
	*leaf = 0x55000 | EPT_EXECUTE_USER;
	assert_int_equal(walk().outcome, EPT12_VIOLATION);
	source.is_mode_based = true;
	struct ept12_walk w = walk();
	assert_int_equal(w.outcome, EPT12_MAPPED);
	assert_int_equal(w.rights, 0); /* no table lets user mode execute */
	for (u32 level = 4; level > 1; level--)
		*entry_of(4 - level, level) |= EPT_EXECUTE_USER;
	w = walk();
	assert_int_equal(w.outcome, EPT12_MAPPED);
	assert_int_equal(w.rights, EPT_EXECUTE_USER);
	*leaf |= EPT_WRITE;
	assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
	*leaf ^= EPT_WRITE;
	source.has_execute_only = false;
	assert_int_equal(walk().outcome, EPT12_MISCONFIGURED);
	*leaf |= EPT_READ;
	w = walk();
	assert_int_equal(w.outcome, EPT12_MAPPED);
	assert_int_equal(w.rights, EPT_READ | EPT_EXECUTE_USER);
	*leaf = 0x55000;
	assert_int_equal(walk().outcome, EPT12_VIOLATION);
}

static bool write_memory(void *context, u32 level, gpa_t at, u64 old, u64 value)
{
	u64 *entry = &memory[at.value / PAGE_SIZE][at.value % PAGE_SIZE / 8];

	(void)level;
	reads++;
	if (context && *entry == *(u64 *)context)
		*entry ^= BIT(60); /* somebody was faster */
	if (*entry != old)
		return false;
	*entry = value;
	return true;
}

static bool flag(struct ept12_walk *w, bool is_write, u64 *changing)
{
	reads = 0;
	return ept12_flag(w, (struct ept12_question){ EPTP, L2PA(L2_ADDRESS) }, is_write, write_memory, changing);
}

static void flags_of_an_access(void **state)
{
	struct ept12_walk w = walk();

	(void)state;
	assert_false(ept12_is_flagged(&w, false));
	assert_true(flag(&w, false, NULL));
	assert_true(ept12_is_flagged(&w, false));
	assert_false(ept12_is_flagged(&w, true));
	for (u32 level = 4; level; level--)
		assert_int_equal(*entry_of(4 - level, level) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED);
	w = walk();
	assert_true(ept12_is_flagged(&w, false));
	assert_true(flag(&w, false, NULL));
	assert_int_equal(reads, 0); /* what is flagged is not written to */
	assert_true(flag(&w, true, NULL));
	assert_int_equal(reads, 1);
	assert_true(ept12_is_flagged(&w, true));
	for (u32 level = 4; level > 1; level--)
		assert_int_equal(*entry_of(4 - level, level) & EPT_DIRTY, 0);
	assert_int_equal(*entry_of(3, 1), 0x55000 | EPT_RWX | EPT_MEMORY_TYPE(6) | EPT_ACCESSED | EPT_DIRTY);
}

static void flags_of_a_large_page(void **state)
{
	(void)state;
	*entry_of(1, 3) = 0x80000000ull | EPT_LARGE | EPT_RWX;
	struct ept12_walk w = walk();
	assert_true(flag(&w, true, NULL));
	assert_int_equal(*entry_of(0, 4) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED);
	assert_int_equal(*entry_of(1, 3) & (EPT_ACCESSED | EPT_DIRTY), EPT_ACCESSED | EPT_DIRTY);
	assert_int_equal(*entry_of(2, 2) & EPT_ACCESSED, 0);
}

/* An entry L1 changes at that moment keeps what L1 wrote. */
static void a_changed_entry_stops_the_flagging(void **state)
{
	(void)state;
	for (u32 level = 4; level; level--) {
		set_up(NULL);
		struct ept12_walk w = walk();
		u64 changing = *entry_of(4 - level, level);

		assert_false(flag(&w, true, &changing));
		assert_int_equal(*entry_of(4 - level, level), changing ^ BIT(60));
		for (u32 below = level - 1; below; below--)
			assert_int_equal(*entry_of(4 - below, below) & EPT_ACCESSED, 0);
	}
}

static void random_tables_end_in_bounds(void **state)
{
	struct ept12_rules rules;

	(void)state;
	ept12_make_rules(&rules, &source);
	for (u32 round = 0; round < 200; round++) {
		for (u32 i = 0; i < PAGES * 512; i++)
			memory[i / 512][i % 512] = (world_random() & 0x7FFF) | (round & 1 ? EPT_RWX : 0) |
						   (world_random() & 15 ? 0 : world_random());
		for (u32 i = 0; i < 200; i++) {
			struct ept12_walk w;

			reads = 0;
			w = walk_by(&rules, (struct ept12_question){ world_random(), L2PA(world_random() >> (i % 20)) });
			assert_true(reads <= 4);
			assert_in_range(w.level, 1, 4);
			if (w.outcome == EPT12_MAPPED) {
				assert_in_range(w.level, 1, 3);
				assert_int_equal(ept12_page(&w) & (ept_page_bytes(w.level) - 1), 0);
				assert_int_equal(ept12_page(&w) >> 40, 0);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(small_page, set_up),
		cmocka_unit_test_setup(large_pages, set_up),
		cmocka_unit_test_setup(large_pages_need_the_capability, set_up),
		cmocka_unit_test_setup(rights_are_anded, set_up),
		cmocka_unit_test_setup(absent_at_each_level, set_up),
		cmocka_unit_test_setup(impossible_rights, set_up),
		cmocka_unit_test_setup(reserved_bits, set_up),
		cmocka_unit_test_setup(memory_types, set_up),
		cmocka_unit_test_setup(absent_entries_may_hold_anything, set_up),
		cmocka_unit_test_setup(tables_outside_ram_do_not_map, set_up),
		cmocka_unit_test_setup(addresses_beyond_48_bits_do_not_map, set_up),
		cmocka_unit_test_setup(mode_based_rights, set_up),
		cmocka_unit_test_setup(flags_of_an_access, set_up),
		cmocka_unit_test_setup(flags_of_a_large_page, set_up),
		cmocka_unit_test_setup(a_changed_entry_stops_the_flagging, set_up),
		cmocka_unit_test_setup(random_tables_end_in_bounds, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
