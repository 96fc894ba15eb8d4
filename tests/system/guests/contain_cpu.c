/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions, control registers, XCR0, CPUID and debug traps of the containment guest. */
#include "contain.h"

#include "guest.h"

#define CR4_PAE 5
#define CR4_VMXE 13
#define CR4_SMEP 20
#define CR4_SMAP 21
/* VME to OSXMMEXCPT, UMIP, FSGSBASE, PCIDE, OSXSAVE: what the partition may switch on itself. */
#define CR4_ALLOWED 0x00070FFFull

struct snippet {
	const void *code;
	const char *name;
	u32 ring0, ring3;
};

extern const struct snippet snippets[], snippets_end[];

void contain_instructions(void)
{
	static u8 scratch[4096] __attribute__((aligned(64)));

	for (const struct snippet *s = snippets; s < snippets_end; s++) {
		u32 vector = snippet_run(s->code, (u64)scratch, 0);

		check(vector == s->ring0, "%s in ring 0: vector %u", s->name, vector);
		vector = snippet_run(s->code, (u64)scratch, 3);
		check(vector == s->ring3, "%s in ring 3: vector %u", s->name, vector);
	}
	for (u32 i = 0; i < sizeof(scratch); i++)
		if (scratch[i])
			check(false, "a refused instruction wrote at byte %u", i);
}

static void cr0(void)
{
	const u64 now = READ_CR(0), pg = 1u << 31, cd = 1u << 30, nw = 1u << 29;

	for (u32 bit = 32; bit < 64; bit++)
		check(PROBE_CR(0, now | 1ull << bit) == VECTOR_GP, "CR0 bit %u is taken", bit);
	check(PROBE_CR(0, now & ~pg) == VECTOR_GP, "paging goes off in long mode");
	check(PROBE_CR(0, now & ~1ull) == VECTOR_GP, "PG without PE is taken");
	check(PROBE_CR(0, (now & ~cd) | nw) == VECTOR_GP, "NW without CD is taken");
	for (u32 bit = 6; bit < 29; bit++)
		if (bit != 16 && bit != 18)
			PROBE_CR(0, now | 1ull << bit);
	check(PROBE_CR(0, now | cd | nw) == NO_FAULT, "CD and NW are not taken");
	check(PROBE_CR(0, now) == NO_FAULT && READ_CR(0) == now, "CR0 is %lx, was %lx", READ_CR(0), now);
}

/* SMEP and SMAP would end this very code, which lives in pages of ring 3. */
static void cr4(void)
{
	const u64 now = READ_CR(4);

	for (u32 bit = 0; bit < 64; bit++) {
		if (now >> bit & 1 || bit == CR4_SMEP || bit == CR4_SMAP)
			continue;
		u32 vector = PROBE_CR(4, now | 1ull << bit);

		if (vector == NO_FAULT) {
			check(CR4_ALLOWED >> bit & 1, "CR4 bit %u is taken", bit);
			check(READ_CR(4) == (now | 1ull << bit), "CR4 reads %lx", READ_CR(4));
			PROBE_CR(4, now);
		} else {
			check(vector == VECTOR_GP, "CR4 bit %u: vector %u", bit, vector);
		}
	}
	check(PROBE_CR(4, now | 1u << CR4_VMXE) == VECTOR_GP, "CR4.VMXE is taken");
	check(PROBE_CR(4, now & ~(1ull << CR4_PAE)) == VECTOR_GP, "PAE goes off in long mode");
	check(PROBE_CR(4, ~0ull) == VECTOR_GP, "CR4 takes all ones");
	check(READ_CR(4) == now, "CR4 is %lx, was %lx", READ_CR(4), now);
}

static void cr8(void)
{
	for (u64 value = 0; value < 16; value++) {
		check(PROBE_CR(8, value) == NO_FAULT, "CR8 refuses %lu", value);
		check(READ_CR(8) == value, "CR8 reads %lu, not %lu", READ_CR(8), value);
	}
	check(PROBE_CR(8, 16) == VECTOR_GP && PROBE_CR(8, ~0ull) == VECTOR_GP, "CR8 takes more than 15");
	PROBE_CR(8, 0);
}

