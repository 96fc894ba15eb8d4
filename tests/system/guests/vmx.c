/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System test: L1 as a bare-metal hypervisor. Here: every VMX instruction with its failures in the manual's order; the chapters are in vmx_*.c.
 * Source: Intel SDM volume 3 "VMX Instruction Reference".
 */
#include "guest.h"
#include "vmx.h"

#define HEALTH_PORT 0x510
#define CR4_VMXE 0x2000u
#define OUTSIDE_WIDTH 0x4000000000000ull
#define NOT_CANONICAL 0x8000000000000000ull

static void expect(u32 result, u32 wanted, const char *what)
{
	check(result == wanted, "%s: %x, not %x", what, result, wanted);
}

static void expect_error(u32 result, u64 error, const char *what)
{
	if (check(result == VM_FAIL_VALID, "%s: %x, not VMfailValid", what, result))
		check(instruction_error() == error, "%s: error %lu, not %lu", what, instruction_error(), error);
}

static void expect_all_undefined(const char *when)
{
	u64 address = (u64)&vmcs_region, value;
	const u64 descriptor[2] = { 0, 0 };

	expect(vmx_off(), VM_FAULT + VECTOR_UD, when);
	expect(vmx_clear(address), VM_FAULT + VECTOR_UD, when);
	expect(vmx_load(address), VM_FAULT + VECTOR_UD, when);
	expect(vmx_store(&value), VM_FAULT + VECTOR_UD, when);
	expect(vmx_read(VMCS_GUEST_RIP, &value), VM_FAULT + VECTOR_UD, when);
	expect(vmx_write(VMCS_GUEST_RIP, 0), VM_FAULT + VECTOR_UD, when);
	expect(vmx_launch(), VM_FAULT + VECTOR_UD, when);
	expect(vmx_resume(), VM_FAULT + VECTOR_UD, when);
	expect(vmx_invept(2, descriptor), VM_FAULT + VECTOR_UD, when);
	expect(vmx_invvpid(2, descriptor), VM_FAULT + VECTOR_UD, when);
}

static void test_before(void)
{
	expect(vmx_on((u64)&vmxon_region), VM_FAULT + VECTOR_UD, "VMXON without CR4.VMXE");
	expect_all_undefined("without CR4.VMXE");
	check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	expect_all_undefined("outside VMX operation");
	check((rdmsr(0x3A) & 5) == 5, "IA32_FEATURE_CONTROL is not locked with VMX");
}

static void test_vmxon(void)
{
	u64 cr0 = READ_CR(0);

	expect(vmx_on((u64)&vmxon_region + 8), VM_FAIL_INVALID, "VMXON unaligned");
	expect(vmx_on(OUTSIDE_WIDTH), VM_FAIL_INVALID, "VMXON beyond the width");
	vmxon_region.revision ^= 1;
	expect(vmx_on((u64)&vmxon_region), VM_FAIL_INVALID, "VMXON revision");
	vmxon_region.revision ^= 0x80000001;
	expect(vmx_on((u64)&vmxon_region), VM_FAIL_INVALID, "VMXON bit 31");
	vmxon_region.revision ^= 0x80000000;
	check(PROBE_CR(0, cr0 & ~0x20ull) == NO_FAULT, "CR0.NE");
	expect(vmx_on((u64)&vmxon_region), VM_FAULT + VECTOR_GP, "VMXON without CR0.NE");
	check(PROBE_CR(0, cr0) == NO_FAULT, "CR0.NE");
	expect(vmx_on((u64)&vmxon_region), VM_OK, "VMXON");
	expect(vmx_on((u64)&vmxon_region), VM_FAIL_INVALID, "VMXON again, no VMCS");
	check(PROBE_CR(4, READ_CR(4) & ~(u64)CR4_VMXE) == VECTOR_GP, "CR4.VMXE could be cleared in VMX operation");
}

static void test_without_vmcs(void)
{
	u64 value = 1;

	expect(vmx_store(&value), VM_OK, "VMPTRST");
	check(value == ~0ull, "VMPTRST gives %lx without a VMCS", value);
	expect(vmx_read(VMCS_GUEST_RIP, &value), VM_FAIL_INVALID, "VMREAD without a VMCS");
	check(value == ~0ull, "a failed VMREAD wrote");
	expect(vmx_write(VMCS_GUEST_RIP, 0), VM_FAIL_INVALID, "VMWRITE without a VMCS");
	expect(vmx_launch(), VM_FAIL_INVALID, "VMLAUNCH without a VMCS");
	expect(vmx_resume(), VM_FAIL_INVALID, "VMRESUME without a VMCS");
	expect(vmx_load((u64)&vmcs_region + 8), VM_FAIL_INVALID, "VMPTRLD unaligned, no VMCS");
}

