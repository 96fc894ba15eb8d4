/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that exit by a control, each with the control set and clear; XSAVES, TSC scaling, PAUSE loops, MSR areas with the TSC.
 * Source: Intel SDM volume 3 "Instructions That Cause VM Exits", "VM-Execution Control Fields".
 */
#include "guest.h"
#include "vmx.h"

#define MSR_XSS 0xDA0u
#define MSR_TSC 0x10u
#define FRACTION 48
#define EVERY_CPU { 0, 0, 0, 0 }

extern const u8 l2_mwait[], l2_monitor[], l2_rdpmc[], l2_rdtscp[], l2_read_dr[], l2_write_dr[], l2_pause[], l2_read_cr3[], l2_clts[], l2_lmsw[],
	l2_sgdt[], l2_sidt[], l2_lgdt[], l2_lidt[], l2_sldt[], l2_str[], l2_lldt[], l2_ltr[], l2_wbinvd[], l2_invd[], l2_rdrand[], l2_rdseed[],
	l2_invpcid[], l2_xsaves[], l2_xrstors[], l2_xsetbv[], l2_outs[], l2_rep_outs[], l2_ins[];

static u8 memory[1024] __attribute__((aligned(64)));

static void expect(u32 reason, u32 wanted, const char *what)
{
	check(reason == wanted, "%s: exit %x, not %x", what, reason, wanted);
}

enum without { RUNS, FAULTS, MAY_FAULT }; /* MAY_FAULT: a machine that hides the instruction has #UD or #GP there */

static const struct instruction {
	const char *name;
	const u8 *code;
	u64 control;
	u32 bit, reason;
	u64 qualification;
	enum without without;
	struct { u32 leaf, word, bit, also; } needs; /* CPUID; also: a secondary control that enables the instruction */
} instructions[] = {
	{ "MWAIT", l2_mwait, VMCS_PRIMARY_CONTROLS, PRIMARY_MWAIT_EXITING, EXIT_MWAIT, 0, MAY_FAULT, EVERY_CPU },
	{ "MONITOR", l2_monitor, VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_EXITING, EXIT_MONITOR, 0, MAY_FAULT, EVERY_CPU },
	{ "RDPMC", l2_rdpmc, VMCS_PRIMARY_CONTROLS, PRIMARY_RDPMC_EXITING, EXIT_RDPMC, 0, MAY_FAULT, EVERY_CPU },
	{ "RDTSCP", l2_rdtscp, VMCS_PRIMARY_CONTROLS, PRIMARY_RDTSC_EXITING, EXIT_RDTSCP, 0, RUNS,
	  { 0x80000001, 3, 27, SECONDARY_ENABLE_RDTSCP } },
	{ "MOV from DR7", l2_read_dr, VMCS_PRIMARY_CONTROLS, PRIMARY_MOV_DR_EXITING, EXIT_MOV_DR, 7 | 1 << 4, RUNS, EVERY_CPU },
	{ "MOV to DR6", l2_write_dr, VMCS_PRIMARY_CONTROLS, PRIMARY_MOV_DR_EXITING, EXIT_MOV_DR, 6, RUNS, EVERY_CPU },
	{ "PAUSE", l2_pause, VMCS_PRIMARY_CONTROLS, PRIMARY_PAUSE_EXITING, EXIT_PAUSE, 0, RUNS, EVERY_CPU },
	{ "MOV from CR3", l2_read_cr3, VMCS_PRIMARY_CONTROLS, PRIMARY_CR3_STORE_EXITING, EXIT_CR_ACCESS, 3 | 1 << 4, RUNS, EVERY_CPU },
	{ "SGDT", l2_sgdt, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_GDTR_IDTR, 0, RUNS, EVERY_CPU },
	{ "SIDT", l2_sidt, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_GDTR_IDTR, 0, RUNS, EVERY_CPU },
	{ "LGDT", l2_lgdt, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_GDTR_IDTR, 0, RUNS, EVERY_CPU },
	{ "LIDT", l2_lidt, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_GDTR_IDTR, 0, RUNS, EVERY_CPU },
	{ "SLDT", l2_sldt, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_LDTR_TR, 0, RUNS, EVERY_CPU },
	{ "STR", l2_str, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_LDTR_TR, 0, RUNS, EVERY_CPU },
	{ "LLDT", l2_lldt, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_LDTR_TR, 0, RUNS, EVERY_CPU },
	{ "LTR", l2_ltr, VMCS_SECONDARY_CONTROLS, SECONDARY_DESCRIPTOR_TABLE_EXITING, EXIT_LDTR_TR, 0, FAULTS, EVERY_CPU },
	{ "WBINVD", l2_wbinvd, VMCS_SECONDARY_CONTROLS, SECONDARY_WBINVD_EXITING, EXIT_WBINVD, 0, RUNS, EVERY_CPU },
	{ "RDRAND", l2_rdrand, VMCS_SECONDARY_CONTROLS, SECONDARY_RDRAND_EXITING, EXIT_RDRAND, 0, RUNS, { 1, 2, 30, 0 } },
	{ "RDSEED", l2_rdseed, VMCS_SECONDARY_CONTROLS, SECONDARY_RDSEED_EXITING, EXIT_RDSEED, 0, RUNS, { 7, 1, 18, 0 } },
	{ "INVPCID", l2_invpcid, VMCS_PRIMARY_CONTROLS, PRIMARY_INVLPG_EXITING, EXIT_INVPCID, 0, RUNS,
	  { 7, 1, 10, SECONDARY_ENABLE_INVPCID } },
};

