/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The APIC-access page, with and without EPT, and APIC-register virtualization.
 * Source: Intel SDM volume 3 "Virtualizing Memory-Mapped APIC Accesses".
 */
#include "vmx_apic.h"

#define ACCESSES SECONDARY_VIRTUALIZE_APIC_ACCESSES
#define REGISTERS SECONDARY_APIC_REGISTER_VIRTUALIZATION
enum { READ = 0, WRITE = 0x1000, FETCH = 0x2000, DELIVERY = 0x3000 }; /* access types, in place */
#define HIDDEN 0x1100000ull /* where L2 has the page behind L1's EPT */
#define EPT_RWX_WB (7ull | 6ull << 3)

static u64 page;      /* L2's address of it */
static bool is_ours;  /* it is access_page; else there is L1's own APIC */

static void expect_access(const u8 *code, u32 offset, u32 type)
{
	l2.rdi = page + offset;
	l2.rax = 0x5A;
	apic_expect(l2_run(code), EXIT_APIC_ACCESS, "access to the APIC page");
	check(field(VMCS_EXIT_QUALIFICATION) == (type | offset), "its qualification %lx, not %x", field(VMCS_EXIT_QUALIFICATION),
	      type | offset);
	check(field(VMCS_GUEST_RIP) == (u64)code, "a fault-like exit at %lx", field(VMCS_GUEST_RIP));
}

static void expect_read(u32 offset, u32 value)
{
	l2.rdi = page + offset;
	apic_expect(l2_run(l2_load32), EXIT_VMCALL, "read of the virtual APIC");
	check((u32)l2.rax == value, "register %x reads %lx, not %x", offset, l2.rax, value);
}

static void write_register(u32 offset, u32 value, u32 wanted)
{
	l2.rdi = page + offset;
	l2.rax = value;
	apic_expect(l2_run(l2_store32), wanted, "write to the virtual APIC");
	check(*apic_register(offset) == value, "register %x is %x, not %x", offset, *apic_register(offset), value);
}

static void expect_apic_write(u32 offset, u32 value)
{
	write_register(offset, value, EXIT_APIC_WRITE);
	check(field(VMCS_EXIT_QUALIFICATION) == offset, "APIC write of %x: qualification %lx", offset, field(VMCS_EXIT_QUALIFICATION));
	check(field(VMCS_GUEST_RIP) > (u64)l2_store32, "a trap-like exit at %lx", field(VMCS_GUEST_RIP));
}

/* The page's memory is not what L2 sees, whatever lies in it. */
static void test_memory_is_hidden(void)
{
	const u32 *memory = (const u32 *)&access_page;
	u32 written = 0;

	for (u32 i = 0; i < 1024; i++)
		written |= memory[i];
	check(!written, "L2 has written to the APIC-access page itself");
}

static void test_without_shadow(void)
{
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW);
	expect_access(l2_load32, 0x80, READ);
	expect_access(l2_store32, 0x80, WRITE);
	expect_access(l2_load, 0xFF8, READ);
	l2.rdi = page + 0x10;
	apic_expect(l2_run(l2_call), EXIT_APIC_ACCESS, "instruction fetch");
	check(field(VMCS_EXIT_QUALIFICATION) == (FETCH | 0x10), "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	check(field(VMCS_GUEST_RIP) == page + 0x10, "its RIP %lx", field(VMCS_GUEST_RIP));
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TPR_SHADOW);
}

static void test_tpr(void)
{
	*apic_register(APIC_TPR) = 0x70;
	expect_read(APIC_TPR, 0x70);
	write_register(APIC_TPR, 0x30, EXIT_VMCALL);
	check(READ_CR(8) == 0, "L2's TPR became L1's");
	expect_access(l2_load, APIC_TPR, READ); /* eight bytes */
	expect_access(l2_load32, APIC_ID, READ);
	expect_access(l2_store32, APIC_EOI, WRITE);
	expect_access(l2_store32, APIC_ICR, WRITE);
	set(VMCS_TPR_THRESHOLD, 2);
	write_register(APIC_TPR, 0x20, EXIT_VMCALL);
	write_register(APIC_TPR, 0x10, EXIT_TPR_BELOW_THRESHOLD);
	/* with virtualized accesses an entry below the threshold is legal and exits at once */
	apic_expect(l2_run(l2_vmcall), EXIT_TPR_BELOW_THRESHOLD, "entry below the threshold");
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "before the first instruction");
	set(VMCS_TPR_THRESHOLD, 0);
}

static void test_delivery_through_the_page(void)
{
	u64 rsp = field(VMCS_GUEST_RSP);

	set(VMCS_GUEST_RSP, page + 0x800);
	set(VMCS_GUEST_RFLAGS, 2 | RFLAGS_IF);
	set(VMCS_ENTRY_INTERRUPTION_INFO, INTERRUPTION_VALID | VECTOR_LOW);
	apic_expect(l2_run(l2_vmcall), EXIT_APIC_ACCESS, "interrupt with a stack in the APIC page");
	check(field(VMCS_EXIT_QUALIFICATION) == (DELIVERY | 0x7F8), "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	check(field(VMCS_IDT_VECTORING_INFO) == (INTERRUPTION_VALID | VECTOR_LOW), "its vectoring information %lx",
	      field(VMCS_IDT_VECTORING_INFO));
	set(VMCS_GUEST_RSP, rsp);
	set(VMCS_GUEST_RFLAGS, 2);
}

