/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accessed and dirty flags in EPT of L1's own: which entries, when, and what counts as a write.
 * Source: Intel SDM volume 3 "Accessed and Dirty Flags for EPT".
 */
#include "vmx_ept.h"

static void use_flags(void)
{
	world_reset();
	world_use_ept();
	set(VMCS_EPT_POINTER, world_eptp() | EPTP_FLAGS);
}

static u64 flags_of(u64 address, u32 level)
{
	return *world_ept_entry(address, level) & (ACCESSED | DIRTY);
}

static void expect_flags(u64 address, u32 leaf, u64 flags, const char *what)
{
	for (u32 level = 4; level > leaf; level--)
		check(flags_of(address, level) == ACCESSED, "%s: flags %lx at level %u", what, flags_of(address, level), level);
	check(flags_of(address, leaf) == flags, "%s: flags %lx, not %lx", what, flags_of(address, leaf), flags);
}

static void test_reads_and_writes(u64 address, u32 leaf)
{
	use_flags();
	for (u32 level = leaf; level <= 4; level++)
		check(!flags_of(address, level), "flags %lx at level %u before the first access", flags_of(address, level), level);
	ept_expect_access(l2_load, address, "load");
	expect_flags(address, leaf, ACCESSED, "load");
	ept_expect_access(l2_store, address, "store after a load");
	expect_flags(address, leaf, ACCESSED | DIRTY, "store after a load");
	/* once more, from the start: what was cached goes with INVEPT */
	for (u32 level = leaf; level <= 4; level++)
		*world_ept_entry(address, level) &= ~(ACCESSED | DIRTY);
	invept();
	ept_expect_access(l2_load, address, "load after INVEPT");
	expect_flags(address, leaf, ACCESSED, "load after INVEPT");
	*world_ept_entry(address, leaf) &= ~(ACCESSED | DIRTY);
	invept();
	ept_expect_access(l2_store, address, "store at once");
	expect_flags(address, leaf, ACCESSED | DIRTY, "store at once");
}

/* INVEPT of one context goes by the address of the EPTP: its other bits may differ. */
static void test_invept_by_address(void)
{
	const u64 uncacheable[2] = { (u64)world_eptp() & ~0x7ull, 0 };

	if (!ept_can(1 << 8))
		return;
	use_flags();
	ept_expect_access(l2_store, MAPPED, "store");
	*world_ept_entry(MAPPED, 1) &= ~DIRTY;
	check(vmx_invept(1, uncacheable) == VM_OK, "INVEPT");
	ept_expect_access(l2_store, MAPPED, "store after INVEPT by another EPTP");
	expect_flags(MAPPED, 1, ACCESSED | DIRTY, "store after INVEPT by another EPTP");
}

static void test_violations_flag_nothing(void)
{
	use_flags();
	*world_ept_entry(MAPPED, 1) = MAPPED | READ | TYPE_WB;
	invept();
	ept_expect_violation(l2_store, MAPPED, WRITE | READ << 3 | LINEAR_VALID, 0x1FF);
	check(!(flags_of(MAPPED, 1) & DIRTY), "a store that was refused made the page dirty");
	ept_expect_access(l2_load, MAPPED, "load from a read-only page");
	check(flags_of(MAPPED, 1) == ACCESSED, "load from a read-only page: flags %lx", flags_of(MAPPED, 1));
}

static void test_without(void)
{
	world_reset();
	world_use_ept();
	ept_expect_access(l2_load, MAPPED, "load");
	ept_expect_access(l2_store, MAPPED, "store");
	for (u32 level = 1; level <= 4; level++)
		check(!flags_of(MAPPED, level), "flags %lx at level %u, nobody has asked", flags_of(MAPPED, level), level);
}

