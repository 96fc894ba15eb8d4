/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every physical address a hypervisor gives to the CPU, pointed at what is not its RAM: devices, the hypervisor below, nothing. On Nestbox only: a bare
 * machine may do anything there. DESIGN "What must be provable" 3, 5; SECURITY A5.
 */
#include "guest.h"
#include "vmx.h"

#define HYPERVISOR (cpuid(1, 0).c >> 31)
#define WIDTH (cpuid(0x80000008, 0).a & 0xFF)
#define ANY 0u /* but no L2 that runs as if the page were there */

extern const u8 l2_vmread[], l2_vmwrite[];

static struct page shadow_region;

static const struct address {
	const char *name;
	u64 field;
	u64 control;
	u32 bits;
	const u8 *code;
	u64 rdx, rcx, rax;
	u32 reason;
	u64 low; /* what the field holds below the address */
} addresses[] = {
	/* a bitmap that cannot be read is all ones */
	{ "I/O bitmap A", VMCS_IO_BITMAP_A, VMCS_PRIMARY_CONTROLS, PRIMARY_USE_IO_BITMAPS, l2_in, 0x71, 0, 0, EXIT_IO, 0 },
	{ "I/O bitmap B", VMCS_IO_BITMAP_B, VMCS_PRIMARY_CONTROLS, PRIMARY_USE_IO_BITMAPS, l2_in, 0x8071, 0, 0, EXIT_IO, 0 },
	{ "MSR bitmap, read", VMCS_MSR_BITMAP, VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS, l2_rdmsr, 0, 0xC0000081, 0, EXIT_RDMSR, 0 },
	{ "MSR bitmap, write", VMCS_MSR_BITMAP, VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS, l2_wrmsr, 0, 0xC0000081, 0, EXIT_WRMSR, 0 },
	{ "MSR bitmap, trapped MSR", VMCS_MSR_BITMAP, VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS, l2_rdmsr, 0, 0x1B, 0, EXIT_RDMSR, 0 },
	{ "VMREAD bitmap", VMCS_VMREAD_BITMAP, VMCS_SECONDARY_CONTROLS, SECONDARY_VMCS_SHADOWING, l2_vmread, 0, 0, VMCS_GUEST_RIP, EXIT_VMREAD, 0 },
	{ "VMWRITE bitmap", VMCS_VMWRITE_BITMAP, VMCS_SECONDARY_CONTROLS, SECONDARY_VMCS_SHADOWING, l2_vmwrite, 0, 0, VMCS_GUEST_RIP, EXIT_VMWRITE,
	  0 },
	{ "virtual-APIC page", VMCS_VIRTUAL_APIC_ADDRESS, VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW, l2_read_cr8, 0, 0, 0,
	  L2_FAILED + VM_FAIL_VALID, 0 },
	{ "EPTP", VMCS_EPT_POINTER, VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT, l2_vmcall, 0, 0, 0, ANY, 6 | 3 << 3 },
	{ "link pointer", VMCS_LINK_POINTER, VMCS_PRIMARY_CONTROLS, 0, l2_vmcall, 0, 0, 0, EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE, 0 },
	{ "entry MSR area", VMCS_ENTRY_MSR_LOAD_ADDRESS, VMCS_PRIMARY_CONTROLS, 0, l2_vmcall, 0, 0, 0,
	  EXIT_ENTRY_MSR_LOADING | EXIT_REASON_ENTRY_FAILURE, 0 },
};

static void prepare(const struct address *a, u64 outside)
{
	world_reset();
	if (a->bits == SECONDARY_VMCS_SHADOWING) {
		shadow_region.revision = vmcs_region.revision | 0x80000000;
		set(VMCS_LINK_POINTER, (u64)&shadow_region);
		set(VMCS_VMREAD_BITMAP, (u64)world_msr_bitmap);
		set(VMCS_VMWRITE_BITMAP, (u64)world_msr_bitmap);
	}
	if (a->field == VMCS_ENTRY_MSR_LOAD_ADDRESS)
		set(VMCS_ENTRY_MSR_LOAD_COUNT, 3);
	world_control(a->control, a->bits);
	set(a->field, outside | a->low);
	l2 = (struct l2_registers){ .rdx = a->rdx, .rcx = a->rcx, .rax = a->rax };
}

static void test_field(const struct address *a, u64 outside)
{
	if (!world_can(a->control, a->bits))
		return;
	prepare(a, outside);
	u32 reason = l2_run(a->code);
	check(a->reason ? reason == a->reason : reason != EXIT_VMCALL, "%s at %lx: exit %x, not %x", a->name, outside, reason, a->reason);
}

/* Fields of no interest to the other chapters' controls: whatever comes of it, L1 is there to see it. */
static void test_unused(u64 outside)
{
	static const u64 unused[] = { VMCS_EXECUTIVE_VMCS_POINTER, VMCS_PML_ADDRESS, VMCS_APIC_ACCESS_ADDRESS, VMCS_POSTED_INTERRUPT_DESCRIPTOR,
				      VMCS_EPTP_LIST_ADDRESS, VMCS_VE_INFORMATION_ADDRESS, VMCS_EXIT_MSR_STORE_ADDRESS, VMCS_EXIT_MSR_LOAD_ADDRESS };

	world_reset();
	for (u32 i = 0; i < ARRAY_SIZE(unused); i++)
		(void)vmx_write(unused[i], outside);
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "addresses that no control uses, at %lx", outside);
}

static void test_regions(u64 outside)
{
	world_reset();
	check(vmx_load(outside) == VM_FAIL_VALID, "VMPTRLD at %lx", outside);
	(void)vmx_clear(outside);
	check(vmx_on(outside) == VM_FAIL_VALID, "VMXON at %lx", outside);
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "entry after regions at %lx", outside);
}

void vmx_test_addresses(void)
{
	const u64 outside[] = { 0xC0000000, 0xFEC00000, 0xFEE00000, 0x100000000ull + (64ull << 30), (1ull << WIDTH) / 2, (1ull << WIDTH) - 4096 };

	if (!HYPERVISOR)
		return;
	for (u32 o = 0; o < ARRAY_SIZE(outside); o++) {
		for (u32 i = 0; i < ARRAY_SIZE(addresses); i++)
			test_field(&addresses[i], outside[o]);
		test_unused(outside[o]);
		test_regions(outside[o]);
	}
}