static void test_pointers(void)
{
	u64 value;

	expect(vmx_clear((u64)&vmcs_region), VM_OK, "VMCLEAR");
	expect(vmx_load((u64)&vmcs_region), VM_OK, "VMPTRLD");
	expect(vmx_store(&value), VM_OK, "VMPTRST");
	check(value == (u64)&vmcs_region, "VMPTRST gives %lx", value);
	expect_error(vmx_clear((u64)&vmcs_region + 4), VMERR_VMCLEAR_BAD_ADDRESS, "VMCLEAR unaligned");
	expect_error(vmx_clear(OUTSIDE_WIDTH), VMERR_VMCLEAR_BAD_ADDRESS, "VMCLEAR beyond the width");
	expect_error(vmx_clear((u64)&vmxon_region), VMERR_VMCLEAR_VMXON_POINTER, "VMCLEAR of the VMXON region");
	expect_error(vmx_load((u64)&vmcs_region + 4), VMERR_VMPTRLD_BAD_ADDRESS, "VMPTRLD unaligned");
	expect_error(vmx_load(OUTSIDE_WIDTH), VMERR_VMPTRLD_BAD_ADDRESS, "VMPTRLD beyond the width");
	expect_error(vmx_load((u64)&vmxon_region), VMERR_VMPTRLD_VMXON_POINTER, "VMPTRLD of the VMXON region");
	other_region.revision ^= 2;
	expect_error(vmx_load((u64)&other_region), VMERR_VMPTRLD_REVISION, "VMPTRLD revision");
	other_region.revision ^= 2;
	expect_error(vmx_load(0xC0000000), VMERR_VMPTRLD_REVISION, "VMPTRLD outside RAM");
	expect_error(vmx_on((u64)&vmxon_region), VMERR_VMXON_IN_ROOT, "VMXON in VMX operation");
	expect(vmx_store(&value), VM_OK, "VMPTRST");
	check(value == (u64)&vmcs_region, "a failed VMPTRLD changed the current VMCS");
}

static void test_fields(void)
{
	u64 value = 0x5A5A;

	expect_error(vmx_read(0x0C80, &value), VMERR_UNSUPPORTED_FIELD, "VMREAD of no field");
	check(value == 0x5A5A, "a failed VMREAD wrote");
	expect_error(vmx_read(0x100000000ull | VMCS_GUEST_RIP, &value), VMERR_UNSUPPORTED_FIELD, "VMREAD of a wide encoding");
	expect_error(vmx_write(0x7000, 0), VMERR_UNSUPPORTED_FIELD, "VMWRITE of no field");
	expect_error(vmx_write(VMCS_GUEST_RIP + 1, 0), VMERR_UNSUPPORTED_FIELD, "VMWRITE of the high part of RIP");
	set(VMCS_GUEST_ES_SELECTOR, 0x123456789);
	check(field(VMCS_GUEST_ES_SELECTOR) == 0x6789, "a 16-bit field keeps more: %lx", field(VMCS_GUEST_ES_SELECTOR));
	set(VMCS_TSC_OFFSET, 0x1122334455667788);
	check(field(VMCS_TSC_OFFSET + 1) == 0x11223344, "high part reads %lx", field(VMCS_TSC_OFFSET + 1));
	set(VMCS_TSC_OFFSET + 1, 0xAABBCCDD);
	check(field(VMCS_TSC_OFFSET) == 0xAABBCCDD55667788, "high part written: %lx", field(VMCS_TSC_OFFSET));
	if (rdmsr(0x485) & 1ull << 29)
		expect(vmx_write(VMCS_EXIT_QUALIFICATION, 7), VM_OK, "VMWRITE of exit information");
	else
		expect_error(vmx_write(VMCS_EXIT_QUALIFICATION, 7), VMERR_VMWRITE_READ_ONLY, "VMWRITE of exit information");
}

/* Every field there is keeps its value over VMCLEAR and VMPTRLD, beside those of another VMCS. */
static void test_persistence(void)
{
	u32 fields = 0;

	expect(vmx_clear((u64)&other_region), VM_OK, "VMCLEAR");
	for (u32 round = 0; round < 2; round++) {
		expect(vmx_load(round ? (u64)&other_region : (u64)&vmcs_region), VM_OK, "VMPTRLD");
		for (u32 e = 0; e < 0x7000; e += 2)
			if ((e >> 10 & 3) != 1)
				(void)vmx_write(e, (e ^ (round ? 0x5555u : 0u)) & 0xFF);
	}
	expect(vmx_clear((u64)&other_region), VM_OK, "VMCLEAR");
	for (u32 round = 0; round < 2; round++) {
		expect(vmx_load(round ? (u64)&other_region : (u64)&vmcs_region), VM_OK, "VMPTRLD");
		for (u32 e = 0; e < 0x7000; e += 2) {
			u64 value;

			if ((e >> 10 & 3) == 1 || vmx_read(e, &value) != VM_OK)
				continue;
			fields++;
			check(value == ((e ^ (round ? 0x5555u : 0u)) & 0xFF), "field %x reads %lx in VMCS %u", e, value, round);
		}
	}
	check(fields > 200, "only %u fields", fields / 2);
}