static bool cpu_has(const struct instruction *i)
{
	struct registers r = cpuid(i->needs.leaf, 0);
	const u32 words[4] = { r.a, r.b, r.c, r.d };

	return !i->needs.leaf || words[i->needs.word] >> i->needs.bit & 1;
}

static void prepare(const struct instruction *i)
{
	memset(memory, 0, sizeof(memory));
	if (i->code == l2_lgdt)
		asm volatile("sgdt (%0)" : : "r"(memory) : "memory");
	if (i->code == l2_lidt)
		asm volatile("sidt (%0)" : : "r"(memory) : "memory");
	world_reset();
	l2 = (struct l2_registers){ .rdi = (u64)memory };
	if (i->code == l2_write_dr)
		l2.rax = 0xFFFF0FF0;
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_UD | 1u << VECTOR_GP);
	if (i->needs.also)
		world_control(VMCS_SECONDARY_CONTROLS, i->needs.also);
}

static void test_instruction(const struct instruction *i)
{
	if (!cpu_has(i) || !world_can(i->control, i->bit) || !world_can(VMCS_SECONDARY_CONTROLS, i->needs.also))
		return;
	prepare(i);
	world_clear_control(i->control, i->bit);
	u32 reason = l2_run(i->code);
	bool faults = reason == EXIT_EXCEPTION_OR_NMI;
	check(reason == EXIT_VMCALL ? i->without != FAULTS : faults && i->without != RUNS, "%s without exiting: exit %x", i->name, reason);
	prepare(i);
	world_control(i->control, i->bit);
	expect(l2_run(i->code), i->reason, i->name);
	check(field(VMCS_EXIT_QUALIFICATION) == i->qualification, "%s: qualification %lx, not %lx", i->name, field(VMCS_EXIT_QUALIFICATION),
	      i->qualification);
	check(field(VMCS_GUEST_RIP) == (u64)i->code, "%s: RIP %lx", i->name, field(VMCS_GUEST_RIP));
	u32 length = (u32)field(VMCS_EXIT_INSTRUCTION_LENGTH);
	check(i->code[length] == 0x0F && i->code[length + 1] == 1 && i->code[length + 2] == 0xC1, "%s: length %u", i->name, length);
	if (!i->needs.also)
		return;
	/* an instruction that is not enabled does not exist, whatever exits */
	world_clear_control(VMCS_SECONDARY_CONTROLS, i->needs.also);
	expect(l2_run(i->code), EXIT_EXCEPTION_OR_NMI, i->name);
	check((u8)field(VMCS_EXIT_INTERRUPTION_INFO) == VECTOR_UD, "%s not enabled: %lx", i->name, field(VMCS_EXIT_INTERRUPTION_INFO));
}

static void test_unconditional(void)
{
	world_reset();
	expect(l2_run(l2_invd), EXIT_INVD, "INVD");
	l2 = (struct l2_registers){ .rax = 1 };
	expect(l2_run(l2_xsetbv), EXIT_XSETBV, "XSETBV");
}

#define CR0_TS 8ull
#define CR0_MP 2ull

