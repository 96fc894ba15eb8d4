/* SPDX-License-Identifier: Apache-2.0 */
/* VMCS shadowing as L1 uses it: shadow VMCSs, the link pointer, L2's VMREAD and VMWRITE. Source: Intel SDM volume 3 "VMCS Types: Ordinary and Shadow". */
#include "guest.h"
#include "vmx.h"

#define SHADOW_INDICATOR 0x80000000u
#define CARRY 1u
#define ZERO 0x40u
#define ARITHMETIC 0x8D5u
#define MAPPED 0x1100000ull /* in the 4 KiB pages of vmx_world.c */
#define MISC_WRITE_ANY (1ull << 29)

extern const u8 l2_vmread[], l2_vmread_memory[], l2_vmwrite[], l2_vmwrite_memory[];

static struct page shadow_region;
static u8 vmread_bitmap[4096] __attribute__((aligned(4096))), vmwrite_bitmap[4096] __attribute__((aligned(4096)));

static void expect(u32 reason, u32 wanted, const char *what)
{
	check(reason == wanted, "%s: exit %x, not %x", what, reason, wanted);
}

static void expect_flags(u64 wanted, const char *what)
{
	check((l2.rdx & ARITHMETIC) == wanted, "%s: flags %lx, not %lx", what, l2.rdx & ARITHMETIC, wanted);
}

/* The shadow VMCS is made current, given one field, and cleared again. */
static void shadow_set(u64 encoding, u64 value)
{
	check(vmx_load((u64)&shadow_region) == VM_OK, "VMPTRLD of a shadow VMCS");
	set(encoding, value);
	check(vmx_clear((u64)&shadow_region) == VM_OK, "VMCLEAR of a shadow VMCS");
	check(vmx_load((u64)&vmcs_region) == VM_OK, "VMPTRLD");
}

static u64 shadow_get(u64 encoding)
{
	check(vmx_load((u64)&shadow_region) == VM_OK, "VMPTRLD of a shadow VMCS");
	u64 value = field(encoding);
	check(vmx_clear((u64)&shadow_region) == VM_OK, "VMCLEAR of a shadow VMCS");
	check(vmx_load((u64)&vmcs_region) == VM_OK, "VMPTRLD");
	return value;
}

static void prepare(u8 fill)
{
	world_reset();
	memset(vmread_bitmap, fill, sizeof(vmread_bitmap));
	memset(vmwrite_bitmap, fill, sizeof(vmwrite_bitmap));
	shadow_region.revision = vmcs_region.revision | SHADOW_INDICATOR;
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_VMCS_SHADOWING);
	set(VMCS_VMREAD_BITMAP, (u64)vmread_bitmap);
	set(VMCS_VMWRITE_BITMAP, (u64)vmwrite_bitmap);
	set(VMCS_LINK_POINTER, (u64)&shadow_region);
}

static void test_as_current(void)
{
	u64 value;

	shadow_region.revision = vmcs_region.revision | SHADOW_INDICATOR;
	check(vmx_clear((u64)&shadow_region) == VM_OK, "VMCLEAR of a shadow VMCS");
	check(vmx_load((u64)&shadow_region) == VM_OK, "VMPTRLD of a shadow VMCS");
	check(vmx_store(&value) == VM_OK && value == (u64)&shadow_region, "VMPTRST of a shadow VMCS");
	set(VMCS_GUEST_RIP, 0x1234);
	set(VMCS_TSC_OFFSET, 0x5678);
	check(vmx_launch() == VM_FAIL_INVALID, "VMLAUNCH with a shadow VMCS");
	check(vmx_resume() == VM_FAIL_INVALID, "VMRESUME with a shadow VMCS");
	check(vmx_load((u64)&vmcs_region) == VM_OK && vmx_load((u64)&shadow_region) == VM_OK, "VMPTRLD");
	check(field(VMCS_GUEST_RIP) == 0x1234 && field(VMCS_TSC_OFFSET) == 0x5678, "a shadow VMCS forgets");
	check(vmx_clear((u64)&shadow_region) == VM_OK, "VMCLEAR of a shadow VMCS");
	shadow_region.revision ^= 1;
	check(vmx_load((u64)&vmcs_region) == VM_OK, "VMPTRLD");
	check(vmx_load((u64)&shadow_region) == VM_FAIL_VALID && instruction_error() == VMERR_VMPTRLD_REVISION, "VMPTRLD revision");
	shadow_region.revision ^= 1;
}

static void expect_link_refused(const char *what)
{
	expect(l2_run(l2_vmcall), EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE, what);
	check(field(VMCS_EXIT_QUALIFICATION) == 4, "%s: qualification %lx", what, field(VMCS_EXIT_QUALIFICATION));
}

