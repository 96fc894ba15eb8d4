/* SPDX-License-Identifier: Apache-2.0 */
/* #VE: EPT violations that L2 is told of. Source: Intel SDM volume 3 "Virtualization Exceptions". */
#include "vmx_ept.h"

#define INFORMATION 0x1170000ull
#define VECTOR_VE 20u
#define STACK (MAPPED + 0x8000)
#define INDEX 0x1A5u

static volatile struct { u32 reason, busy; u64 qualification, linear, physical; u16 index, after; } *const information = (void *)INFORMATION;

static struct trap_frame taken;
static u32 taken_count;

static void take(struct trap_frame *f)
{
	taken = *f;
	taken_count++;
	f->rip = (u64)l2_vmcall;
}

static void use_ve(void)
{
	world_reset();
	world_use_ept();
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_EPT_VIOLATION_VE);
	set(VMCS_VE_INFORMATION_ADDRESS, INFORMATION);
	set(VMCS_EPTP_INDEX, INDEX);
	memset((void *)INFORMATION, 0, 4096);
	information->after = 0xABCD;
	taken_count = 0;
}

static void expect_information(u64 address, u64 qualification, const char *what)
{
	check(information->reason == EXIT_EPT_VIOLATION && information->busy == ~0u, "%s: reason %x, %x", what, information->reason,
	      information->busy);
	check((information->qualification & 0x1FF) == qualification, "%s: qualification %lx", what, information->qualification);
	check(information->linear == address && information->physical == address, "%s: %lx, %lx", what, information->linear,
	      information->physical);
	check(information->index == INDEX, "%s: index %x", what, information->index);
	information->busy = 0;
}

static void expect_ve(const u8 *code, u64 address, u64 qualification, const char *what)
{
	l2.rdi = address;
	taken_count = 0;
	invept();
	expect(l2_run(code), EXIT_VMCALL, what);
	check(taken_count == 1 && taken.vector == VECTOR_VE && taken.rip == (u64)code, "%s: taken %u times, vector %lu at %lx", what, taken_count,
	      taken.vector, taken.rip);
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "%s: vectoring %lx", what, field(VMCS_IDT_VECTORING_INFO));
	expect_information(address, qualification, what);
}

static void expect_exit(const u8 *code, u64 address, u64 qualification, const char *what)
{
	u32 before = information->busy;

	taken_count = 0;
	invept();
	ept_expect_violation(code, address, qualification, 0x1FF);
	check(taken_count == 0 && information->busy == before && !information->reason, "%s: L2 was told", what);
}

static void test_taken(void)
{
	use_ve();
	*world_ept_entry(MAPPED, 1) = 0;
	expect_ve(l2_load, MAPPED, READ | LINEAR_VALID, "load");
	expect_ve(l2_store, MAPPED, WRITE | LINEAR_VALID, "store");
	*world_ept_entry(MAPPED, 1) = MAPPED | READ | TYPE_WB;
	expect_ve(l2_store, MAPPED, WRITE | READ << 3 | LINEAR_VALID, "store to a read-only page");
	*world_ept_entry(LARGE, 2) = 0;
	expect_ve(l2_load, LARGE, READ | LINEAR_VALID, "load from an absent table");
	/* in an entry that leads to a table the bit means nothing */
	*world_ept_entry(MAPPED, 2) |= SUPPRESS_VE;
	*world_ept_entry(MAPPED, 1) = 0;
	expect_ve(l2_load, MAPPED, READ | LINEAR_VALID, "load below a marked table");
	world_ring3();
	expect_ve(l2_load, MAPPED, READ | LINEAR_VALID, "load in ring 3");
	check(information->after == 0xABCD, "the area is longer than it is");
}

