/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What L2 does before its VMCALL: one instruction or two, as bytes that mean about the same in every mode, with registers to go with it. Nothing here
 * reaches a device or an MSR in which bare machine and partition differ. Source: Intel SDM volume 2.
 */
#include "hostile.h"

bool program_is_timed, program_loads_cr3, program_loads_cr0;
const char *program_name;

enum kind {
	PLAIN,
	CR0,   /* PE and PG stay where they are fixed: Bochs lets L2 clear them */
	CR3,   /* L2 without EPT must find its tables in the arena */
	TIMED, /* leaves what time it is in registers */
	MSR,
	PORT
};

static const struct program {
	const char *name;
	u8 bytes, kind;
	u8 code[9];
} programs[] = {
#define P(name, kind, ...) { name, sizeof((u8[]){ __VA_ARGS__ }), kind, { __VA_ARGS__ } }
	P("vmcall", PLAIN, 0x0F, 0x01, 0xC1), P("cpuid", PLAIN, 0x0F, 0xA2), P("hlt", PLAIN, 0xF4),
	P("rdmsr", MSR, 0x0F, 0x32), P("wrmsr", MSR, 0x0F, 0x30), P("rdmsr", MSR, 0x0F, 0x32), P("wrmsr", MSR, 0x0F, 0x30),
	P("in al", PORT, 0xEC), P("in eax", PORT, 0xED), P("out al", PORT, 0xEE), P("out eax", PORT, 0xEF), P("in imm", PORT, 0xE4, 0xF1),
	P("insb", PORT, 0x6C), P("outsb", PORT, 0x6E), P("rep outsd", PORT, 0xF3, 0x6F), P("rep insb", PORT, 0xF3, 0x6C), P("addr32 outsb", PORT, 0x67, 0x6E),
	P("write cr0", CR0, 0x0F, 0x22, 0xC0), P("read cr0", PLAIN, 0x0F, 0x20, 0xC0), P("write cr3", CR3, 0x0F, 0x22, 0xD8),
	P("read cr3", PLAIN, 0x0F, 0x20, 0xD8), P("write cr4", PLAIN, 0x0F, 0x22, 0xE0), P("read cr4", PLAIN, 0x0F, 0x20, 0xE0),
	P("write cr8", CR0, 0x44, 0x0F, 0x22, 0xC0), P("read cr8", PLAIN, 0x44, 0x0F, 0x20, 0xC0), P("write cr2", PLAIN, 0x0F, 0x22, 0xD0),
	P("clts", PLAIN, 0x0F, 0x06), P("lmsw", CR0, 0x0F, 0x01, 0xF0), P("lmsw mem", CR0, 0x0F, 0x01, 0x37), P("smsw", PLAIN, 0x0F, 0x01, 0xE0),
	P("write dr7", PLAIN, 0x0F, 0x23, 0xF8), P("read dr7", PLAIN, 0x0F, 0x21, 0xF8), P("write dr0", PLAIN, 0x0F, 0x23, 0xC0),
	P("read dr6", PLAIN, 0x0F, 0x21, 0xF0), P("write dr6", PLAIN, 0x0F, 0x23, 0xF0), P("invlpg", PLAIN, 0x0F, 0x01, 0x3F),
	P("rdtsc", TIMED, 0x0F, 0x31), P("rdtscp", TIMED, 0x0F, 0x01, 0xF9), P("pause", PLAIN, 0xF3, 0x90),
	P("vmclear", PLAIN, 0x66, 0x0F, 0xC7, 0x37), P("vmptrld", PLAIN, 0x0F, 0xC7, 0x37), P("vmptrst", PLAIN, 0x0F, 0xC7, 0x3F),
	P("vmread", PLAIN, 0x0F, 0x78, 0xC1), P("vmwrite", PLAIN, 0x0F, 0x79, 0xC1), P("vmread mem", PLAIN, 0x0F, 0x78, 0x0F),
	P("vmwrite mem", PLAIN, 0x0F, 0x79, 0x0F), P("vmxon", PLAIN, 0xF3, 0x0F, 0xC7, 0x37), P("vmxoff", PLAIN, 0x0F, 0x01, 0xC4),
	P("vmlaunch", PLAIN, 0x0F, 0x01, 0xC2), P("vmresume", PLAIN, 0x0F, 0x01, 0xC3), P("invept", PLAIN, 0x66, 0x0F, 0x38, 0x80, 0x07),
	P("invvpid", PLAIN, 0x66, 0x0F, 0x38, 0x81, 0x07), P("invpcid", PLAIN, 0x66, 0x0F, 0x38, 0x82, 0x07), P("vmfunc", PLAIN, 0x0F, 0x01, 0xD4),
	P("getsec", PLAIN, 0x0F, 0x37), P("rsm", PLAIN, 0x0F, 0xAA), P("ud2", PLAIN, 0x0F, 0x0B), P("int3", PLAIN, 0xCC), P("int1", PLAIN, 0xF1),
	P("int 20h", PLAIN, 0xCD, 0x20), P("int 80h", PLAIN, 0xCD, 0x80), P("into", PLAIN, 0xCE), P("div 0", PLAIN, 0x31, 0xC9, 0xF7, 0xF1),
	P("lgdt", PLAIN, 0x0F, 0x01, 0x17), P("sgdt", PLAIN, 0x0F, 0x01, 0x07), P("lidt", PLAIN, 0x0F, 0x01, 0x1F), P("sidt", PLAIN, 0x0F, 0x01, 0x0F),
	P("lldt", PLAIN, 0x0F, 0x00, 0xD0), P("ltr", PLAIN, 0x0F, 0x00, 0xD8), P("str", PLAIN, 0x0F, 0x00, 0xC8), P("sldt", PLAIN, 0x0F, 0x00, 0xC0),
	P("xsetbv", PLAIN, 0x0F, 0x01, 0xD1), P("xgetbv", PLAIN, 0x0F, 0x01, 0xD0), P("wbinvd", PLAIN, 0x0F, 0x09), P("invd", PLAIN, 0x0F, 0x08),
	P("load", PLAIN, 0x8A, 0x07), P("store", PLAIN, 0x88, 0x07), P("add mem", PLAIN, 0x01, 0x07), P("push", PLAIN, 0x50), P("pop", PLAIN, 0x58),
	P("call mem", PLAIN, 0xFF, 0x17), P("far call", PLAIN, 0xFF, 0x1F), P("popf", PLAIN, 0x9D),
	P("push popf", PLAIN, 0x50, 0x9D, 0x90), P("sti", PLAIN, 0xFB), P("cli", PLAIN, 0xFA), P("sti hlt", PLAIN, 0xFB, 0xF4),
	P("mov ss", PLAIN, 0x8C, 0xD0, 0x8E, 0xD0), P("mov ds", PLAIN, 0x8E, 0xD8), P("iret", PLAIN, 0xCF), P("iretq", PLAIN, 0x48, 0xCF),
	P("lret", PLAIN, 0xCB), P("syscall", PLAIN, 0x0F, 0x05), P("sysret", PLAIN, 0x0F, 0x07), P("sysenter", PLAIN, 0x0F, 0x34),
	P("sysexit", PLAIN, 0x0F, 0x35), P("swapgs", PLAIN, 0x0F, 0x01, 0xF8), P("rdrand", TIMED, 0x0F, 0xC7, 0xF0), P("rdseed", TIMED, 0x0F, 0xC7, 0xF8),
	P("xsaves", PLAIN, 0x0F, 0xC7, 0x2F), P("xrstors", PLAIN, 0x0F, 0xC7, 0x1F), P("fninit", PLAIN, 0xDB, 0xE3), P("movaps", PLAIN, 0x0F, 0x28, 0xC1),
	P("lahf", PLAIN, 0x9F), P("lock nop", PLAIN, 0xF0, 0x90), P("long nop", PLAIN, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90),
	P("movsb", PLAIN, 0xA4), P("cmpxchg8b", PLAIN, 0x0F, 0xC7, 0x0F), P("lss", PLAIN, 0x0F, 0xB2, 0x27), P("enter", PLAIN, 0xC8, 0x10, 0x00, 0x00),
};