static void test_entry(void)
{
	static const struct { u64 field, value; } bad[] = {
		{ VMCS_VMREAD_BITMAP, 8 }, { VMCS_VMREAD_BITMAP, 1ull << 50 }, { VMCS_VMWRITE_BITMAP, 0x800 }, { VMCS_VMWRITE_BITMAP, 1ull << 50 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		prepare(0);
		set(bad[i].field, bad[i].value);
		expect(l2_run(l2_vmcall), L2_FAILED + VM_FAIL_VALID, "bad bitmap");
		check(instruction_error() == VMERR_ENTRY_CONTROLS, "bad bitmap: error %lu", instruction_error());
	}
	prepare(0);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "entry with shadowing");
	shadow_region.revision ^= SHADOW_INDICATOR;
	expect_link_refused("link to an ordinary VMCS");
	world_clear_control(VMCS_SECONDARY_CONTROLS, SECONDARY_VMCS_SHADOWING);
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "link to an ordinary VMCS without shadowing");
	shadow_region.revision ^= SHADOW_INDICATOR;
	expect_link_refused("link to a shadow VMCS without shadowing");
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_VMCS_SHADOWING);
	shadow_region.revision ^= 4;
	expect_link_refused("link with another revision");
	set(VMCS_LINK_POINTER, (u64)&vmcs_region);
	expect_link_refused("link to the current VMCS");
}

static const u8 *const instructions[] = { l2_vmread, l2_vmread_memory, l2_vmwrite, l2_vmwrite_memory };

static void expect_exits(const char *what)
{
	for (u32 i = 0; i < ARRAY_SIZE(instructions); i++) {
		l2.rdi = MAPPED;
		expect(l2_run(instructions[i]), i < 2 ? EXIT_VMREAD : EXIT_VMWRITE, what);
		check(field(VMCS_EXIT_INSTRUCTION_LENGTH) == 3, "%s: length %lu", what, field(VMCS_EXIT_INSTRUCTION_LENGTH));
		u64 information = field(VMCS_EXIT_INSTRUCTION_INFO);
		check((information >> 10 & 1) == !(i & 1) && (information >> 28 & 15) == 0, "%s: information %lx", what, information);
	}
}

static void test_exits(void)
{
	l2.rax = VMCS_GUEST_RIP;
	world_reset();
	expect_exits("without shadowing");
	prepare(0xFF);
	expect_exits("bitmaps of ones");
	prepare(0);
	l2.rax = 0x8000 | VMCS_GUEST_RIP;
	expect_exits("encoding beyond the bitmap");
	l2.rax = 1ull << 63 | VMCS_GUEST_RIP;
	expect_exits("encoding beyond 32 bits");
	/* one bit counts, for its field and its instruction only */
	vmread_bitmap[VMCS_GUEST_RIP / 8] = 1u << (VMCS_GUEST_RIP & 7);
	l2.rax = VMCS_GUEST_RIP;
	expect(l2_run(l2_vmread), EXIT_VMREAD, "one bit");
	expect(l2_run(l2_vmwrite), EXIT_VMCALL, "one bit, VMWRITE");
	l2.rax = VMCS_GUEST_RSP;
	expect(l2_run(l2_vmread), EXIT_VMCALL, "one bit, another field");
}

static void test_fields(void)
{
	prepare(0);
	shadow_set(VMCS_GUEST_RIP, 0x1122334455667788);
	shadow_set(VMCS_TSC_OFFSET, 0x99AABBCCDDEEFF00);
	l2.rax = VMCS_GUEST_RIP;
	l2.rbx = 0;
	expect(l2_run(l2_vmread), EXIT_VMCALL, "VMREAD");
	expect_flags(0, "VMREAD");
	check(l2.rbx == 0x1122334455667788, "L2 reads %lx", l2.rbx);
	l2.rax = VMCS_TSC_OFFSET + 1;
	l2.rdi = MAPPED;
	*(u64 *)MAPPED = 0;
	expect(l2_run(l2_vmread_memory), EXIT_VMCALL, "VMREAD of a high part");
	check(*(u64 *)MAPPED == 0x99AABBCC, "L2 reads %lx", *(u64 *)MAPPED);
	l2.rbx = 0x0102030405060708;
	expect(l2_run(l2_vmwrite), EXIT_VMCALL, "VMWRITE of a high part");
	expect_flags(0, "VMWRITE");
	check(shadow_get(VMCS_TSC_OFFSET) == 0x05060708DDEEFF00, "L2 has written %lx", shadow_get(VMCS_TSC_OFFSET));
	l2.rax = VMCS_GUEST_ES_SELECTOR;
	*(u64 *)MAPPED = 0xAAAA5555AAAA5555;
	expect(l2_run(l2_vmwrite_memory), EXIT_VMCALL, "VMWRITE from memory");
	check(shadow_get(VMCS_GUEST_ES_SELECTOR) == 0x5555, "L2 has written %lx", shadow_get(VMCS_GUEST_ES_SELECTOR));
	/* L1's own VMCS stays as it was */
	check(field(VMCS_GUEST_ES_SELECTOR) == DATA_RING0, "L2 has written L1's VMCS");
	l2.rax = VMCS_EXIT_REASON;
	l2.rbx = 77;
	expect(l2_run(l2_vmwrite), EXIT_VMCALL, "VMWRITE of exit information");
	expect_flags(0, "VMWRITE of exit information");
	check(shadow_get(VMCS_EXIT_REASON) == 77, "exit information reads %lu", shadow_get(VMCS_EXIT_REASON));
}

