/* SPDX-License-Identifier: Apache-2.0 */
/* EPT of L1's own: sizes, rights, violations and misconfigurations with their qualifications, INVEPT, real mode. */
#include "vmx_ept.h"

void ept_expect_violation(const u8 *code, u64 address, u64 qualification, u64 mask)
{
	l2.rdi = address;
	expect(l2_run(code), EXIT_EPT_VIOLATION, "EPT violation");
	check(field(VMCS_GUEST_PHYSICAL_ADDRESS) == address, "its address %lx, not %lx", field(VMCS_GUEST_PHYSICAL_ADDRESS), address);
	check(field(VMCS_GUEST_LINEAR_ADDRESS) == address, "its linear address %lx", field(VMCS_GUEST_LINEAR_ADDRESS));
	check((field(VMCS_EXIT_QUALIFICATION) & mask) == qualification, "its qualification %lx, not %lx", field(VMCS_EXIT_QUALIFICATION),
	      qualification);
}

static void expect_violation(const u8 *code, u64 address, u64 qualification)
{
	ept_expect_violation(code, address, qualification, 0x1FF);
}

void ept_expect_access(const u8 *code, u64 address, const char *what)
{
	l2.rdi = address;
	expect(l2_run(code), EXIT_VMCALL, what);
}

u64 *ept_own_tables(void)
{
	const u64 all = 0x7;
	u64 *root = (u64 *)TABLES, *pointers = root + 512, *directory = pointers + 512;

	memset(root, 0, 0x3000);
	root[0] = (u64)pointers | all;
	pointers[0] = (u64)directory | all;
	for (u64 i = 0; i < 512; i++)
		directory[i] = i << 21 | LARGE_PAGE | all;
	set(VMCS_GUEST_CR3, TABLES);
	return directory;
}

static void test_translation(void)
{
	world_reset();
	world_use_ept();
	*(u64 *)MAPPED = 1;
	*(u64 *)OTHER = 2;
	l2.rdi = MAPPED;
	expect(l2_run(l2_load), EXIT_VMCALL, "load");
	check(l2.rax == 1, "L2 reads %lx", l2.rax);
	*world_ept_entry(MAPPED, 1) = OTHER | READ | WRITE | EXECUTE | TYPE_WB;
	invept();
	expect(l2_run(l2_load), EXIT_VMCALL, "load");
	check(l2.rax == 2, "after INVEPT L2 reads %lx", l2.rax);
	l2.rax = 3;
	expect(l2_run(l2_store), EXIT_VMCALL, "store");
	check(*(u64 *)OTHER == 3, "L2's store went elsewhere");
	/* a large page, moved by one */
	*(u64 *)(LARGE + 0x200000) = 4;
	*world_ept_entry(LARGE, 2) = (LARGE + 0x200000) | READ | WRITE | EXECUTE | TYPE_WB | LARGE_PAGE;
	invept();
	l2.rdi = LARGE;
	expect(l2_run(l2_load), EXIT_VMCALL, "load from a large page");
	check(l2.rax == 4, "from the large page L2 reads %lx", l2.rax);
}

static void test_violations(void)
{
	world_reset();
	world_use_ept();
	*world_ept_entry(MAPPED, 1) = 0;
	invept();
	expect_violation(l2_load, MAPPED, READ | LINEAR_VALID);
	expect_violation(l2_store, MAPPED, WRITE | LINEAR_VALID);
	*world_ept_entry(MAPPED, 1) = MAPPED | READ | TYPE_WB;
	invept();
	expect_violation(l2_store, MAPPED, WRITE | READ << 3 | LINEAR_VALID);
	expect_violation(l2_call, MAPPED, EXECUTE | READ << 3 | LINEAR_VALID);
	l2.rdi = MAPPED;
	expect(l2_run(l2_load), EXIT_VMCALL, "load from a read-only page");
	/* more rights need no INVEPT: the violation itself has forgotten the old ones */
	*world_ept_entry(MAPPED, 1) = MAPPED | READ | WRITE | TYPE_WB;
	expect(l2_run(l2_store), EXIT_VMCALL, "store after more rights");
	/* rights of every level count */
	*world_ept_entry(MAPPED, 2) &= ~WRITE;
	invept();
	expect_violation(l2_store, MAPPED, WRITE | READ << 3 | LINEAR_VALID);
	if (!ept_can(CAP_EXECUTE_ONLY))
		return;
	world_use_ept();
	*world_ept_entry(MAPPED, 1) = MAPPED | EXECUTE | TYPE_WB;
	invept();
	expect_violation(l2_load, MAPPED, READ | EXECUTE << 3 | LINEAR_VALID);
}

static void expect_misconfiguration(u64 entry, u32 level, const char *what)
{
	world_use_ept();
	*world_ept_entry(MAPPED, level) = entry;
	invept();
	l2.rdi = MAPPED + 8;
	expect(l2_run(l2_load), EXIT_EPT_MISCONFIGURATION, what);
	check(field(VMCS_GUEST_PHYSICAL_ADDRESS) == MAPPED + 8, "%s: address %lx", what, field(VMCS_GUEST_PHYSICAL_ADDRESS));
}

static void test_misconfigurations(void)
{
	world_reset();
	expect_misconfiguration(MAPPED | WRITE | TYPE_WB, 1, "write-only");
	expect_misconfiguration(MAPPED | WRITE | EXECUTE | TYPE_WB, 1, "write and execute");
	expect_misconfiguration(MAPPED | READ | 2 << 3, 1, "memory type 2");
	expect_misconfiguration(MAPPED | READ | TYPE_WB | 1ull << 51, 1, "reserved address bit");
	expect_misconfiguration((1 << 21) | 0x1000 | READ | TYPE_WB | LARGE_PAGE, 2, "large page unaligned");
	expect_misconfiguration((*world_ept_entry(MAPPED, 2) & ~0xFFFull) | READ | 1 << 3, 2, "reserved bit of a table entry");
}