static const u32 msrs[] = { 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100, 0xC0000101, 0xC0000102, 0xC0000080, 0x174, 0x175, 0x176, 0x277 };
static const u16 ports[] = { 0x2F0, 0x2F2, 0x2F3, 0x2F7, 0x7FFF, 0xFFFC, 0xFFFE, 0xFFFF };

/* Linear addresses L2 finds something at, or not. */
static u64 pick_address(void)
{
	switch (below(10)) {
	case 0: return arena(P_STACK) + below(4096);
	case 1: return arena(P_APIC_ACCESS) + 8 * below(512);
	case 2: return arena(below(L2_PAGES)) + below(4096);
	case 3: return arena(P_DATA) - 1;
	case 4: return 0x8000000000000000ull >> below(20);
	case 5: return random64() >> below(64);
	case 6: return arena(P_TABLES);
	default: return arena(P_DATA) + 8 * below(512);
	}
}

static void fill_gprs(void)
{
	u64 *gpr = (u64 *)&hostile_gprs;

	for (u32 i = 0; i < sizeof(hostile_gprs) / 8; i++)
		gpr[i] = one_in(3) ? pick_address() : random64() >> below(64);
	hostile_gprs.rdi = pick_address();
	hostile_gprs.rsi = pick_address();
	if (one_in(3))
		hostile_gprs.rax = value(one_in(2) ? VMCS_GUEST_CR0 : VMCS_GUEST_CR4) ^ 1ull << below(32);
	if (one_in(4))
		hostile_gprs.rax = value(VMCS_GUEST_CR3);
	if (one_in(4))
		hostile_gprs.rax = hostile_gprs.rcx = field_list[1 + below(field_count - 1)];
	if (one_in(6))
		hostile_gprs.rax = hostile_gprs.rcx = 8 * below(12);
}

