/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode-based execute control: bit 10 of an EPT entry is execute for user-mode linear addresses, bit 2 for the others.
 * Source: Intel SDM volume 3 "The Extended Page Table Mechanism (EPT)", "Mode-Based Execute Control".
 */
#include "vmx_ept.h"

#define USER_PAGE 4ull

/* L2's code is in user pages: everything may be executed in either mode but what a test says. */
static void use_modes(bool is_user)
{
	world_reset();
	u64 *directory = ept_own_tables();
	world_use_ept();
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_MODE_BASED_EXECUTE);
	for (u64 i = 0; i < 512; i++) {
		*world_ept_entry(i << 21, 2) |= EXECUTE_USER;
		*world_ept_entry(0x1000000 + (i << 12), 1) |= EXECUTE_USER;
	}
	*world_ept_entry(0, 3) |= EXECUTE_USER;
	*world_ept_entry(0, 4) |= EXECUTE_USER;
	if (!is_user)
		directory[MAPPED >> 21] &= ~USER_PAGE;
	*(u8 *)MAPPED = *l2_return;
}

static void expect_fetch(bool is_user, u64 rights)
{
	bool is_allowed = rights & (is_user ? EXECUTE_USER : EXECUTE);
	u64 reported = (rights & 7) << 3 | (rights & EXECUTE_USER ? 1 << 6 : 0);

	invept();
	if (is_allowed)
		ept_expect_access(l2_call, MAPPED, "call");
	else
		ept_expect_violation(l2_call, MAPPED, EXECUTE | reported | LINEAR_VALID | (is_user ? 1 << 9 : 0), 0x3FF);
}

static void test_leaves(bool is_user)
{
	static const u64 rights[] = { READ, READ | EXECUTE, READ | EXECUTE_USER, READ | EXECUTE | EXECUTE_USER, READ | WRITE | EXECUTE,
				      READ | WRITE | EXECUTE_USER };

	for (u32 i = 0; i < ARRAY_SIZE(rights); i++) {
		use_modes(is_user);
		*world_ept_entry(MAPPED, 1) = MAPPED | rights[i] | TYPE_WB;
		expect_fetch(is_user, rights[i]);
		/* the rights of each level count */
		use_modes(is_user);
		*world_ept_entry(MAPPED, 2) &= ~0x407ull;
		*world_ept_entry(MAPPED, 2) |= rights[i];
		expect_fetch(is_user, rights[i]);
	}
}

/* Execute-only in one mode alone is present; it is no page for those who do not use the control. */
static void test_execute_only(void)
{
	if (!ept_can(CAP_EXECUTE_ONLY))
		return;
	use_modes(true);
	*world_ept_entry(MAPPED, 1) = MAPPED | EXECUTE_USER | TYPE_WB;
	expect_fetch(true, EXECUTE_USER);
	l2.rdi = MAPPED;
	expect(l2_run(l2_load), EXIT_EPT_VIOLATION, "load from a page that is execute-only");
	if (is_on_nestbox())
		check((field(VMCS_EXIT_QUALIFICATION) & 0x7F) == (READ | 1 << 6), "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_MODE_BASED_EXECUTE);
	ept_expect_violation(l2_call, MAPPED, EXECUTE | LINEAR_VALID, 0x1FF & ~(1ull << 6));
}

static void test_misconfigurations(void)
{
	static const u64 rights[] = { WRITE | EXECUTE_USER, WRITE | EXECUTE | EXECUTE_USER };

	for (u32 i = 0; i < ARRAY_SIZE(rights); i++) {
		use_modes(true);
		*world_ept_entry(MAPPED, 1) = MAPPED | rights[i] | TYPE_WB;
		invept();
		l2.rdi = MAPPED;
		expect(l2_run(l2_call), EXIT_EPT_MISCONFIGURATION, "writable and not readable");
	}
}

/* The same tables without the control: bit 10 means nothing. */
static void test_without(void)
{
	use_modes(true);
	*world_ept_entry(MAPPED, 1) = MAPPED | READ | EXECUTE | TYPE_WB;
	expect_fetch(true, READ | EXECUTE);
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_MODE_BASED_EXECUTE);
	ept_expect_access(l2_call, MAPPED, "call without the control");
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_MODE_BASED_EXECUTE);
	ept_expect_violation(l2_call, MAPPED, EXECUTE | (READ | EXECUTE) << 3 | LINEAR_VALID, 0x1FF);
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID && instruction_error() == VMERR_ENTRY_CONTROLS, "entry with the control and no EPT");
}

void vmx_test_ept_mode(void)
{
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_MODE_BASED_EXECUTE))
		return;
	test_leaves(true);
	test_leaves(false);
	test_execute_only();
	test_misconfigurations();
	test_without();
	print("vmx: mode-based execute control done\n");
}
