/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More tables and more roots than Nestbox can shadow at a time, and what INVEPT and INVVPID make visible. L2's addresses are aliases of a few
 * pages, so that little memory makes many tables.
 */
#include "vmx_ept.h"

#define REGION (2ull << 20)
#define ROOT_TABLES 0x2000000ull  /* four tables for each root */

static u64 alias_of(u64 region)
{
	return region * REGION + (region % 512) * 0x1000;
}

/* Every 2 MiB of L2's from 1 GiB to 8 GiB are the 4 KiB pages of one table. */
static void alias_all(void)
{
	for (u64 region = GIB(1) / REGION; region < GIB(8) / REGION; region++)
		*world_ept_entry(region * REGION, 2) = (u64)world_ept_entry(0, 1) | READ | WRITE | EXECUTE;
	invept();
}

/* Each touch wants a table of its own; rounds find some still there and some given up. */
static void test_exhaustion(u64 flags)
{
	world_reset();
	world_use_ept();
	set(VMCS_EPT_POINTER, world_eptp() | flags);
	alias_all();
	for (u64 round = 0; round < 2; round++)
		for (u64 region = GIB(1) / REGION; region < GIB(8) / REGION; region += 1 + round) {
			u64 *page = (u64 *)(0x1000000 + (region % 512) * 0x1000);

			l2.rax = region * 2 + round;
			ept_expect_access(l2_store, alias_of(region), "store");
			check(*page == region * 2 + round, "region %lx: L1 reads %lx", region, *page);
			*page = ~region;
			ept_expect_access(l2_load, alias_of(region), "load");
			check(l2.rax == ~region, "region %lx: L2 reads %lx", region, l2.rax);
		}
}

static u64 *table_of(u64 root, u32 level)
{
	return (u64 *)(ROOT_TABLES + root * 0x4000 + (4 - level) * 0x1000);
}

u64 ept_make_root(u64 root)
{
	for (u32 level = 4; level; level--) {
		u64 *table = table_of(root, level);

		memcpy(table, (void *)((u64)world_ept_entry(MAPPED, level) & ~0xFFFull), 0x1000);
		if (level > 1)
			table[MAPPED >> (12 + 9 * (level - 1)) & 511] = (u64)table_of(root, level - 1) | READ | WRITE | EXECUTE;
	}
	table_of(root, 1)[MAPPED >> 12 & 511] = (EPT_ROOT_PAGES + root * 0x1000) | READ | WRITE | EXECUTE | TYPE_WB;
	*(u64 *)(EPT_ROOT_PAGES + root * 0x1000) = 0x100 + root;
	*(u64 *)(EPT_ROOT_PAGES + (EPT_ROOTS + root) * 0x1000) = 0x200 + root;
	return (u64)table_of(root, 4) | 6 | 3 << 3;
}

static void expect_value(u64 eptp, u64 value, const char *what)
{
	set(VMCS_EPT_POINTER, eptp);
	ept_expect_access(l2_load, MAPPED, what);
	check(l2.rax == value, "%s: L2 reads %lx, not %lx", what, l2.rax, value);
}

static void test_roots(void)
{
	u64 eptp[EPT_ROOTS];

	world_reset();
	world_use_ept();
	for (u64 root = 0; root < EPT_ROOTS; root++)
		eptp[root] = ept_make_root(root);
	for (u64 used = 2; used <= EPT_ROOTS; used++)
		for (u64 i = 0; i < 3 * used; i++)
			expect_value(eptp[i % used], 0x100 + i % used, "one of several roots");
	/* one is changed and told, in the presence of the others */
	for (u64 root = 0; root < EPT_ROOTS; root++) {
		const u64 descriptor[2] = { eptp[root], 0 };

		table_of(root, 1)[MAPPED >> 12 & 511] += EPT_ROOTS * 0x1000;
		check(vmx_invept(root & 1 ? 2 : 1, descriptor) == VM_OK, "INVEPT");
		for (u64 i = 0; i < EPT_ROOTS; i++)
			expect_value(eptp[i], (i <= root ? 0x200 : 0x100) + i, "a root after INVEPT");
	}
}

/* Every type must show L2 the new page tables L1 has given it: they all cover the page. */
static void test_invvpid(void)
{
	const u64 vpid[2] = { 7, MAPPED };

	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VPID))
		return;
	for (u64 type = 0; type < 4; type++) {
		world_reset();
		u64 *directory = ept_own_tables();
		world_use_ept();
		world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VPID);
		set(VMCS_VPID, 7);
		*(u64 *)MAPPED = 1;
		*(u64 *)(MAPPED + REGION) = 2;
		expect_value(world_eptp(), 1, "before INVVPID");
		directory[MAPPED / REGION] += REGION;
		check(vmx_invvpid(type, vpid) == VM_OK, "INVVPID of type %lu", type);
		expect_value(world_eptp(), 2, "after INVVPID");
	}
}

static void test_operands(void)
{
	u64 descriptor[2] = { 0, 0 };

	for (u64 low = 0; low < 0x40; low++) {
		u64 type = low & 7, length = low >> 3;
		bool is_valid = length == 3 && (type == 6 || (type == 0 && ept_can(1 << 8)));

		descriptor[0] = (world_eptp() & ~0x3Full) | low;
		check(vmx_invept(1, descriptor) == (is_valid ? VM_OK : VM_FAIL_VALID), "INVEPT of an EPTP that ends in %lx", low);
	}
	for (u64 bit = cpuid(0x80000008, 0).a & 0xFF; bit < 64; bit++) {
		descriptor[0] = world_eptp() | 1ull << bit;
		check(vmx_invept(1, descriptor) == VM_FAIL_VALID, "INVEPT of an EPTP with bit %lu", bit);
		check(vmx_invept(2, descriptor) == VM_OK, "INVEPT of all does not look at the EPTP");
	}
	check(vmx_invept(1, (void *)0x8000000000000000ull) == VM_FAULT + VECTOR_GP, "INVEPT with an operand that is not canonical");
	check(vmx_invept(2, (void *)0x700000000000ull) == VM_FAULT + VECTOR_PF, "INVEPT with an operand that is not mapped");
	check(vmx_invvpid(2, (void *)0x700000000000ull) == VM_FAULT + VECTOR_PF, "INVVPID with an operand that is not mapped");
	for (u64 bit = 16; bit < 64; bit++) {
		descriptor[0] = 7 | 1ull << bit;
		for (u64 type = 0; type < 4; type++)
			check(vmx_invvpid(type, descriptor) == VM_FAIL_VALID, "INVVPID with bit %lu", bit);
	}
	check(instruction_error() == VMERR_INVEPT_INVVPID_OPERAND, "error %lu", instruction_error());
}

void vmx_test_ept_pool(void)
{
	test_exhaustion(0);
	if (ept_can(CAP_FLAGS))
		test_exhaustion(EPTP_FLAGS);
	test_roots();
	test_invvpid();
	test_operands();
}
