/* SPDX-License-Identifier: Apache-2.0 */
/* Page-modification logging for L1. Source: Intel SDM volume 3 "Page-Modification Logging". */
#include "vmx_ept.h"

#define LOG 0x1190000ull
#define LAST 511u
#define STACK 0x11A0000ull

static u64 *const page_log = (u64 *)LOG;

static void use_log(u64 index)
{
	world_reset();
	world_use_ept();
	set(VMCS_EPT_POINTER, world_eptp() | EPTP_FLAGS);
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_PML);
	set(VMCS_PML_ADDRESS, LOG);
	set(VMCS_GUEST_PML_INDEX, index);
	memset(page_log, 0xEE, 0x1000);
}

/* So that the tables L2 walks and its stack do not appear in what is tested. */
static void use_warm_log(u64 index)
{
	use_log(LAST);
	ept_expect_access(l2_store, OTHER, "store");
	set(VMCS_GUEST_PML_INDEX, index);
	memset(page_log, 0xEE, 0x1000);
}

static void expect_log(u64 index, const u64 *pages, u64 count, const char *what)
{
	check(field(VMCS_GUEST_PML_INDEX) == ((index - count) & 0xFFFF), "%s: index %lx", what, field(VMCS_GUEST_PML_INDEX));
	for (u64 i = 0; i < count; i++)
		check(page_log[index - i] == pages[i], "%s: entry %lu is %lx, not %lx", what, index - i, page_log[index - i], pages[i]);
	if (index >= count)
		check(page_log[index - count] == 0xEEEEEEEEEEEEEEEE, "%s: one entry too many, %lx", what, page_log[index - count]);
}

static void test_entries(void)
{
	const u64 pages[] = { MAPPED, MAPPED + 0x3000, MAPPED + 0x1000, LARGE + 0x5000 };

	use_warm_log(LAST);
	ept_expect_access(l2_load, MAPPED, "load");
	expect_log(LAST, pages, 0, "a load");
	ept_expect_access(l2_store, MAPPED + 0x10, "store");
	expect_log(LAST, pages, 1, "a store");
	ept_expect_access(l2_store, MAPPED + 0x20, "store");
	expect_log(LAST, pages, 1, "a second store");
	ept_expect_access(l2_store, MAPPED + 0x3FF8, "store");
	ept_expect_access(l2_store, MAPPED + 0x1000, "store");
	expect_log(LAST, pages, 3, "stores");
	/* of a large page: the 4 KiB page of the access, once */
	ept_expect_access(l2_store, LARGE + 0x5008, "store");
	ept_expect_access(l2_store, LARGE + 0x8000, "store");
	expect_log(LAST, pages, 4, "stores to a large page");
	/* clean again */
	*world_ept_entry(MAPPED, 1) &= ~DIRTY;
	invept();
	set(VMCS_GUEST_PML_INDEX, LAST);
	memset(page_log, 0xEE, 0x1000);
	ept_expect_access(l2_store, MAPPED, "store");
	expect_log(LAST, pages, 1, "a store to a page that is clean again");
}

static void test_walks(void)
{
	const u64 pages[] = { TABLES, TABLES + 0x1000, TABLES + 0x2000 };
	u64 found = 0;

	use_log(LAST);
	ept_own_tables();
	ept_expect_access(l2_load, MAPPED, "load");
	for (u64 i = field(VMCS_GUEST_PML_INDEX) + 1; i <= LAST; i++)
		for (u64 p = 0; p < ARRAY_SIZE(pages); p++)
			found += page_log[i] == pages[p];
	check(found == 3, "%lu of L2's page tables in the log", found);
}

static void expect_full(const u8 *code, u64 address, const char *what)
{
	u64 index = field(VMCS_GUEST_PML_INDEX), before = *(u64 *)address, flags = *world_ept_entry(address, 1) & (ACCESSED | DIRTY);

	l2.rdi = address;
	l2.rax = ~before;
	expect(l2_run(code), EXIT_PML_FULL, what);
	check(field(VMCS_EXIT_QUALIFICATION) == 0, "%s: qualification %lx", what, field(VMCS_EXIT_QUALIFICATION));
	check(field(VMCS_GUEST_RIP) == (u64)code, "%s: RIP %lx", what, field(VMCS_GUEST_RIP));
	check(field(VMCS_GUEST_PML_INDEX) == index, "%s: index %lx", what, field(VMCS_GUEST_PML_INDEX));
	check(*(u64 *)address == before, "%s: the store was made", what);
	check((*world_ept_entry(address, 1) & (ACCESSED | DIRTY)) == flags, "%s: flags %lx", what, *world_ept_entry(address, 1));
}