static void test_registers(void)
{
	world_control(VMCS_SECONDARY_CONTROLS, REGISTERS);
	for (u32 offset = 0; offset < 0x400; offset += 16)
		*apic_register(offset) = 0xA0000000 | offset;
	expect_read(APIC_ID, 0xA0000020);
	expect_read(APIC_VERSION, 0xA0000030);
	expect_read(APIC_ISR + 0x70, 0xA0000170);
	expect_read(APIC_ESR, 0xA0000280);
	expect_read(APIC_INITIAL, 0xA0000380);
	expect_access(l2_load32, APIC_CURRENT, READ);
	expect_access(l2_store32, APIC_ISR, WRITE);
	expect_access(l2_store32, APIC_VERSION, WRITE);
	expect_access(l2_load32, 0x400, READ);
	expect_apic_write(APIC_ID, 0x01000000);
	expect_apic_write(APIC_LDR, 0x02000000);
	expect_apic_write(APIC_ICR, 0x4061);
	expect_apic_write(APIC_TIMER, 0x10000);
	write_register(APIC_ICR2, 0x03000000, EXIT_VMCALL);
	world_clear_control(VMCS_SECONDARY_CONTROLS, REGISTERS);
	expect_access(l2_load32, APIC_ID, READ);
}

/* Without the control it is what L1 has there. */
static void test_off(void)
{
	world_clear_control(VMCS_SECONDARY_CONTROLS, ACCESSES);
	if (!is_ours) {
		expect_read(APIC_VERSION, lapic_read(APIC_VERSION));
		world_control(VMCS_SECONDARY_CONTROLS, ACCESSES);
		return;
	}
	*((u32 *)&access_page + 0x20) = 0x1234;
	l2.rdi = page + 0x80;
	apic_expect(l2_run(l2_load32), EXIT_VMCALL, "ordinary page");
	check((u32)l2.rax == 0x1234, "the ordinary page reads %lx", l2.rax);
	*((u32 *)&access_page + 0x20) = 0;
	world_control(VMCS_SECONDARY_CONTROLS, ACCESSES);
	expect_access(l2_store32, 0x800, WRITE);
}

/* What lies around it, and far from it, is memory; the page stays what it is. */
static void test_neighbours(void)
{
	static const u64 far[] = { 0x400000, 0x1000000, 0x4000000, 0x8000000 };

	for (u32 i = 0; i < ARRAY_SIZE(far) + 2; i++) {
		u64 address = i < ARRAY_SIZE(far) ? far[i] : i == ARRAY_SIZE(far) ? (u64)&virtual_apic + 0x800 : (u64)&descriptor_page + 0x800;

		*(u32 *)address = (u32)address;
		l2.rdi = address;
		apic_expect(l2_run(l2_load32), EXIT_VMCALL, "read of memory");
		check((u32)l2.rax == (u32)address, "memory at %lx reads %lx", address, l2.rax);
		l2.rax = ~address;
		apic_expect(l2_run(l2_store32), EXIT_VMCALL, "write of memory");
		check(*(u32 *)address == (u32)~address, "memory at %lx holds %x", address, *(u32 *)address);
		expect_access(l2_store32, APIC_SVR, WRITE);
	}
}

static void test_all(void)
{
	test_neighbours();
	test_without_shadow();
	test_tpr();
	test_delivery_through_the_page();
	if (apic_can(REGISTERS))
		test_registers();
	test_memory_is_hidden();
	test_off();
}

static void use_own_page(void)
{
	apic_world(ACCESSES);
	page = (u64)&access_page;
	is_ours = true;
}

/* No RAM of L1's at the address. */
static void use_lapic_page(void)
{
	apic_world(ACCESSES);
	set(VMCS_APIC_ACCESS_ADDRESS, APIC_PAGE);
	page = APIC_PAGE;
	is_ours = false;
}

static void map_hidden(u64 to)
{
	const u64 descriptor[2] = { world_eptp(), 0 };

	*world_ept_entry(HIDDEN, 1) = to;
	check(vmx_invept(1, descriptor) == VM_OK, "INVEPT");
}

static void test_behind_ept(void)
{
	use_lapic_page();
	world_use_ept();
	map_hidden(APIC_PAGE | EPT_RWX_WB);
	page = HIDDEN;
	test_all();
	use_own_page();
	world_use_ept();
	map_hidden((u64)&access_page | EPT_RWX_WB);
	page = HIDDEN;
	test_all();
	/* a violation comes before the access is one to the APIC page */
	map_hidden((u64)&access_page | 1 | 6 << 3);
	l2.rdi = page + APIC_TPR;
	apic_expect(l2_run(l2_store32), EXIT_EPT_VIOLATION, "write to a read-only APIC page");
	expect_read(APIC_TPR, *apic_register(APIC_TPR));
	/* what is not mapped to the page's address is no APIC page */
	map_hidden((u64)&descriptor_page | EPT_RWX_WB);
	l2.rdi = page + 0x20;
	apic_expect(l2_run(l2_store32), EXIT_VMCALL, "another page at that address");
}

void vmx_test_apic_access(void)
{
	use_own_page();
	test_all();
	use_lapic_page();
	test_all();
	use_own_page();
	test_all();
	if (apic_can(SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
		test_behind_ept();
}