/* The same tables under two EPTPs, one with flags: each does as it says. */
static void test_both(void)
{
	use_flags();
	set(VMCS_EPT_POINTER, world_eptp());
	ept_expect_access(l2_store, MAPPED, "store");
	check(!flags_of(MAPPED, 1), "flags %lx, nobody has asked", flags_of(MAPPED, 1));
	set(VMCS_EPT_POINTER, world_eptp() | EPTP_FLAGS);
	ept_expect_access(l2_store, MAPPED, "store");
	expect_flags(MAPPED, 1, ACCESSED | DIRTY, "store with flags");
}

/* Walks of L2's page tables are writes, even those that change nothing. */
static void test_page_walks(void)
{
	world_reset();
	ept_own_tables();
	world_use_ept();
	ept_expect_access(l2_load, MAPPED, "load"); /* L2's own tables are flagged from now on */
	*world_ept_entry(TABLES, 1) = TABLES | READ | TYPE_WB;
	invept();
	ept_expect_access(l2_load, MAPPED, "walk of tables that are read-only");
	set(VMCS_EPT_POINTER, world_eptp() | EPTP_FLAGS);
	l2.rdi = MAPPED;
	expect(l2_run(l2_load), EXIT_EPT_VIOLATION, "walk of tables that are read-only, with flags");
	u64 qualification = field(VMCS_EXIT_QUALIFICATION);
	check((qualification & 0x1FE) == (WRITE | READ << 3 | LINEAR_TABLE), "its qualification %lx", qualification);
	check(qualification & READ || !is_on_nestbox(), "a walk that is a write is no read: %lx", qualification);
	check((field(VMCS_GUEST_PHYSICAL_ADDRESS) & ~0xFFFull) == TABLES, "its address %lx", field(VMCS_GUEST_PHYSICAL_ADDRESS));
	*world_ept_entry(TABLES, 1) |= WRITE;
	invept();
	ept_expect_access(l2_load, MAPPED, "walk of tables");
	for (u64 table = TABLES; table < TABLES + 0x3000; table += 0x1000)
		expect_flags(table, 1, ACCESSED | DIRTY, "walk of tables");
	expect_flags(MAPPED, 1, ACCESSED, "load");
}

/* Every page for itself: what is filled in for one does not make another dirty. */
static void test_many(void)
{
	use_flags();
	for (u64 page = MAPPED; page < MAPPED + 0x20000; page += 0x1000)
		ept_expect_access(l2_load, page, "load");
	for (u64 page = MAPPED; page < MAPPED + 0x20000; page += 0x3000)
		ept_expect_access(l2_store, page, "store");
	for (u64 i = 0; i < 0x20; i++)
		check(flags_of(MAPPED + i * 0x1000, 1) == (i % 3 ? ACCESSED : ACCESSED | DIRTY), "page %lu has flags %lx", i,
		      flags_of(MAPPED + i * 0x1000, 1));
}

static void test_refusals(void)
{
	const u64 reserved = ept_can(1 << 23) ? 0xF00 : 0xF80;

	for (u64 bit = 0x40; bit < 0x1000; bit <<= 1) {
		const u64 descriptor[2] = { world_eptp() | bit, 0 };
		bool is_valid = bit == EPTP_FLAGS ? ept_can(CAP_FLAGS) : !(bit & reserved);

		world_reset();
		world_use_ept();
		check(vmx_invept(1, descriptor) == (is_valid ? VM_OK : VM_FAIL_VALID), "INVEPT of EPTP bit %lx", bit);
		set(VMCS_EPT_POINTER, world_eptp() | bit);
		check(l2_run(l2_vmcall) == (is_valid ? EXIT_VMCALL : L2_FAILED + VM_FAIL_VALID), "entry with EPTP bit %lx", bit);
		if (!is_valid)
			check(instruction_error() == VMERR_ENTRY_CONTROLS, "its error %lu", instruction_error());
	}
}

void vmx_test_ept_flags(void)
{
	test_refusals();
	test_without();
	if (!ept_can(CAP_FLAGS))
		return;
	test_reads_and_writes(MAPPED, 1);
	test_reads_and_writes(LARGE, 2);
	test_invept_by_address();
	test_violations_flag_nothing();
	test_both();
	test_page_walks();
	test_many();
}