static void open_bit(u32 page, u32 bit)
{
	u8 *byte = (u8 *)arena(page) + bit / 8;

	*byte = (u8)(*byte & ~(1u << bit % 8));
}

/* Lets the MSR through, or one near to it; the others stay shut, they are different machines' own. */
static void choose_msr(void)
{
	u32 msr = msrs[below(ARRAY_SIZE(msrs))];

	hostile_gprs.rcx = msr | (one_in(4) ? 1ull << 32 << below(32) : 0);
	if (one_in(8))
		hostile_gprs.rcx ^= 1ull << below(32);
	if (one_in(4))
		hostile_gprs.rax = msr == 0xC0000080 ? value(VMCS_GUEST_IA32_EFER) : random64() & random64(), hostile_gprs.rdx = 0;
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++)
		if (one_in(2))
			open_bit(P_MSR_BITMAP, (msrs[i] & 0x1FFF) + (msrs[i] >> 31) * 0x2000 + below(2) * 0x4000);
}

static void choose_port(void)
{
	hostile_gprs.rdx = ports[below(ARRAY_SIZE(ports))] | random64() << 16;
	hostile_gprs.rcx = 1;
	for (u32 i = 0; i < ARRAY_SIZE(ports); i++)
		for (u32 next = 0; next < 4; next++)
			if (!one_in(3) && ports[i] + next < 0x10000)
				open_bit(ports[i] + next < 0x8000 ? P_IO_BITMAP_A : P_IO_BITMAP_B, (ports[i] + next) & 0x7FFF);
}

void program_choose(void)
{
	const struct program *p = &programs[below(ARRAY_SIZE(programs))];

	program_name = p->name;
	program_is_timed = p->kind == TIMED;
	program_loads_cr3 = p->kind == CR3;
	program_loads_cr0 = p->kind == CR0;
	fill_gprs();
	if (p->kind == MSR)
		choose_msr();
	if (p->kind == PORT)
		choose_port();
	tables_set_program(p->code, p->bytes);
	for (u32 i = 0; i < 512; i++)
		((u64 *)arena(P_DATA))[i] = i % 3 ? random64() : arena(P_DATA) + i;
	*(u32 *)(arena(P_VIRTUAL_APIC) + 0x80) = below(256);
}
