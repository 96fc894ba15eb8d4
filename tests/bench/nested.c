/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A minimal hypervisor as L1 that counts what an L2 exit costs: L2 does one instruction in a loop, L1 adds its length to RIP and resumes.
 * Prints "bench: NAME COUNT" in instructions of the emulator, L1's and L2's own few included.
 */
#include "guest.h"
#include "kernel/vmx/vmcs.h"

#define ROUNDS 500
#define MAPPED_PAGES 31 /* of 2 MiB; l2_touch uses the next, l2_fill FILLED_PAGES of them from the third */
#define FILLED_PAGES 22
#define PAGE __attribute__((aligned(4096)))
#define MSR_FEATURE_CONTROL 0x3A
#define MSR_VMX_BASIC 0x480
#define MSR_EFER 0xC0000080
#define MSR_DEADLINE 0x6E0
#define TIMER_VECTOR 0x40
#define DEADLINE_MODE (2u << 17)
#define EPT_ALL 7ull
#define EPT_LARGE_WB (EPT_ALL | 1ull << 7 | 6ull << 3)
#define EPTP_WB_4_LEVELS (6ull | 3ull << 3)

static u32 vmxon_page[1024] PAGE, vmcs_page[1024] PAGE, other_page[1024] PAGE;
static u64 ept_root[512] PAGE, ept_pointers[512] PAGE, ept_directory[512] PAGE;
static u8 msr_bitmap[4096] PAGE, l2_stack[4096] PAGE;
extern u64 gdt[];
u64 bench_instruction_bytes, bench_rounds, bench_host_rsp;
#define HEALTH_PORT 0x510 /* Nestbox prints its counters when something is written */

/* Enters L2 and comes back when bench_rounds exits have been reflected. */
void bench_enter(void);
void bench_exit(void);
/* The same with three VMREADs and one VMWRITE, as little as a real hypervisor does. */
void bench_exit_reads(void);
asm(".text\n"
    ".global bench_enter, bench_exit\n"
    "bench_enter: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "	mov $0x6c14, %eax; vmwrite %rsp, %rax; mov %rsp, bench_host_rsp\n"
    "	vmlaunch\n"
    "	mov $0x4400, %eax; vmread %rax, %rdi; call bench_refused\n"
    "bench_exit: decq bench_rounds; jz 1f\n"
    "	mov $0x681e, %eax; vmread %rax, %rbx; add bench_instruction_bytes, %rbx; vmwrite %rbx, %rax\n"
    "	vmresume\n"
    "	mov $0x4400, %eax; vmread %rax, %rdi; call bench_refused\n"
    ".global bench_exit_reads\n"
    "bench_exit_reads: mov $0x4402, %eax; vmread %rax, %rbx; mov $0x440c, %eax; vmread %rax, %rbx\n"
    "	jmp bench_exit\n"
    "1:	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

extern const u8 l2_cpuid[], l2_vmcall[], l2_rdmsr[], l2_touch[], l2_fill[], l2_count[];
asm("l2_cpuid:  cpuid; jmp l2_cpuid\n"
    "l2_vmcall: vmcall; jmp l2_vmcall\n"
    "l2_rdmsr:  mov $0x174, %ecx; rdmsr; jmp l2_rdmsr\n"
    "l2_touch:  movb $0, 0x3f00000; jmp l2_touch\n"
    "l2_fill:   mov $0x400000, %eax; 1: movb $0, (%rax); add $0x200000, %eax; cmp $0x3000000, %eax; jb 1b; vmcall\n"
    "l2_count:  mov $20000, %ecx; 1: dec %ecx; jnz 1b; vmcall\n");

void bench_refused(u64 error);
void bench_refused(u64 error)
{
	print("bench: entry refused, VM-instruction error %lu\n", error);
	debug_exit(1);
}

static void vmwrite(u64 field, u64 value)
{
	asm volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc", "memory");
}

static u64 vmread(u64 field)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r"(value) : "r"(field) : "cc");
	return value;
}

