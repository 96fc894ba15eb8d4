/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All VMX instructions and GETSEC in every mode and ring, at L1 and at L2: the fault or the exit, and nothing else. What each does when it may run is in
 * the other chapters. Source: Intel SDM volume 3 "VMX Instruction Reference", volume 2 "GETSEC".
 */
#include "guest.h"
#include "vmx.h"

#define CODE32 0x18
#define CR4_VMXE 0x2000ull
#define CR0_PE_ET_NE 0x31ull
#define RFLAGS_VM 0x20000ull
#define LOW_PAGE 0x9000ull /* where real mode reaches it */
#define LOW_SEGMENT 0x900u
#define SLOTS 0x400
#define COUNTS 0xE00
#define STARTUP_LOW 0x4609u
#define INIT_ASSERT 0x4500u
#define LONG_TIME 300000000ull
#define NOT_CANONICAL 0x8000000000000000ull
#define NOT_MAPPED 0x300000000ull
#define HYPERVISOR (cpuid(1, 0).c >> 31)

void snippet_enter(const void *code, u64 argument, u64 cs, u64 ss);
extern const u8 modes_page[], modes_page_end[];
extern u64 gdt[];

static const struct instruction {
	const char *name;
	u8 length, bytes[5];   /* a memory operand is at RDI */
	u8 memory;             /* bytes of it; 0: none */
	bool writes;           /* it */
	u32 reason;            /* of the exit from L2; 0: it does not exist there */
	u32 rax;               /* field or type */
} instructions[] = {
	{ "VMXON", 4, { 0xF3, 0x0F, 0xC7, 0x37 }, 8, false, EXIT_VMXON, 0 },
	{ "VMXOFF", 3, { 0x0F, 0x01, 0xC4 }, 0, false, EXIT_VMXOFF, 0 },
	{ "VMCLEAR", 4, { 0x66, 0x0F, 0xC7, 0x37 }, 8, false, EXIT_VMCLEAR, 0 },
	{ "VMPTRLD", 3, { 0x0F, 0xC7, 0x37 }, 8, false, EXIT_VMPTRLD, 0 },
	{ "VMPTRST", 3, { 0x0F, 0xC7, 0x3F }, 8, true, EXIT_VMPTRST, 0 },
	{ "VMREAD", 3, { 0x0F, 0x78, 0xC0 }, 0, false, EXIT_VMREAD, VMCS_GUEST_RIP },
	{ "VMREAD to memory", 3, { 0x0F, 0x78, 0x07 }, 8, true, EXIT_VMREAD, VMCS_GUEST_RIP },
	{ "VMWRITE", 3, { 0x0F, 0x79, 0xC0 }, 0, false, EXIT_VMWRITE, VMCS_GUEST_RIP },
	{ "VMWRITE from memory", 3, { 0x0F, 0x79, 0x07 }, 8, false, EXIT_VMWRITE, VMCS_GUEST_RIP },
	{ "VMLAUNCH", 3, { 0x0F, 0x01, 0xC2 }, 0, false, EXIT_VMLAUNCH, 0 },
	{ "VMRESUME", 3, { 0x0F, 0x01, 0xC3 }, 0, false, EXIT_VMRESUME, 0 },
	{ "INVEPT", 5, { 0x66, 0x0F, 0x38, 0x80, 0x07 }, 16, false, EXIT_INVEPT, 2 },
	{ "INVVPID", 5, { 0x66, 0x0F, 0x38, 0x81, 0x07 }, 16, false, EXIT_INVVPID, 2 },
	{ "VMFUNC", 3, { 0x0F, 0x01, 0xD4 }, 0, false, 0, 0 },
	{ "GETSEC", 2, { 0x0F, 0x37 }, 0, false, 0, 0 },
	/* of L1 it is a call of L0, wherever it stands */
	{ "VMCALL", 3, { 0x0F, 0x01, 0xC1 }, 0, false, EXIT_VMCALL, 0 },
};
#define OF_L1 (ARRAY_SIZE(instructions) - 1)

static u64 operand[2];

/* In a code segment of this selector: MOV $rax, %eax, the instruction, INT 81H. */
static u32 run_in(const struct instruction *i, u64 cs, u64 ss, u64 address)
{
	static u8 code[16];

	code[0] = 0xB8;
	memcpy(code + 1, &i->rax, sizeof(i->rax));
	memcpy(code + 5, i->bytes, i->length);
	memcpy(code + 5 + i->length, "\xCD\x81", 2);
	snippet_enter(code, address, cs, ss);
	return this_cpu()->vector;
}