static void test_full(void)
{
	static const u64 full[] = { 512, 0x8000, 0xFFFF };
	const u64 page = MAPPED;

	for (u32 i = 0; i < ARRAY_SIZE(full); i++) {
		use_warm_log(full[i]);
		expect_full(l2_store, MAPPED, "store");
		expect_full(l2_load, MAPPED, "load of a page that is not flagged");
		set(VMCS_GUEST_PML_INDEX, LAST);
		l2.rdi = MAPPED;
		expect(l2_continue(), EXIT_VMCALL, "the load with room in the log");
		expect_log(LAST, &page, 0, "a load");
		set(VMCS_GUEST_PML_INDEX, full[i]);
		expect_full(l2_store, MAPPED, "store to a page that was read");
		set(VMCS_GUEST_PML_INDEX, LAST);
		expect(l2_continue(), EXIT_VMCALL, "the store with room in the log");
		expect_log(LAST, &page, 1, "a store");
	}
	use_warm_log(0);
	ept_expect_access(l2_store, MAPPED, "store");
	expect_log(0, &page, 1, "the last entry");
	if (is_on_nestbox()) { /* what needs no flag needs no room; Bochs sees that otherwise */
		ept_expect_access(l2_store, MAPPED, "store to a dirty page with a full log");
		ept_expect_access(l2_load, MAPPED, "load of a dirty page with a full log");
	}
	expect_full(l2_store, MAPPED + 0x1000, "store after the last entry");
}

/* The exit comes amid the delivery of an event; L1 sees which. */
static void test_full_in_delivery(void)
{
	const u32 event = INTERRUPTION_VALID | TYPE_EXTERNAL_INTERRUPT << 8 | 0x50;

	use_warm_log(0xFFFF);
	set(VMCS_GUEST_RSP, STACK + 0x1000);
	set(VMCS_GUEST_RFLAGS, 0x202);
	set(VMCS_ENTRY_INTERRUPTION_INFO, event);
	expect(l2_run(l2_vmcall), EXIT_PML_FULL, "interrupt to a clean stack");
	check(field(VMCS_IDT_VECTORING_INFO) == event, "vectoring information %lx", field(VMCS_IDT_VECTORING_INFO));
	check(!(field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID), "the event is still to be injected");
	set(VMCS_GUEST_PML_INDEX, LAST);
	set(VMCS_ENTRY_INTERRUPTION_INFO, field(VMCS_IDT_VECTORING_INFO));
	u32 before = this_cpu()->seen[0x50];
	expect(l2_continue(), EXIT_VMCALL, "interrupt once there is room");
	check(this_cpu()->seen[0x50] == before + 1, "the interrupt was seen %u times", this_cpu()->seen[0x50] - before);
	check(page_log[LAST] == STACK, "the log has %lx for the stack", page_log[LAST]);
}

/* Without flags nothing is logged, and a full log stops nobody. */
static void test_without_flags(void)
{
	use_log(0xFFFF);
	set(VMCS_EPT_POINTER, world_eptp());
	ept_expect_access(l2_store, MAPPED, "store");
	check(field(VMCS_GUEST_PML_INDEX) == 0xFFFF, "index %lx", field(VMCS_GUEST_PML_INDEX));
}

static void expect_refused(const char *what)
{
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID && instruction_error() == VMERR_ENTRY_CONTROLS, "entry with %s", what);
}

static void test_refusals(void)
{
	use_log(LAST);
	set(VMCS_PML_ADDRESS, LOG + 8);
	expect_refused("a log that is not aligned");
	set(VMCS_PML_ADDRESS, 1ull << 52);
	expect_refused("a log beyond the width");
	set(VMCS_PML_ADDRESS, LOG);
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);
	expect_refused("a log and no EPT");
}

static void nothing(struct trap_frame *f)
{
	(void)f;
}

void vmx_test_ept_log(void)
{
	if (!ept_can(CAP_FLAGS) || !world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_PML))
		return;
	trap_set(0x50, nothing);
	test_entries();
	test_walks();
	test_full();
	test_full_in_delivery();
	test_without_flags();
	test_refusals();
	print("vmx: page-modification logging done\n");
}
