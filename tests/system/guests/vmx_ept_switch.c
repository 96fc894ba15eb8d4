/* SPDX-License-Identifier: Apache-2.0 */
/* VMFUNC: EPTP switching by L2 itself. Source: Intel SDM volume 3 "VM Functions". */
#include "vmx_ept.h"

#define LIST 0x1160000ull
#define SWITCHES 1000u

static u64 *const list = (u64 *)LIST;
static u64 eptp[2];

static void use_switching(void)
{
	world_reset();
	world_use_ept();
	for (u64 root = 0; root < 2; root++)
		list[root] = eptp[root] = ept_make_root(root);
	for (u64 i = 2; i < 512; i++)
		list[i] = 0;
	set(VMCS_EPT_POINTER, eptp[0]);
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VM_FUNCTIONS);
	set(VMCS_VM_FUNCTION_CONTROLS, 1);
	set(VMCS_EPTP_LIST_ADDRESS, LIST);
	set(VMCS_EXCEPTION_BITMAP, 1 << VECTOR_UD);
}

static void expect_switch(u64 entry)
{
	l2.rax = 0;
	l2.rcx = entry;
	expect(l2_run(l2_vmfunc), EXIT_VMCALL, "VMFUNC");
	check(field(VMCS_EPT_POINTER) == list[entry], "after VMFUNC the EPTP is %lx", field(VMCS_EPT_POINTER));
	if (world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_EPT_VIOLATION_VE))
		check(field(VMCS_EPTP_INDEX) == entry, "after VMFUNC the EPTP index is %lx", field(VMCS_EPTP_INDEX));
	ept_expect_access(l2_load, MAPPED, "load");
	check(l2.rax == 0x100 + (entry & 1), "L2 reads %lx after VMFUNC with %lu", l2.rax, entry);
}

static void test_switches(void)
{
	use_switching();
	list[511] = eptp[1];
	expect_switch(1);
	expect_switch(0);
	expect_switch(1);
	expect_switch(1);
	expect_switch(511);
	world_ring3(); /* any privilege level may */
	expect_switch(0);
	expect_switch(1);
	/* without an exit to L1 between */
	use_switching();
	l2.rdi = MAPPED;
	l2.rsi = SWITCHES;
	l2.rbx = 0;
	expect(l2_run(l2_switch_often), EXIT_VMCALL, "many VMFUNCs");
	check(l2.rbx == SWITCHES / 2 * (0x100 + 0x101), "many VMFUNCs have read %lx", l2.rbx);
}

static void expect_exit(u64 rax, u64 rcx, const char *what)
{
	l2.rax = rax;
	l2.rcx = rcx;
	expect(l2_run(l2_vmfunc), EXIT_VMFUNC, what);
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmfunc && field(VMCS_EXIT_INSTRUCTION_LENGTH) == 3, "%s: RIP %lx, length %lu", what,
	      field(VMCS_GUEST_RIP), field(VMCS_EXIT_INSTRUCTION_LENGTH));
	check(field(VMCS_EPT_POINTER) == eptp[0], "%s: EPTP %lx", what, field(VMCS_EPT_POINTER));
	check(field(VMCS_EXIT_QUALIFICATION) == 0, "%s: qualification %lx", what, field(VMCS_EXIT_QUALIFICATION));
}

static void test_exits(void)
{
	use_switching();
	expect_exit(1, 0, "function 1");
	expect_exit(63, 0, "function 63");
	expect_exit(0, 512, "entry 512");
	expect_exit(0, 0xFFFFFFFF, "entry -1");
	expect_exit(0, 2, "an EPTP of 0");
	list[2] = eptp[1] | 1ull << 51;
	expect_exit(0, 2, "an EPTP beyond the width");
	list[2] = eptp[1] | 0x800;
	expect_exit(0, 2, "an EPTP with reserved bits");
	set(VMCS_VM_FUNCTION_CONTROLS, 0);
	expect_exit(0, 1, "a function that is off");
	set(VMCS_VM_FUNCTION_CONTROLS, 1);
	set(VMCS_EPTP_LIST_ADDRESS, 0xD0000000);
	expect_exit(0, 1, "a list outside of memory");
}

static void expect_undefined(u64 rax, const char *what)
{
	l2.rax = rax;
	l2.rcx = 1;
	expect(l2_run(l2_vmfunc), EXIT_EXCEPTION_OR_NMI, what);
	check((field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF) == VECTOR_UD, "%s: %lx", what, field(VMCS_EXIT_INTERRUPTION_INFO));
}

static void test_undefined(void)
{
	use_switching();
	expect_undefined(64, "function 64");
	expect_undefined(0xFFFFFFFF, "function -1");
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VM_FUNCTIONS);
	expect_undefined(0, "VM functions that are off");
	this_cpu()->vector = 0;
	asm volatile(GUARDED("vmfunc") : : "a"(0), "c"(0) : "memory");
	check(this_cpu()->vector == VECTOR_UD, "VMFUNC in VMX root operation: %x", this_cpu()->vector);
}

static void expect_refused(const char *what)
{
	check(l2_run(l2_vmcall) == L2_FAILED + VM_FAIL_VALID && instruction_error() == VMERR_ENTRY_CONTROLS, "entry with %s", what);
}

static void test_refusals(void)
{
	use_switching();
	set(VMCS_VM_FUNCTION_CONTROLS, 3);
	expect_refused("an unknown VM function");
	set(VMCS_VM_FUNCTION_CONTROLS, 1);
	set(VMCS_EPTP_LIST_ADDRESS, LIST + 8);
	expect_refused("a list that is not aligned");
	set(VMCS_EPTP_LIST_ADDRESS, 1ull << 52);
	expect_refused("a list beyond the width");
	set(VMCS_EPTP_LIST_ADDRESS, LIST);
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);
	expect_refused("EPTP switching and no EPT");
}

void vmx_test_ept_switch(void)
{
	u64 functions;

	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_VM_FUNCTIONS)) {
		check(probe_rdmsr(0x491, &functions) == VECTOR_GP, "IA32_VMX_VMFUNC without VM functions");
		return;
	}
	check(rdmsr(0x491) == 1, "VM functions %lx", rdmsr(0x491));
	test_switches();
	test_exits();
	test_undefined();
	test_refusals();
	print("vmx: VM functions done\n");
}