static void expect_everywhere(u32 ring0, u32 ring3, const char *when)
{
	for (u32 n = 0; n < OF_L1; n++) {
		const struct instruction *i = &instructions[n];
		bool is_none = !i->reason;
		u32 vector;

		operand[0] = operand[1] = 0;
		if (ring0) {
			vector = run_in(i, CODE_RING0, DATA_RING0, (u64)operand);
			check(vector == (is_none ? VECTOR_UD : ring0), "%s in ring 0 %s: %u", i->name, when, vector);
		}
		vector = run_in(i, CODE_RING3, DATA_RING3, (u64)operand);
		u32 wanted = i->reason == EXIT_VMXON && READ_CR(4) & CR4_VMXE ? VECTOR_GP : is_none ? VECTOR_UD : ring3;
		check(vector == wanted, "%s in ring 3 %s: %u, not %u", i->name, when, vector, wanted);
		check(vector != VECTOR_GP || this_cpu()->error == 0, "%s in ring 3 %s: error %u", i->name, when, this_cpu()->error);
		vector = run_in(i, CODE32, DATA_RING0, (u64)operand);
		check(vector == VECTOR_UD, "%s in compatibility mode %s: %u", i->name, when, vector);
		/* the same descriptor as ring 3's, but for 32-bit code */
		u64 saved = gdt[CODE_RING3 / 8];
		gdt[CODE_RING3 / 8] = 0x00CFFB000000FFFF;
		vector = run_in(i, CODE_RING3, DATA_RING3, (u64)operand);
		gdt[CODE_RING3 / 8] = saved;
		check(vector == VECTOR_UD, "%s in compatibility mode, ring 3, %s: %u", i->name, when, vector);
		check(operand[0] == 0 && operand[1] == 0, "%s wrote %s", i->name, when);
	}
}

static void expect_unharmed(u64 error)
{
	u64 current = 0;

	check(vmx_store(&current) == VM_OK && current == (u64)&vmcs_region, "the current VMCS is %lx", current);
	check(instruction_error() == error, "the VM-instruction error is %lu", instruction_error());
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "no entry afterwards");
}

/* A memory operand that faults does so before anything is done; one where there is no RAM is read as it may be. */
static void test_operands(void)
{
	for (u32 n = 0; n < OF_L1; n++) {
		const struct instruction *i = &instructions[n];

		if (!i->memory || i->reason == EXIT_VMXON) /* in root operation VMXON fails first */
			continue;
		/* the last byte counts */
		u32 vector = run_in(i, CODE_RING0, DATA_RING0, NOT_CANONICAL);
		check(vector == VECTOR_GP && this_cpu()->error == 0, "%s at no canonical address: %u", i->name, vector);
		vector = run_in(i, CODE_RING0, DATA_RING0, 0x800000000000ull - i->memory + 1);
		check(vector == VECTOR_GP, "%s across the end of canonical addresses: %u", i->name, vector);
		vector = run_in(i, CODE_RING0, DATA_RING0, NOT_MAPPED);
		check(vector == VECTOR_PF && this_cpu()->error == (i->writes ? 2u : 0), "%s where nothing is mapped: %u, error %u", i->name, vector,
		      this_cpu()->error);
		check(READ_CR(2) == NOT_MAPPED, "%s where nothing is mapped: CR2 %lx", i->name, READ_CR(2));
		/* a field that the CPU shadows makes an access like any other, and stops the partition as "misdeed" has it */
		if (!HYPERVISOR || i->reason == EXIT_VMREAD || i->reason == EXIT_VMWRITE)
			continue;
		vector = run_in(i, CODE_RING0, DATA_RING0, 0xC0000000);
		check(vector == NO_FAULT, "%s on what is no RAM: %u", i->name, vector);
	}
}

enum mode { LONG_RING0, LONG_RING3, COMPAT_RING0, COMPAT_RING3, PROTECTED_RING0, PROTECTED_RING3, VIRTUAL_8086, REAL, MODES };

static const struct { const char *name; u32 code_rights, data_rights; bool is_long, is_low, exits; } modes[MODES] = {
	[LONG_RING0] = { "64-bit ring 0", 0xA09B, 0xC093, true, false, true },
	[LONG_RING3] = { "64-bit ring 3", 0xA0FB, 0xC0F3, true, false, true },
	[COMPAT_RING0] = { "compatibility ring 0", 0xC09B, 0xC093, true, false, false },
	[COMPAT_RING3] = { "compatibility ring 3", 0xC0FB, 0xC0F3, true, false, false },
	[PROTECTED_RING0] = { "32-bit ring 0", 0xC09B, 0xC093, false, false, true },
	[PROTECTED_RING3] = { "32-bit ring 3", 0xC0FB, 0xC0F3, false, false, true },
	[VIRTUAL_8086] = { "virtual-8086", 0xF3, 0xF3, false, true, false },
	[REAL] = { "real", 0x9B, 0x93, false, true, false },
};