static u32 probe_xsetbv(u32 index, u64 value)
{
	asm volatile(GUARDED("xsetbv") : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
	return this_cpu()->vector;
}

static u64 xgetbv(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static void xcr0(void)
{
	struct registers leaf = cpuid(0xD, 0);
	u64 offered = (u64)leaf.d << 32 | leaf.a;
	/* nothing; no x87; AVX without SSE; half of AVX-512; MPX alone; a bit beyond */
	static const u64 wrong[] = { 0, 2, 6, 5, 0x27, 0x47, 0xE3, 0x8, 1ull << 62, 1ull << 63, ~0ull };

	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
		check(probe_xsetbv(0, wrong[i]) == VECTOR_GP, "XCR0 takes %lx", wrong[i]);
	for (u32 bit = 0; bit < 64; bit++)
		if (!(offered >> bit & 1))
			check(probe_xsetbv(0, 1ull << bit | 1) == VECTOR_GP, "XCR0 takes bit %u", bit);
	for (u32 index = 1; index < 4; index++)
		check(probe_xsetbv(index, 1) == VECTOR_GP, "XCR%u exists", index);
	check(probe_xsetbv(0, offered) == NO_FAULT && xgetbv() == offered, "XCR0 is %lx, offered %lx", xgetbv(), offered);
	check(probe_xsetbv(0, 7) == NO_FAULT && xgetbv() == 7, "XCR0 is %lx, not 7", xgetbv());
}

void contain_control_registers(void)
{
	cr0();
	cr4();
	cr8();
	xcr0();
}

void contain_cpuid(void)
{
	struct registers features = cpuid(1, 0), signature = cpuid(0x40000000, 0);
	static const u32 empty[] = { 0x3, 0x5, 0x6, 0xA, 0xF, 0x10, 0x12, 0x14, 0x16, 0x1F, 0x20, 0x40000003, 0x400000FF, 0x40000102,
				     0x80000009, 0x8000001F, 0xC0000000, ~0u };

	check(!(features.c >> 5 & 1), "CPUID shows VMX with nesting off");
	check(features.c >> 31 & 1, "CPUID shows no hypervisor");
	check(features.b >> 24 == 0 && (features.b >> 16 & 0xFF) == CPUS, "CPUID 1 EBX is %x", features.b);
	check(signature.b == 0x7473654E && signature.a == 0x40000002, "hypervisor leaf: %x %x", signature.a, signature.b);
	for (u32 i = 0; i < ARRAY_SIZE(empty); i++) {
		struct registers r = cpuid(empty[i], 0);

		check(!(r.a | r.b | r.c | r.d), "CPUID leaf %x is not empty: %x %x %x %x", empty[i], r.a, r.b, r.c, r.d);
	}
}

/* Single steps over instructions that exit must neither be lost nor doubled. */
static u32 steps;

static void step(struct trap_frame *frame)
{
	u64 dr6;

	asm volatile("mov %%dr6, %0; mov %1, %%dr6" : "=&r"(dr6) : "r"(0xFFFF0FF0ull));
	check(dr6 & 1 << 14, "#DB with DR6 %lx at %lx", dr6, frame->rip);
	steps++;
}

void contain_debug(void)
{
	trap_set(VECTOR_DB, step);
	/* traps after: nop, in, cpuid, mov, wrmsr's setup of three, wrmsr, popfq */
	asm volatile("pushfq; orq $0x100, (%%rsp); popfq\n\t"
		     "nop\n\tinb $0x80, %%al\n\tcpuid\n\tmovl $0x8B, %%ecx\n\txorl %%eax, %%eax\n\txorl %%edx, %%edx\n\twrmsr\n\t"
		     "pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
		     : : : "rax", "rbx", "rcx", "rdx", "memory", "cc");
	check(steps == 10, "%u single steps, not 10", steps);
}