#define POINTER_INSN(name, page) ({ u64 at_ = (u64)(page); u8 bad_; asm volatile(#name " %1; setbe %0" : "=q"(bad_) : "m"(at_) : "cc", "memory"); \
	check(!bad_, #name); })

/* The bits that must be 1, and the wanted ones. */
static void control(u64 field, u32 msr, u32 wanted)
{
	u64 allowed = rdmsr(msr);

	check((wanted & ~(u32)(allowed >> 32)) == 0, "control %lx cannot have %x", field, wanted);
	vmwrite(field, wanted | (u32)allowed);
}

static void enter_operation(void)
{
	u32 revision = (u32)rdmsr(MSR_VMX_BASIC);

	asm volatile("mov %0, %%cr4" : : "r"(READ_CR(4) | 1u << 13));
	asm volatile("mov %0, %%cr0" : : "r"(READ_CR(0) | 1u << 5));
	check(rdmsr(MSR_FEATURE_CONTROL) & 1, "feature control is not locked");
	vmxon_page[0] = vmcs_page[0] = other_page[0] = revision;
	POINTER_INSN(vmxon, vmxon_page);
}

static void (*exit_address)(void) = bench_exit;

static void write_host_state(void)
{
	static const u32 selectors[] = { VMCS_HOST_ES_SELECTOR, VMCS_HOST_SS_SELECTOR, VMCS_HOST_DS_SELECTOR };
	struct { u16 limit; u64 base; } packed table;
	u16 tr;

	vmwrite(VMCS_HOST_CR0, READ_CR(0));
	vmwrite(VMCS_HOST_CR3, READ_CR(3));
	vmwrite(VMCS_HOST_CR4, READ_CR(4));
	vmwrite(VMCS_HOST_CS_SELECTOR, CODE_RING0);
	for (u32 i = 0; i < ARRAY_SIZE(selectors); i++)
		vmwrite(selectors[i], DATA_RING0);
	asm volatile("str %0" : "=r"(tr));
	vmwrite(VMCS_HOST_TR_SELECTOR, tr);
	vmwrite(VMCS_HOST_GS_BASE, rdmsr(0xC0000101));
	vmwrite(VMCS_HOST_FS_BASE, 0);
	asm volatile("sgdt %0" : "=m"(table));
	vmwrite(VMCS_HOST_GDTR_BASE, table.base);
	asm volatile("sidt %0" : "=m"(table));
	vmwrite(VMCS_HOST_IDTR_BASE, table.base);
	vmwrite(VMCS_HOST_IA32_EFER, rdmsr(MSR_EFER));
	vmwrite(VMCS_HOST_RIP, (u64)exit_address);
}

static void write_guest_state(void)
{
	for (u32 i = 0; i < 8; i++) {
		bool is_code = i == 1, is_system = i >= 6;

		vmwrite(VMCS_GUEST_ES_SELECTOR + 2 * i, is_code ? CODE_RING0 : is_system ? 0 : DATA_RING0);
		vmwrite(VMCS_GUEST_ES_LIMIT + 2 * i, ~0u);
		vmwrite(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * i, is_code ? 0xA09B : i == 6 ? 0x10000 : i == 7 ? 0x808B : 0xC093);
		vmwrite(VMCS_GUEST_ES_BASE + 2 * i, 0);
	}
	vmwrite(VMCS_GUEST_CR0, READ_CR(0));
	vmwrite(VMCS_GUEST_CR3, READ_CR(3));
	vmwrite(VMCS_GUEST_CR4, READ_CR(4));
	vmwrite(VMCS_GUEST_IA32_EFER, rdmsr(MSR_EFER));
	vmwrite(VMCS_GUEST_RFLAGS, 2);
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_RSP, (u64)(l2_stack + sizeof(l2_stack)));
	vmwrite(VMCS_LINK_POINTER, ~0ull);
	vmwrite(VMCS_GUEST_ACTIVITY_STATE, 0);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG, 0);
}

static void write_controls(void)
{
	control(VMCS_PIN_CONTROLS, 0x48D, 0);
	control(VMCS_PRIMARY_CONTROLS, 0x48E, PRIMARY_SECONDARY_CONTROLS | PRIMARY_USE_MSR_BITMAPS);
	control(VMCS_SECONDARY_CONTROLS, 0x48B, SECONDARY_ENABLE_EPT);
	control(VMCS_EXIT_CONTROLS, 0x48F, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE | EXIT_CONTROL_LOAD_EFER | EXIT_CONTROL_SAVE_EFER);
	control(VMCS_ENTRY_CONTROLS, 0x490, ENTRY_CONTROL_IA32E_MODE_GUEST | ENTRY_CONTROL_LOAD_EFER);
	memset(msr_bitmap, 0xFF, sizeof(msr_bitmap));
	vmwrite(VMCS_MSR_BITMAP, (u64)msr_bitmap);
	vmwrite(VMCS_EPT_POINTER, (u64)ept_root | EPTP_WB_4_LEVELS);
	vmwrite(VMCS_CR0_MASK, 0);
	vmwrite(VMCS_CR4_MASK, 0);
	vmwrite(VMCS_EXCEPTION_BITMAP, 0);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_ENTRY_INTERRUPTION_INFO, 0);
}

static void build_ept(void)
{
	ept_root[0] = (u64)ept_pointers | EPT_ALL;
	ept_pointers[0] = (u64)ept_directory | EPT_ALL;
	for (u64 i = 0; i < MAPPED_PAGES; i++)
		ept_directory[i] = i << 21 | EPT_LARGE_WB;
}