static void test_not_taken(void)
{
	use_ve();
	*world_ept_entry(MAPPED, 1) = SUPPRESS_VE;
	expect_exit(l2_load, MAPPED, READ | LINEAR_VALID, "an absent page that is marked");
	*world_ept_entry(MAPPED, 1) = MAPPED | READ | TYPE_WB | SUPPRESS_VE;
	expect_exit(l2_store, MAPPED, WRITE | READ << 3 | LINEAR_VALID, "a read-only page that is marked");
	*world_ept_entry(LARGE, 2) = SUPPRESS_VE;
	expect_exit(l2_load, LARGE, READ | LINEAR_VALID, "an absent table that is marked");
	*world_ept_entry(MAPPED, 1) = 0;
	information->busy = 1;
	expect_exit(l2_load, MAPPED, READ | LINEAR_VALID, "a busy area");
	information->busy = 0;
	*world_ept_entry(MAPPED, 1) = MAPPED | WRITE | TYPE_WB;
	invept();
	l2.rdi = MAPPED;
	expect(l2_run(l2_load), EXIT_EPT_MISCONFIGURATION, "a misconfiguration");
	*world_ept_entry(MAPPED, 1) = 0;
	set(VMCS_VE_INFORMATION_ADDRESS, 0xD0000000);
	expect_exit(l2_load, MAPPED, READ | LINEAR_VALID, "an area outside of memory");
	set(VMCS_VE_INFORMATION_ADDRESS, INFORMATION);
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_EPT_VIOLATION_VE);
	expect_exit(l2_load, MAPPED, READ | LINEAR_VALID, "without the control");
}

static void test_delivery(void)
{
	const u32 event = INTERRUPTION_VALID | TYPE_EXTERNAL_INTERRUPT << 8 | 0x50;

	use_ve();
	*world_ept_entry(STACK, 1) = 0;
	invept();
	set(VMCS_GUEST_RSP, STACK + 0x1000);
	set(VMCS_GUEST_RFLAGS, 0x202);
	set(VMCS_ENTRY_INTERRUPTION_INFO, event);
	expect(l2_run(l2_vmcall), EXIT_EPT_VIOLATION, "a violation in a delivery");
	check(field(VMCS_IDT_VECTORING_INFO) == event && !information->reason, "its vectoring %lx", field(VMCS_IDT_VECTORING_INFO));
}

static void test_real_mode(void)
{
	use_ve();
	*world_ept_entry(0x9000, 2) = 0;
	invept();
	ept_enter_real_mode();
	expect(l2_continue(), EXIT_EPT_VIOLATION, "a violation in real mode");
	check(!information->reason, "L2 was told in real mode");
}

static void test_intercepted(void)
{
	use_ve();
	set(VMCS_EXCEPTION_BITMAP, 1 << VECTOR_VE);
	*world_ept_entry(MAPPED, 1) = 0;
	invept();
	l2.rdi = MAPPED;
	expect(l2_run(l2_load), EXIT_EXCEPTION_OR_NMI, "a #VE that L1 intercepts");
	check(field(VMCS_EXIT_INTERRUPTION_INFO) == (INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | VECTOR_VE), "its information %lx",
	      field(VMCS_EXIT_INTERRUPTION_INFO));
	check(field(VMCS_GUEST_RIP) == (u64)l2_load, "its RIP %lx", field(VMCS_GUEST_RIP));
	expect_information(MAPPED, READ | LINEAR_VALID, "a #VE that L1 intercepts");
}

static void test_refusals(void)
{
	use_ve();
	set(VMCS_VE_INFORMATION_ADDRESS, INFORMATION + 8);
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID && instruction_error() == VMERR_ENTRY_CONTROLS, "entry with an area not aligned");
	set(VMCS_VE_INFORMATION_ADDRESS, 1ull << 52);
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID && instruction_error() == VMERR_ENTRY_CONTROLS, "entry with an area beyond the width");
}

void vmx_test_ept_ve(void)
{
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_EPT_VIOLATION_VE))
		return;
	trap_set(VECTOR_VE, take);
	test_taken();
	test_not_taken();
	test_delivery();
	test_real_mode();
	test_intercepted();
	test_refusals();
	trap_set(VECTOR_VE, NULL);
	print("vmx: #VE done\n");
}