static void test_failures(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(instructions); i++) {
		prepare(0);
		set(VMCS_LINK_POINTER, ~0ull);
		l2.rax = VMCS_GUEST_RIP;
		l2.rdi = MAPPED;
		expect(l2_run(instructions[i]), EXIT_VMCALL, "no shadow VMCS");
		expect_flags(CARRY, "no shadow VMCS");
		prepare(0);
		l2.rax = 0x0C80;
		expect(l2_run(instructions[i]), EXIT_VMCALL, "no such field");
		expect_flags(ZERO, "no such field");
		check(instruction_error() == VMERR_UNSUPPORTED_FIELD, "no such field: error %lu", instruction_error());
		set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
		world_ring3();
		l2.rax = VMCS_GUEST_RIP;
		expect(l2_run(instructions[i]), EXIT_EXCEPTION_OR_NMI, "ring 3");
		check((u8)field(VMCS_EXIT_INTERRUPTION_INFO) == VECTOR_GP, "ring 3: %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
		memset(vmread_bitmap, 0xFF, sizeof(vmread_bitmap));
		memset(vmwrite_bitmap, 0xFF, sizeof(vmwrite_bitmap));
		expect(l2_run(instructions[i]), i < 2 ? EXIT_VMREAD : EXIT_VMWRITE, "ring 3, bit set");
	}
}

/* The memory operand faults in L2's tables, then in L1's. */
static void test_operands(void)
{
	for (u32 i = 1; i < ARRAY_SIZE(instructions); i += 2) {
		u64 access = i == 1 ? 2 : 1;

		prepare(0);
		l2.rax = VMCS_GUEST_RSP;
		set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_PF);
		l2.rdi = 0x300000000;
		expect(l2_run(instructions[i]), EXIT_EXCEPTION_OR_NMI, "operand not mapped");
		check(field(VMCS_EXIT_QUALIFICATION) == 0x300000000, "operand not mapped: %lx", field(VMCS_EXIT_QUALIFICATION));
		check(field(VMCS_EXIT_INTERRUPTION_ERROR_CODE) == (access & 2), "operand not mapped: code %lx",
		      field(VMCS_EXIT_INTERRUPTION_ERROR_CODE));
		if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
			continue;
		world_use_ept();
		*world_ept_entry(MAPPED, 1) = 0;
		l2.rdi = MAPPED + 0x10;
		expect(l2_run(instructions[i]), EXIT_EPT_VIOLATION, "operand not in EPT");
		check(field(VMCS_GUEST_PHYSICAL_ADDRESS) == MAPPED + 0x10, "its address %lx", field(VMCS_GUEST_PHYSICAL_ADDRESS));
		check(field(VMCS_GUEST_LINEAR_ADDRESS) == MAPPED + 0x10, "its linear address %lx", field(VMCS_GUEST_LINEAR_ADDRESS));
		check((field(VMCS_EXIT_QUALIFICATION) & 0x1FF) == (access | 0x180), "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
		check(field(VMCS_GUEST_RIP) == (u64)instructions[i], "its RIP %lx", field(VMCS_GUEST_RIP));
		*world_ept_entry(MAPPED, 1) = MAPPED | 7 | 6 << 3;
		expect(l2_continue(), EXIT_VMCALL, "operand mapped");
		expect_flags(0, "operand mapped");
	}
}

/* Single-stepped by L1: one exit for each of L2's instructions, wherever it is done. */
static void test_monitor_trap(void)
{
	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG))
		return;
	prepare(0);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
	l2.rax = VMCS_GUEST_RSP;
	expect(l2_run(l2_vmread), EXIT_MONITOR_TRAP_FLAG, "MTF after VMREAD");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmread + 3, "MTF after VMREAD: %ld bytes on", field(VMCS_GUEST_RIP) - (u64)l2_vmread);
}

void vmx_test_shadow(void)
{
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_VMCS_SHADOWING))
		return;
	check(rdmsr(0x485) & MISC_WRITE_ANY, "VMCS shadowing without VMWRITE to any field");
	test_as_current();
	test_entry();
	test_exits();
	test_fields();
	test_failures();
	test_operands();
	test_monitor_trap();
}