/* With "advanced exit information": what L2's own tables say of the page. */
static void test_advanced(void)
{
	const u64 user = 4, writable = 2, nx = 1ull << 63;

	if (!ept_can(CAP_ADVANCED))
		return;
	for (u32 i = 0; i < 8; i++) {
		u64 bits = (i & 1 ? user : 0) | (i & 2 ? writable : 0) | (i & 4 ? nx : 0);

		world_reset();
		ept_own_tables()[MAPPED >> 21] = (MAPPED & ~0x1FFFFFull) | LARGE_PAGE | 1 | bits;
		world_use_ept();
		*world_ept_entry(MAPPED, 1) = 0;
		invept();
		ept_expect_violation(l2_load, MAPPED, READ | LINEAR_VALID | (u64)i << 9, 0xFFF);
	}
}

/* L1's memory and its devices are what it can let L2 have; whatever L1's tables say, there is nothing else behind them. */
static void test_outside(void)
{
	static const u64 outside[] = { 0x100000000ull + (64ull << 30), 0x8000000000ull };

	if (!is_on_nestbox()) /* a bare machine has no outside */
		return;
	for (u32 i = 0; i < ARRAY_SIZE(outside); i++) {
		world_reset();
		world_use_ept();
		*world_ept_entry(MAPPED, 1) = outside[i] | READ | WRITE | TYPE_WB;
		invept();
		l2.rdi = MAPPED;
		expect(l2_run(l2_load), EXIT_EPT_MISCONFIGURATION, "load from outside");
	}
}

/* A table where there is no memory reads as all ones, which is no entry that makes sense. */
static void test_tables_outside(void)
{
	for (u32 level = 2; level <= 4; level++) {
		world_reset();
		world_use_ept();
		*world_ept_entry(MAPPED, level) = 0xD0000000ull | READ | WRITE | EXECUTE;
		invept();
		l2.rdi = MAPPED;
		expect(l2_run(l2_load), EXIT_EPT_MISCONFIGURATION, "tables outside of memory");
	}
}

static void test_devices(void)
{
	static const u64 devices[] = { APIC_PAGE + APIC_VERSION, APIC_PAGE + APIC_ID, IOAPIC_PAGE, 0xD0000000ull };

	for (u32 i = 0; i < ARRAY_SIZE(devices); i++) {
		u64 offset = devices[i] & 0xFFF;

		world_reset();
		world_use_ept();
		*world_ept_entry(MAPPED, 1) = (devices[i] - offset) | READ | WRITE;
		invept();
		ept_expect_access(l2_load32, MAPPED + offset, "load from a device");
		check((u32)l2.rax == mmio_read(devices[i]), "L2 reads %lx from the device at %lx, L1 %x", l2.rax, devices[i],
		      mmio_read(devices[i]));
	}
	u32 before = lapic_read(APIC_ERROR);
	*world_ept_entry(MAPPED, 1) = APIC_PAGE | READ | WRITE;
	invept();
	l2.rax = 0x10073;
	ept_expect_access(l2_store32, MAPPED + APIC_ERROR, "store to a device");
	check(lapic_read(APIC_ERROR) == 0x10073, "L2's store has left %x", lapic_read(APIC_ERROR));
	lapic_write(APIC_ERROR, before);
}

void ept_enter_real_mode(void)
{
	memcpy((void *)0x9000, l2_real, (size_t)(l2_real_end - l2_real));
	world_clear_control(VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_IA32E_MODE_GUEST);
	set(VMCS_GUEST_IA32_EFER, 0);
	set(VMCS_GUEST_CR0, 0x30);
	set(VMCS_GUEST_CR4, 0x2000);
	for (u32 i = 0; i < 6; i++) {
		set(VMCS_GUEST_ES_SELECTOR + 2 * i, i == 1 ? 0x900 : 0);
		set(VMCS_GUEST_ES_BASE + 2 * i, i == 1 ? 0x9000 : 0);
		set(VMCS_GUEST_ES_LIMIT + 2 * i, 0xFFFF);
		set(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, i == 1 ? 0x9B : 0x93);
	}
	set(VMCS_GUEST_RIP, 0);
}

static void test_real_mode(void)
{
	world_reset();
	world_use_ept();
	ept_enter_real_mode();
	l2.rbx = 0;
	expect(l2_continue(), EXIT_VMCALL, "real mode");
	check((u16)l2.rax == 0x900 && (u16)l2.rbx == 0x1234, "real mode left AX %lx, BX %lx", l2.rax, l2.rbx);
}

static void test_cost(void)
{
	enum { ROUNDS = 100 };

	world_reset();
	world_use_ept();
	if (world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VPID)) {
		world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VPID);
		set(VMCS_VPID, 1);
	}
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "VMCALL");
	vmx_repeat(1);
	u64 start = rdtsc();
	vmx_repeat(ROUNDS);
	print("vmx: %lu ticks for an exit of L2 and back\n", (rdtsc() - start) / ROUNDS);
}

void vmx_test_ept(void)
{
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
		return;
	test_translation();
	test_violations();
	test_misconfigurations();
	test_advanced();
	test_outside();
	test_tables_outside();
	test_devices();
	test_real_mode();
	vmx_test_ept_flags();
	vmx_test_ept_pool();
	vmx_test_ept_log();
	vmx_test_ept_events();
	vmx_test_ept_switch();
	vmx_test_ept_ve();
	vmx_test_ept_mode();
	test_cost();
}
