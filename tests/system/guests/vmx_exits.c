/* SPDX-License-Identifier: Apache-2.0 */
/* What makes L2 exit to L1, and what must not. Source: Intel SDM volume 3 "VMX Non-Root Operation", "VM Exits". */
#include "guest.h"
#include "vmx.h"

static void expect(u32 reason, u32 wanted, const char *what)
{
	check(reason == wanted, "%s: exit %x, not %x", what, reason, wanted);
}

static void test_instructions(void)
{
	world_reset();
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "VMCALL");
	check(field(VMCS_EXIT_INSTRUCTION_LENGTH) == 3, "VMCALL's length");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall + 1, "RIP after VMCALL");
	l2.rax = 0;
	expect(l2_run(l2_cpuid), EXIT_CPUID, "CPUID");
	l2.rbx = 0xAAAA5555;
	expect(l2_skip(), EXIT_VMCALL, "after CPUID");
	check(l2.rbx == 0xAAAA5555, "a register did not survive");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_HLT_EXITING);
	expect(l2_run(l2_hlt), EXIT_HLT, "HLT");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_INVLPG_EXITING);
	l2.rdi = 0x7000;
	expect(l2_run(l2_invlpg), EXIT_INVLPG, "INVLPG");
	check(field(VMCS_EXIT_QUALIFICATION) == 0x7000, "INVLPG's address");
	expect(l2_run(l2_rdtsc), EXIT_VMCALL, "RDTSC");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_RDTSC_EXITING);
	expect(l2_run(l2_rdtsc), EXIT_RDTSC, "RDTSC with exiting");
}

static void test_tsc_offset(void)
{
	world_reset();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TSC_OFFSETTING);
	set(VMCS_TSC_OFFSET, 1ull << 50);
	u64 before = rdtsc();
	expect(l2_run(l2_rdtsc), EXIT_VMCALL, "RDTSC");
	u64 seen = (u32)l2.rax | l2.rdx << 32, after = rdtsc();
	check(seen - (1ull << 50) >= before && seen - (1ull << 50) <= after, "TSC in L2 %lx between %lx and %lx", seen, before, after);
	world_reset();
	before = rdtsc();
	expect(l2_run(l2_rdtsc), EXIT_VMCALL, "RDTSC");
	seen = (u32)l2.rax | l2.rdx << 32;
	check(seen >= before && seen <= rdtsc(), "TSC in L2 without an offset");
}

static void set_msr_bit(u32 msr, bool write)
{
	u32 byte = (msr & 0x1FFF) / 8 + (msr >= 0xC0000000 ? 1024 : 0) + (write ? 2048 : 0);

	world_msr_bitmap[byte] |= (u8)(1u << (msr & 7));
}

static void test_msrs(void)
{
	static const u32 msrs[] = { 0x10, 0x1B, 0x174, 0x277, 0x3A, 0xC0000080, 0xC0000081, 0xC0000102 };

	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++) {
		world_reset();
		l2.rcx = msrs[i];
		expect(l2_run(l2_rdmsr), EXIT_VMCALL, "RDMSR let through");
		if (msrs[i] == 0x1B || msrs[i] == 0xC0000081) /* what L1 has, L2 reads */
			check(((u32)l2.rax | l2.rdx << 32) == rdmsr(msrs[i]), "MSR %x reads %lx", msrs[i], (u32)l2.rax | l2.rdx << 32);
		set_msr_bit(msrs[i], false);
		expect(l2_run(l2_rdmsr), EXIT_RDMSR, "RDMSR in the bitmap");
		set_msr_bit(msrs[i], true);
		expect(l2_run(l2_wrmsr), EXIT_WRMSR, "WRMSR in the bitmap");
		world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS);
		expect(l2_run(l2_rdmsr), EXIT_RDMSR, "RDMSR without a bitmap");
	}
	world_reset();
	l2.rcx = 0xC0002000;
	expect(l2_run(l2_rdmsr), EXIT_RDMSR, "RDMSR outside both ranges");
	/* an MSR nobody has: the fault is L2's, and L1 may want to see it */
	l2.rcx = 0x1FF0;
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
	expect(l2_run(l2_rdmsr), EXIT_EXCEPTION_OR_NMI, "RDMSR of no MSR");
	check(field(VMCS_EXIT_INTERRUPTION_INFO) == (0x80000B00 | VECTOR_GP), "its fault: %lx", field(VMCS_EXIT_INTERRUPTION_INFO));
}