static void test_launch_state(void)
{
	world_reset();
	expect_error(vmx_resume(), VMERR_VMRESUME_NOT_LAUNCHED, "VMRESUME of a clear VMCS");
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "first entry");
	expect_error(vmx_launch(), VMERR_VMLAUNCH_NOT_CLEAR, "VMLAUNCH of a launched VMCS");
	expect(vmx_load((u64)&other_region), VM_OK, "VMPTRLD");
	expect(vmx_load((u64)&vmcs_region), VM_OK, "VMPTRLD");
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "launched after VMPTRLD of another");
	expect(vmx_clear((u64)&vmcs_region), VM_OK, "VMCLEAR");
	expect(vmx_load((u64)&vmcs_region), VM_OK, "VMPTRLD");
	expect_error(vmx_resume(), VMERR_VMRESUME_NOT_LAUNCHED, "VMRESUME after VMCLEAR");
}

static void test_invalidation(void)
{
	const u64 zero[2] = { 0, 0 }, vpid[2] = { 1, 0x1000 }, bad_vpid[2] = { 0x10001, 0 }, bad_address[2] = { 1, NOT_CANONICAL };
	const u64 bad_eptp[2] = { 7, 0 };

	expect(vmx_invept(2, zero), VM_OK, "INVEPT all");
	expect_error(vmx_invept(0, zero), VMERR_INVEPT_INVVPID_OPERAND, "INVEPT type 0");
	expect_error(vmx_invept(3, zero), VMERR_INVEPT_INVVPID_OPERAND, "INVEPT type 3");
	expect_error(vmx_invept(~0ull, zero), VMERR_INVEPT_INVVPID_OPERAND, "INVEPT type -1");
	expect_error(vmx_invept(1, bad_eptp), VMERR_INVEPT_INVVPID_OPERAND, "INVEPT of a bad EPTP");
	for (u64 type = 0; type < 4; type++) {
		expect(vmx_invvpid(type, vpid), VM_OK, "INVVPID");
		expect_error(vmx_invvpid(type, bad_vpid), VMERR_INVEPT_INVVPID_OPERAND, "INVVPID reserved bits");
		if (type != 2)
			expect_error(vmx_invvpid(type, zero), VMERR_INVEPT_INVVPID_OPERAND, "INVVPID of VPID 0");
	}
	expect_error(vmx_invvpid(0, bad_address), VMERR_INVEPT_INVVPID_OPERAND, "INVVPID not canonical");
	expect_error(vmx_invvpid(4, zero), VMERR_INVEPT_INVVPID_OPERAND, "INVVPID type 4");
}

void guest_main(void)
{
	traps_init(0);
	outb(0x21, 0xFF); /* a bare machine's firmware leaves the timer's interrupt on */
	outb(0xA1, 0xFF);
	world_enter_vmx();
	if (command_line()[0] == 'a') { /* "abort N" */
		check(PROBE_CR(4, READ_CR(4) | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
		vmx_abort((u32)(command_line()[6] - '0'));
	}
	if (command_line()[0] == 's') /* "stay" */
		vmx_stay();
	vmx_test_modes_of_l1();
	print("vmx: modes of L1 done\n");
	test_before();
	test_vmxon();
	test_without_vmcs();
	test_pointers();
	test_fields();
	test_persistence();
	test_invalidation();
	test_launch_state();
	print("vmx: instructions done\n");
	vmx_test_modes();
	print("vmx: modes done\n");
	vmx_test_entry();
	print("vmx: entry checks done\n");
	vmx_test_exits();
	print("vmx: exits done\n");
	vmx_test_events();
	print("vmx: events done\n");
	vmx_test_inject();
	print("vmx: injection done\n");
	vmx_test_windows();
	print("vmx: windows done\n");
	vmx_test_steps();
	print("vmx: steps done\n");
	vmx_test_ept();
	print("vmx: EPT done\n");
	vmx_test_features();
	print("vmx: features done\n");
	vmx_test_addresses();
	print("vmx: addresses done\n");
	vmx_test_shadow();
	print("vmx: shadowing done\n");
	vmx_test_apic();
	print("vmx: virtual APIC done\n");
	expect(vmx_off(), VM_OK, "VMXOFF");
	expect_all_undefined("after VMXOFF");
	vmx_test_legacy();
	print("vmx: 32-bit L1 done\n");
	check(PROBE_CR(4, READ_CR(4) & ~(u64)CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	vmx_test_smp();
	print("vmx: two CPUs done\n");
	vmx_test_init();
	print("vmx: INIT done\n");
	outb(HEALTH_PORT, 1); /* the box prints its summary */
	finish("vmx");
}
