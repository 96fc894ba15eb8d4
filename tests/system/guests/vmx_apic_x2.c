/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x2APIC registers of L2: on the virtual-APIC page where the controls say so, never the machine's, which L1 (in xAPIC mode here) does not see either.
 * Source: Intel SDM volume 3 "Virtualizing MSR-Based APIC Accesses".
 */
#include "vmx_apic.h"

#define X2 SECONDARY_VIRTUALIZE_X2APIC
#define REGISTERS SECONDARY_APIC_REGISTER_VIRTUALIZATION
#define DELIVERY SECONDARY_VIRTUAL_INTERRUPT_DELIVERY

static u32 read_msr(u32 offset)
{
	l2.rcx = X2APIC(offset);
	l2.rax = l2.rdx = 0;
	return l2_run(l2_rdmsr);
}

static u32 write_msr(u32 offset, u64 value)
{
	l2.rcx = X2APIC(offset);
	l2.rax = (u32)value;
	l2.rdx = value >> 32;
	return l2_run(l2_wrmsr);
}

static void intercept(u32 msr, bool write, bool on)
{
	u8 *byte = &world_msr_bitmap[(write ? 2048 : 0) + msr / 8];

	*byte = (u8)((*byte & ~(1u << (msr & 7))) | (u32)on << (msr & 7));
}

/* L1 has no x2APIC now: what reaches L1's APIC faults. */
static void expect_fault(u32 reason, const char *what, u32 offset)
{
	check(reason == EXIT_EXCEPTION_OR_NMI, "%s of x2APIC register %x: exit %x", what, offset, reason);
	check((field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF) == VECTOR_GP, "%s of x2APIC register %x: vector %lx", what, offset,
	      field(VMCS_EXIT_INTERRUPTION_INFO) & 0xFF);
}

static void x2_world(u32 secondary)
{
	apic_world(secondary);
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_GP);
	for (u32 offset = 0; offset < 0x1000; offset += 16)
		*apic_register(offset) = 0xB0000000 | offset;
}

static void test_tpr(void)
{
	check(read_msr(APIC_TPR) == EXIT_VMCALL && (u32)l2.rax == 0xB0000080, "virtual x2APIC's TPR reads %lx", l2.rax);
	apic_expect(write_msr(APIC_TPR, 0x50), EXIT_VMCALL, "write of the virtual x2APIC's TPR");
	check(*apic_register(APIC_TPR) == 0x50, "the page's TPR is %x", *apic_register(APIC_TPR));
	check(READ_CR(8) == 0, "L2's TPR became L1's");
	expect_fault(write_msr(APIC_TPR, 0x100), "wide write", APIC_TPR);
	intercept(X2APIC(APIC_TPR), false, true);
	apic_expect(read_msr(APIC_TPR), EXIT_RDMSR, "intercepted read");
	intercept(X2APIC(APIC_TPR), false, false);
	intercept(X2APIC(APIC_TPR), true, true);
	apic_expect(write_msr(APIC_TPR, 0), EXIT_WRMSR, "intercepted write");
	intercept(X2APIC(APIC_TPR), true, false);
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS);
	apic_expect(read_msr(APIC_TPR), EXIT_RDMSR, "read without a bitmap");
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_MSR_BITMAPS);
	*apic_register(APIC_TPR) = 0x40;
	set(VMCS_TPR_THRESHOLD, 3);
	apic_expect(write_msr(APIC_TPR, 0x20), EXIT_TPR_BELOW_THRESHOLD, "x2APIC's TPR below the threshold");
	set(VMCS_TPR_THRESHOLD, 0);
}

/* Every register, read and written, where only the TPR is virtual. */
static void test_nothing_else(void)
{
	for (u32 offset = 0; offset < 0x1000; offset += 16) {
		if (offset == APIC_TPR)
			continue;
		expect_fault(read_msr(offset), "read", offset);
		expect_fault(write_msr(offset, 0), "write", offset);
	}
}

static void test_registers(void)
{
	x2_world(X2 | REGISTERS);
	for (u32 offset = 0; offset < 0x1000; offset += 16) {
		apic_expect(read_msr(offset), EXIT_VMCALL, "virtual read");
		check((u32)l2.rax == (0xB0000000 | offset), "x2APIC register %x reads %lx", offset, l2.rax);
		if (offset != APIC_TPR)
			expect_fault(write_msr(offset, 0), "write", offset);
	}
	intercept(X2APIC(APIC_CURRENT), false, true);
	apic_expect(read_msr(APIC_CURRENT), EXIT_RDMSR, "intercepted read");
}

/* Closed again with the control, and in a VMCS that has never had it. */
static void test_closing(void)
{
	x2_world(X2 | REGISTERS);
	apic_expect(read_msr(APIC_ID), EXIT_VMCALL, "virtual read");
	world_clear_control(VMCS_SECONDARY_CONTROLS, X2 | REGISTERS);
	for (u32 offset = 0; offset < 0x1000; offset += 16) {
		expect_fault(read_msr(offset), "read after closing", offset);
		expect_fault(write_msr(offset, 0), "write after closing", offset);
	}
	world_control(VMCS_SECONDARY_CONTROLS, X2 | REGISTERS);
	apic_expect(read_msr(APIC_ID), EXIT_VMCALL, "virtual read, open again");
	x2_world(0);
	expect_fault(read_msr(APIC_TPR), "read in another VMCS", APIC_TPR);
}

static void test_delivery_registers(void)
{
	x2_world(X2 | DELIVERY);
	*apic_register(APIC_TPR) = 0;
	*apic_register(APIC_IRR + VECTOR_LOW / 32 * 16) = 0;
	apic_expect(write_msr(APIC_SELF_IPI, VECTOR_LOW), EXIT_VMCALL, "virtual self-IPI");
	check(field(VMCS_GUEST_INTERRUPT_STATUS) == VECTOR_LOW, "after a self-IPI the status is %lx", field(VMCS_GUEST_INTERRUPT_STATUS));
	check(apic_bit(APIC_IRR, VECTOR_LOW), "after a self-IPI IRR is clear");
	apic_expect(write_msr(APIC_SELF_IPI, 5), EXIT_APIC_WRITE, "self-IPI of an illegal vector");
	check(field(VMCS_EXIT_QUALIFICATION) == APIC_SELF_IPI, "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	expect_fault(write_msr(APIC_EOI, 1), "write of 1", APIC_EOI);
	apic_expect(write_msr(APIC_EOI, 0), EXIT_VMCALL, "virtual EOI");
	expect_fault(write_msr(APIC_ICR, 0), "write", APIC_ICR);
	intercept(X2APIC(APIC_EOI), true, true);
	apic_expect(write_msr(APIC_EOI, 0), EXIT_WRMSR, "intercepted EOI");
}

void vmx_test_apic_x2(void)
{
	x2_world(X2);
	test_tpr();
	test_nothing_else();
	if (apic_can(REGISTERS)) {
		test_registers();
		test_closing();
	}
	if (apic_can(DELIVERY))
		test_delivery_registers();
}