static void test_ports(void)
{
	static const u16 ports[] = { 0x80, 0x7FFF, 0x8000, 0xFFFF };

	for (u32 i = 0; i < ARRAY_SIZE(ports); i++) {
		world_reset();
		l2.rdx = ports[i];
		world_io_bitmaps[ports[i] / 8] = (u8)(1u << (ports[i] & 7));
		expect(l2_run(l2_out), EXIT_IO, "OUT in the bitmap");
		check(field(VMCS_EXIT_QUALIFICATION) >> 16 == ports[i] && !(field(VMCS_EXIT_QUALIFICATION) & 0xF), "OUT to %x: %lx", ports[i],
		      field(VMCS_EXIT_QUALIFICATION));
		expect(l2_run(l2_in), EXIT_IO, "IN in the bitmap");
		check(field(VMCS_EXIT_QUALIFICATION) & 8, "IN's direction");
	}
	world_reset();
	l2.rdx = 0x71; /* the clock's data port: L1's device answers L2 */
	expect(l2_run(l2_in), EXIT_VMCALL, "IN let through");
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_IO_BITMAPS);
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_UNCONDITIONAL_IO_EXITING);
	expect(l2_run(l2_in), EXIT_IO, "IN with unconditional exiting");
}

#define CR0_TS 8ull
#define CR0_CD 0x40000000ull
#define CR0_NE 0x20ull

static void test_control_registers(void)
{
	world_reset();
	l2.rax = READ_CR(0) | CR0_TS;
	expect(l2_run(l2_write_cr0), EXIT_VMCALL, "MOV to CR0");
	check(field(VMCS_GUEST_CR0) == (READ_CR(0) | CR0_TS), "CR0 in L2 is %lx", field(VMCS_GUEST_CR0));
	set(VMCS_GUEST_CR0, READ_CR(0));
	set(VMCS_CR0_MASK, CR0_TS);
	expect(l2_run(l2_write_cr0), EXIT_CR_ACCESS, "MOV to CR0 of an owned bit");
	check(field(VMCS_EXIT_QUALIFICATION) == 0, "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	set(VMCS_CR0_READ_SHADOW, CR0_TS);
	expect(l2_run(l2_write_cr0), EXIT_VMCALL, "MOV to CR0 as the shadow has it");
	/* a bit fixed in VMX operation */
	set(VMCS_CR0_MASK, 0);
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
	l2.rax = READ_CR(0) & ~CR0_NE;
	expect(l2_run(l2_write_cr0), EXIT_EXCEPTION_OR_NMI, "MOV to CR0 without NE");
	/* caching is the machine's, but a guest may ask */
	l2.rax = READ_CR(0) | CR0_CD;
	expect(l2_run(l2_write_cr0), EXIT_VMCALL, "MOV to CR0 with CD");
	check(field(VMCS_GUEST_CR0) & CR0_CD, "CR0.CD of L2 is lost: %lx", field(VMCS_GUEST_CR0));
	set(VMCS_GUEST_CR0, READ_CR(0));
	expect(l2_run(l2_read_cr4), EXIT_VMCALL, "MOV from CR4");
	check(l2.rax == READ_CR(4), "CR4 reads %lx", l2.rax);
	set(VMCS_CR4_MASK, 0x2000);
	expect(l2_run(l2_read_cr4), EXIT_VMCALL, "MOV from CR4");
	check(l2.rax == (READ_CR(4) & ~0x2000ull), "CR4 with VMXE masked reads %lx", l2.rax);
}

static void test_cr3_and_cr8(void)
{
	world_reset();
	l2.rax = READ_CR(3);
	expect(l2_run(l2_write_cr3), EXIT_VMCALL, "MOV to CR3");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_CR3_LOAD_EXITING);
	expect(l2_run(l2_write_cr3), EXIT_CR_ACCESS, "MOV to CR3 with exiting");
	set(VMCS_CR3_TARGET_COUNT, 1);
	set(VMCS_CR3_TARGET_0, READ_CR(3));
	expect(l2_run(l2_write_cr3), EXIT_VMCALL, "MOV to CR3 of a target");
	/* no TPR shadow: L2 writes L1's own TPR, never the machine's */
	l2.rax = 5;
	expect(l2_run(l2_write_cr8), EXIT_VMCALL, "MOV to CR8");
	check(READ_CR(8) == 5, "L1's CR8 is %lx", READ_CR(8));
	l2.rax = 0;
	expect(l2_run(l2_read_cr8), EXIT_VMCALL, "MOV from CR8");
	check(l2.rax == 5, "CR8 in L2 is %lx", l2.rax);
	check(PROBE_CR(8, 0) == NO_FAULT, "CR8");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_CR8_LOAD_EXITING);
	expect(l2_run(l2_write_cr8), EXIT_CR_ACCESS, "MOV to CR8 with exiting");
}