static void enter_mode(enum mode mode)
{
	world_reset();
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_UD | 1u << VECTOR_GP | 1u << VECTOR_PF);
	if (!modes[mode].is_long) {
		world_use_ept();
		world_clear_control(VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_IA32E_MODE_GUEST);
		set(VMCS_GUEST_IA32_EFER, 0);
		set(VMCS_GUEST_CR0, mode == REAL ? CR0_PE_ET_NE & ~1ull : CR0_PE_ET_NE);
		set(VMCS_GUEST_CR4, CR4_VMXE);
	}
	for (u32 i = 0; i < 6; i++) {
		u32 rights = i == 1 ? modes[mode].code_rights : modes[mode].data_rights;
		u32 flat = (i == 1 ? CODE32 : DATA_RING0) | (rights >> 5 & 3);

		set(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, rights);
		set(VMCS_GUEST_ES_SELECTOR + 2 * i, modes[mode].is_low ? LOW_SEGMENT : flat);
		set(VMCS_GUEST_ES_BASE + 2 * i, modes[mode].is_low ? LOW_PAGE : 0);
		set(VMCS_GUEST_ES_LIMIT + 2 * i, modes[mode].is_low ? 0xFFFF : 0xFFFFFFFF);
	}
	set(VMCS_GUEST_RFLAGS, mode == VIRTUAL_8086 ? 2 | RFLAGS_VM : 2);
	set(VMCS_GUEST_RIP, modes[mode].is_low ? 0 : LOW_PAGE);
	set(VMCS_GUEST_RSP, 0xF00);
}

static void test_in_l2(enum mode mode, const struct instruction *i)
{
	bool exits = i->reason == EXIT_VMCALL || (i->reason && modes[mode].exits);

	enter_mode(mode);
	memset((void *)LOW_PAGE, 0xF4, 16);
	memcpy((void *)LOW_PAGE, i->bytes, i->length);
	l2 = (struct l2_registers){ .rdi = 0x100, .rbx = 0x100 };
	u32 reason = l2_continue();
	if (exits) {
		check(reason == i->reason, "%s in L2, %s: exit %x", i->name, modes[mode].name, reason);
		check(field(VMCS_EXIT_INSTRUCTION_LENGTH) == i->length, "%s in L2, %s: length %lu", i->name, modes[mode].name,
		      field(VMCS_EXIT_INSTRUCTION_LENGTH));
	} else {
		check(reason == EXIT_EXCEPTION_OR_NMI && (u8)field(VMCS_EXIT_INTERRUPTION_INFO) == VECTOR_UD, "%s in L2, %s: exit %x, %lx", i->name,
		      modes[mode].name, reason, field(VMCS_EXIT_INTERRUPTION_INFO));
	}
	check(field(VMCS_GUEST_RIP) == (modes[mode].is_low ? 0 : LOW_PAGE), "%s in L2, %s: RIP %lx", i->name, modes[mode].name, field(VMCS_GUEST_RIP));
}

/* Before VMXON. CPU 1 does it, as it begins in real mode; afterwards it waits for INIT. */
void vmx_test_modes_of_l1(void)
{
	volatile u16 *counts = (volatile u16 *)(LOW_PAGE + COUNTS);

	memset((void *)LOW_PAGE, 0x90, 4096);
	memcpy((void *)LOW_PAGE, modes_page, (size_t)(modes_page_end - modes_page));
	for (u32 i = 0; i < 5; i++)
		counts[i] = 0;
	for (u32 n = 0; n < OF_L1; n++)
		memcpy((u8 *)LOW_PAGE + SLOTS + 16 * n, instructions[n].bytes, instructions[n].length);
	memcpy((u8 *)LOW_PAGE + SLOTS + 16 * OF_L1, "\xCD\x40", 2);
	lapic_enable();
	lapic_send(1, INIT_ASSERT);
	lapic_send(1, STARTUP_LOW);
	check(WAIT_FOR(counts[4], LONG_TIME), "CPU 1 is stuck: %u %u %u %u", counts[0], counts[1], counts[2], counts[3]);
	check(counts[0] == OF_L1 && counts[1] == 0, "real mode: %u #UD, %u #GP", counts[0], counts[1]);
	check(counts[2] == OF_L1 && counts[3] == 0, "virtual-8086 mode: %u #UD, %u #GP", counts[2], counts[3]);
	u64 cr4 = READ_CR(4);
	check(PROBE_CR(4, cr4 & ~CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	expect_everywhere(VECTOR_UD, VECTOR_UD, "without CR4.VMXE");
	check(PROBE_CR(4, cr4 | CR4_VMXE) == NO_FAULT, "CR4.VMXE");
	expect_everywhere(0, VECTOR_UD, "outside VMX operation");
	check(PROBE_CR(4, cr4) == NO_FAULT, "CR4.VMXE");
}

void vmx_test_modes(void)
{
	bool has_ept = world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);

	world_reset();
	check(l2_run(l2_vmcall) == EXIT_VMCALL, "entry before");
	check(vmx_launch() == VM_FAIL_VALID, "VMLAUNCH of a launched VMCS");
	expect_everywhere(0, VECTOR_GP, "in VMX operation");
	expect_unharmed(VMERR_VMLAUNCH_NOT_CLEAR);
	test_operands();
	for (enum mode mode = 0; mode < MODES; mode++)
		for (u32 n = 0; n < ARRAY_SIZE(instructions) && (has_ept || modes[mode].is_long); n++)
			test_in_l2(mode, &instructions[n]);
}