static void test_clts_and_lmsw(void)
{
	world_reset();
	set(VMCS_GUEST_CR0, READ_CR(0) | CR0_TS);
	expect(l2_run(l2_clts), EXIT_VMCALL, "CLTS of its own");
	check(!(field(VMCS_GUEST_CR0) & CR0_TS), "CLTS left %lx", field(VMCS_GUEST_CR0));
	set(VMCS_CR0_MASK, CR0_TS);
	expect(l2_run(l2_clts), EXIT_VMCALL, "CLTS with mask, not in the shadow");
	set(VMCS_CR0_READ_SHADOW, CR0_TS);
	expect(l2_run(l2_clts), EXIT_CR_ACCESS, "CLTS with mask and shadow");
	check(field(VMCS_EXIT_QUALIFICATION) == 2 << 4, "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	l2.rax = 1 | CR0_MP;
	set(VMCS_CR0_MASK, CR0_MP);
	set(VMCS_CR0_READ_SHADOW, 0);
	expect(l2_run(l2_lmsw), EXIT_CR_ACCESS, "LMSW");
	check(field(VMCS_EXIT_QUALIFICATION) == (3 << 4 | (1 | CR0_MP) << 16), "its qualification %lx", field(VMCS_EXIT_QUALIFICATION));
	set(VMCS_CR0_READ_SHADOW, CR0_MP);
	expect(l2_run(l2_lmsw), EXIT_VMCALL, "LMSW as the shadow has it");
}

static void test_string_io(void)
{
	static const struct { const u8 *code; u64 qualification; } rows[] = {
		{ l2_outs, 1 << 4 }, { l2_rep_outs, 1 << 4 | 1 << 5 }, { l2_ins, 3 | 1 << 3 | 1 << 4 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		world_reset();
		memset(world_io_bitmaps, 0xFF, sizeof(world_io_bitmaps));
		l2 = (struct l2_registers){ .rdx = 0x80, .rsi = (u64)memory, .rdi = (u64)memory, .rcx = 3 };
		expect(l2_run(rows[i].code), EXIT_IO, "string I/O");
		check(field(VMCS_EXIT_QUALIFICATION) == (rows[i].qualification | 0x80 << 16), "string I/O: %lx", field(VMCS_EXIT_QUALIFICATION));
		check(field(VMCS_GUEST_LINEAR_ADDRESS) == (u64)memory, "string I/O: address %lx", field(VMCS_GUEST_LINEAR_ADDRESS));
		check(l2.rcx == 3, "string I/O has begun");
	}
}

static void expect_undefined(const u8 *code, const char *what)
{
	expect(l2_run(code), EXIT_EXCEPTION_OR_NMI, what);
	check((u8)field(VMCS_EXIT_INTERRUPTION_INFO) == VECTOR_UD, "%s: %lx", what, field(VMCS_EXIT_INTERRUPTION_INFO));
}

/* No supervisor state is enabled, so that no bit of the XSS-exiting bitmap makes an exit. */
static void test_xsaves(void)
{
	bool has = cpuid(0xD, 1).a >> 3 & 1;
	u64 value;

	check(world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_XSAVES) == has, "XSAVES: CPUID and VMX differ");
	check(probe_rdmsr(MSR_XSS, &value) == (has ? NO_FAULT : VECTOR_GP), "RDMSR of IA32_XSS");
	if (!has)
		return;
	check(value == 0 && probe_wrmsr(MSR_XSS, 0) == NO_FAULT && probe_wrmsr(MSR_XSS, 1) == VECTOR_GP, "IA32_XSS");
	world_reset();
	set(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_UD);
	l2 = (struct l2_registers){ .rdi = (u64)memory, .rax = 3 };
	memset(memory, 0, sizeof(memory));
	expect_undefined(l2_xsaves, "XSAVES not enabled");
	expect_undefined(l2_xrstors, "XRSTORS not enabled");
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_XSAVES);
	set(VMCS_XSS_EXITING_BITMAP, ~0ull);
	check(field(VMCS_XSS_EXITING_BITMAP) == ~0ull, "the XSS-exiting bitmap reads %lx", field(VMCS_XSS_EXITING_BITMAP));
	expect(l2_run(l2_xsaves), EXIT_VMCALL, "XSAVES");
	check(*(u64 *)(memory + 520) >> 63, "XSAVES wrote %lx", *(u64 *)(memory + 520));
	expect(l2_run(l2_xrstors), EXIT_VMCALL, "XRSTORS");
}

static u64 multiply(u64 tsc, u64 multiplier)
{
	return (u64)((unsigned __int128)tsc * multiplier >> FRACTION);
}