static void test_tpr_shadow(void)
{
	static struct page virtual_apic;

	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW))
		return;
	world_reset();
	memset(&virtual_apic, 0, sizeof(virtual_apic));
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW);
	set(VMCS_VIRTUAL_APIC_ADDRESS, (u64)&virtual_apic);
	l2.rax = 6;
	expect(l2_run(l2_write_cr8), EXIT_VMCALL, "MOV to CR8 with a shadow");
	check(((u8 *)&virtual_apic)[0x80] == 0x60, "the page's TPR is %x", ((u8 *)&virtual_apic)[0x80]);
	check(READ_CR(8) == 0, "L1's CR8 is %lx", READ_CR(8));
	set(VMCS_TPR_THRESHOLD, 4);
	l2.rax = 2;
	expect(l2_run(l2_write_cr8), EXIT_TPR_BELOW_THRESHOLD, "TPR below the threshold");
	expect(l2_run(l2_vmcall), L2_FAILED + VM_FAIL_VALID, "threshold above VTPR at entry");
	check(instruction_error() == VMERR_ENTRY_CONTROLS, "its error %lu", instruction_error());
}

/* Fields L1 does not let an exit save keep what L1 wrote. */
static void test_saved_state(void)
{
	world_reset();
	set(VMCS_GUEST_IA32_EFER, rdmsr(0xC0000080));
	world_clear_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_SAVE_EFER);
	l2.rcx = 0xC0000080;
	u64 changed = rdmsr(0xC0000080) ^ 1; /* SCE */
	l2.rax = (u32)changed;
	l2.rdx = 0;
	expect(l2_run(l2_wrmsr), EXIT_VMCALL, "WRMSR of EFER");
	check(field(VMCS_GUEST_IA32_EFER) == (changed ^ 1), "EFER was saved: %lx", field(VMCS_GUEST_IA32_EFER));
	check(rdmsr(0xC0000080) == (changed ^ 1), "L1's EFER is %lx", rdmsr(0xC0000080));
	world_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_SAVE_EFER);
	expect(l2_run(l2_wrmsr), EXIT_VMCALL, "WRMSR of EFER");
	check(field(VMCS_GUEST_IA32_EFER) == changed, "EFER was not saved: %lx", field(VMCS_GUEST_IA32_EFER));
}

void vmx_test_exits(void)
{
	test_instructions();
	test_tsc_offset();
	test_msrs();
	test_ports();
	test_control_registers();
	test_cr3_and_cr8();
	test_tpr_shadow();
	test_saved_state();
}