static void measure(const char *name, const u8 *code, u32 bytes, u32 reason)
{
	bool counts_exits = code == l2_cpuid && exit_address == bench_exit;

	POINTER_INSN(vmclear, vmcs_page);
	POINTER_INSN(vmptrld, vmcs_page);
	write_controls();
	write_host_state();
	write_guest_state();
	vmwrite(VMCS_GUEST_RIP, (u64)code);
	bench_instruction_bytes = bytes;
	bench_rounds = 20; /* the first ones fill EPT02 */
	bench_enter();
	check((u32)vmread(VMCS_EXIT_REASON) == reason, "%s: exit reason %lx, qualification %lx", name, vmread(VMCS_EXIT_REASON),
	      vmread(VMCS_EXIT_QUALIFICATION));
	POINTER_INSN(vmclear, vmcs_page);
	POINTER_INSN(vmptrld, vmcs_page);
	vmwrite(VMCS_GUEST_RIP, (u64)code);
	bench_rounds = ROUNDS;
	if (counts_exits)
		outb(HEALTH_PORT, 1);
	u64 start = rdtsc();
	bench_enter();
	u64 ticks = rdtsc() - start;
	if (counts_exits)
		outb(HEALTH_PORT, 1);
	print("bench: %s %lu\n", name, ticks / ROUNDS);
}

/* Enters L2 once, up to its VMCALL. */
static u64 run_once(const u8 *code)
{
	vmwrite(VMCS_GUEST_RIP, (u64)code);
	POINTER_INSN(vmclear, vmcs_page);
	POINTER_INSN(vmptrld, vmcs_page);
	bench_rounds = 1;
	u64 start = rdtsc();
	bench_enter();
	u64 ticks = rdtsc() - start;
	check((u32)vmread(VMCS_EXIT_REASON) == EXIT_VMCALL, "exit reason %lx", vmread(VMCS_EXIT_REASON));
	return ticks;
}

/* What L0 does alone: the same run twice, the second time with nothing left to fill. */
static void report_fill(void)
{
	u64 operand[2] = { (u64)ept_root | EPTP_WB_4_LEVELS, 0 };

	run_once(l2_fill);
	asm volatile("invept %0, %1" : : "m"(operand), "r"(1ull) : "cc", "memory");
	run_once(l2_vmcall); /* the page of the code itself */
	u64 filling = run_once(l2_fill), filled = run_once(l2_fill);
	print("bench: l2_fill_2m %lu\n", (filling - filled) / FILLED_PAGES);
}

static void on_timer(struct trap_frame *frame)
{
	(void)frame;
	lapic_write(APIC_EOI, 0);
}

/* A timer interrupt of the machine while L2 counts with interrupts off; L1, which does not intercept it, has it afterwards. */
static void report_interrupt(void)
{
	trap_set(TIMER_VECTOR, on_timer);
	lapic_enable();
	lapic_write(APIC_TIMER, DEADLINE_MODE | TIMER_VECTOR);
	run_once(l2_count);
	u64 quiet = run_once(l2_count);
	wrmsr(MSR_DEADLINE, rdtsc() + 20000);
	u64 interrupted = run_once(l2_count);
	print("bench: l2_interrupt_l0 %lu\n", interrupted - quiet);
	interrupts_on();
	pause();
	interrupts_off();
}

static void report_instructions(void)
{
	u64 start = rdtsc();

	for (u32 i = 0; i < ROUNDS; i++)
		vmread(VMCS_GUEST_RIP);
	u64 middle = rdtsc();
	for (u32 i = 0; i < ROUNDS; i++)
		vmwrite(VMCS_EXCEPTION_BITMAP, 0);
	print("bench: vmread_shadowed %lu\nbench: vmwrite_control %lu\n", (middle - start) / ROUNDS, (rdtsc() - middle) / ROUNDS);
}

/* As a hypervisor with more than one vCPU on a CPU does, or one that runs as L1 and has an L2 of its own. */
static void report_switch(void)
{
	POINTER_INSN(vmclear, other_page);
	u64 start = rdtsc();
	for (u32 i = 0; i < ROUNDS; i++) {
		POINTER_INSN(vmptrld, other_page);
		POINTER_INSN(vmptrld, vmcs_page);
	}
	print("bench: vmptrld_other %lu\n", (rdtsc() - start) / (2 * ROUNDS));
}

void guest_other(void)
{
}

void guest_main(void)
{
	traps_init(0);
	build_ept();
	enter_operation();
	asm volatile("mov %0, %%rsi" : : "r"(0x4000000ull) : "rsi");
	measure("l2_cpuid", l2_cpuid, 2, EXIT_CPUID);
	measure("l2_vmcall", l2_vmcall, 3, EXIT_VMCALL);
	measure("l2_rdmsr", l2_rdmsr, 2, EXIT_RDMSR);
	exit_address = bench_exit_reads;
	measure("l2_cpuid_three_reads", l2_cpuid, 2, EXIT_CPUID);
	exit_address = bench_exit;
	measure("l2_ept_violation", l2_touch, 0, EXIT_EPT_VIOLATION);
	report_fill();
	report_interrupt();
	report_instructions();
	report_switch();
	print("bench: done\n");
	finish("nested");
}