static void test_tsc_scaling(void)
{
	static const u64 multipliers[] = { 1ull << FRACTION, 1ull << (FRACTION - 1), 3ull << FRACTION, (1ull << FRACTION) / 3, 5 };
	static const u64 offsets[] = { 0, 1ull << 50, -(1ull << 40) };

	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_TSC_SCALING))
		return;
	for (u32 i = 0; i < ARRAY_SIZE(multipliers) * ARRAY_SIZE(offsets); i++) {
		u64 multiplier = multipliers[i % ARRAY_SIZE(multipliers)], offset = offsets[i / ARRAY_SIZE(multipliers)];

		world_reset();
		world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TSC_OFFSETTING);
		world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_TSC_SCALING);
		set(VMCS_TSC_OFFSET, offset);
		set(VMCS_TSC_MULTIPLIER, multiplier);
		u64 before = multiply(rdtsc(), multiplier);
		expect(l2_run(l2_rdtsc), EXIT_VMCALL, "RDTSC, scaled");
		u64 seen = ((u32)l2.rax | l2.rdx << 32) - offset, after = multiply(rdtsc(), multiplier);
		/* offset and multiplier of two hypervisors become one pair, rounded down; and again with a third below them */
		check((int64_t)(seen - before) >= -2 && (int64_t)(after - seen) >= 0, "multiplier %lx, offset %lx: %lx is not between %lx and %lx",
		      multiplier, offset, seen, before, after);
		l2.rcx = MSR_TSC;
		expect(l2_run(l2_rdmsr), EXIT_VMCALL, "RDMSR of the TSC, scaled");
		u64 read = ((u32)l2.rax | l2.rdx << 32) - offset;
		check((int64_t)(read - seen) >= 0 && (int64_t)(multiply(rdtsc(), multiplier) - read) >= 0, "the MSR reads %lx after %lx", read, seen);
	}
	/* scaling counts with offsetting only */
	world_clear_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TSC_OFFSETTING);
	u64 before = rdtsc();
	expect(l2_run(l2_rdtsc), EXIT_VMCALL, "RDTSC, scaling without offsetting");
	u64 seen = (u32)l2.rax | l2.rdx << 32;
	check(seen >= before && seen <= rdtsc(), "scaling without offsetting: %lx after %lx", seen, before);
	set(VMCS_TSC_MULTIPLIER, 0);
	expect(l2_run(l2_vmcall), L2_FAILED + VM_FAIL_VALID, "multiplier 0");
	check(instruction_error() == VMERR_ENTRY_CONTROLS, "multiplier 0: error %lu", instruction_error());
}

/* An exit stores the counter itself, an entry sets it: neither knows L2's offset. */
static void test_tsc_in_areas(void)
{
	static struct { u32 index, zero; u64 value; } area[2] __attribute__((aligned(16)));

	area[0] = (typeof(area[0])){ MSR_TSC, 0, 0 };
	world_reset();
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_USE_TSC_OFFSETTING);
	set(VMCS_TSC_OFFSET, 1ull << 50);
	set(VMCS_EXIT_MSR_STORE_ADDRESS, (u64)area);
	set(VMCS_EXIT_MSR_STORE_COUNT, 1);
	u64 before = rdtsc();
	expect(l2_run(l2_vmcall), EXIT_VMCALL, "exit that stores the TSC");
	check(area[0].value >= before && area[0].value <= rdtsc(), "stored %lx after %lx", area[0].value, before);
	area[1] = (typeof(area[0])){ MSR_TSC, 0, rdtsc() + (1ull << 42) };
	set(VMCS_ENTRY_MSR_LOAD_ADDRESS, (u64)&area[1]);
	set(VMCS_ENTRY_MSR_LOAD_COUNT, 1);
	expect(l2_run(l2_rdtsc), EXIT_VMCALL, "entry that loads the TSC");
	u64 seen = ((u32)l2.rax | l2.rdx << 32) - (1ull << 50), after = rdtsc();
	check(seen >= area[1].value && seen < area[1].value + (1ull << 40), "loaded %lx, L2 reads %lx", area[1].value, seen);
	check(area[0].value >= seen && after >= area[0].value && after < seen + (1ull << 40), "L2 %lx, stored %lx, L1 %lx", seen, area[0].value, after);
	wrmsr(MSR_TSC, rdtsc() - (1ull << 42));
}

static void test_pause_loop(void)
{
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_PAUSE_LOOP_EXITING))
		return;
	world_reset();
	world_control(VMCS_SECONDARY_CONTROLS, SECONDARY_PAUSE_LOOP_EXITING);
	set(VMCS_PLE_GAP, 0x100);
	set(VMCS_PLE_WINDOW, 0x1000);
	expect(l2_run(l2_spin), EXIT_PAUSE, "PAUSE loop");
	set(VMCS_PLE_WINDOW, 0x10);
	set(VMCS_PLE_GAP, 0);
	expect(l2_run(l2_pause), EXIT_VMCALL, "one PAUSE");
}

void vmx_test_features(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(instructions); i++)
		test_instruction(&instructions[i]);
	test_unconditional();
	test_clts_and_lmsw();
	test_string_io();
	test_xsaves();
	test_tsc_scaling();
	test_tsc_in_areas();
	test_pause_loop();
}
