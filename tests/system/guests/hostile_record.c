/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What came of an entry: result, reason, qualification, and a hash over everything else that the manual defines for that exit: L2's state, L1's host
 * state as it was loaded, the pages L2 could write. `verbose` prints each number. Then the machine is put back.
 */
#include "hostile.h"

#define FNV 0x100000001B3ull
#define HAS(set, reason) ((set) >> (reason) & 1)

bool verbose;
static u64 hash;

/* Exit reasons with an instruction length, and with instruction information, below 64. */
static const u64 with_length = 1ull << EXIT_TASK_SWITCH | 1ull << EXIT_CPUID | 1ull << EXIT_GETSEC | 1ull << EXIT_HLT | 1ull << EXIT_INVD |
	1ull << EXIT_INVLPG | 1ull << EXIT_RDPMC | 1ull << EXIT_RDTSC | 0x3FFull << EXIT_VMCALL | 0x1Full << EXIT_CR_ACCESS |
	1ull << EXIT_MWAIT | 1ull << EXIT_MONITOR | 1ull << EXIT_PAUSE | 3ull << EXIT_GDTR_IDTR | 3ull << EXIT_INVEPT |
	7ull << EXIT_INVVPID | 7ull << EXIT_RDRAND | 1ull << EXIT_RDSEED | 1ull << EXIT_XSAVES;
static const u64 with_information = 1ull << EXIT_VMCLEAR | 1ull << EXIT_VMPTRLD | 1ull << EXIT_VMPTRST | 1ull << EXIT_VMREAD | 1ull << EXIT_VMWRITE |
	1ull << EXIT_VMXON | 3ull << EXIT_GDTR_IDTR | 1ull << EXIT_INVEPT | 1ull << EXIT_INVVPID | 1ull << EXIT_INVPCID | 1ull << EXIT_RDRAND |
	1ull << EXIT_RDSEED | 1ull << EXIT_XSAVES;

void record_start(void)
{
	hash = 0xCBF29CE484222325ull;
}

u64 record_hash(void)
{
	return hash;
}

void note(const char *name, u64 v)
{
	for (u32 i = 0; i < 4; i++, v = v >> 16 | v << 48)
		hash = (hash ^ (v & 0xFFFF)) * FNV;
	if (verbose)
		print("| %s %lx\n", name, v);
}

#define record_line(...) ({ print("@%lu v%u %s: ", case_number, variant, program_name); print(__VA_ARGS__); print("\n"); })

static void note_field(const char *name, u32 encoding)
{
	u64 v = 0;

	if (vmx_read(encoding, &v) == VM_OK)
		note(name, v);
}

/*
 * RFLAGS.RF, in the field and in a stack frame. Bochs sets it whenever an EPT violation cuts the delivery of an event short. Such an exit is L0's own
 * business when L2 has tables of its own there, for L1's EPT or an APIC-access page: RF counts only without.
 */
static u64 without_rf(u64 flags)
{
	bool is_own = has_ept() || (uses(VMCS_PRIMARY_CONTROLS, PRIMARY_SECONDARY_CONTROLS) &&
				    uses(VMCS_SECONDARY_CONTROLS, SECONDARY_VIRTUALIZE_APIC_ACCESSES));

	return is_own ? flags & ~0x0001000000010000ul : flags;
}

static void note_page(const char *name, u32 page)
{
	const u64 *words = (const u64 *)arena(page);
	u64 sum = 0;

	for (u32 i = 0; i < 512; i++)
		sum = (sum ^ (page == P_STACK ? without_rf(words[i]) : words[i])) * FNV;
	note(name, sum);
}

static void note_event(const char *name, u32 information, u32 error)
{
	u64 info = field(information);

	note(name, info & INTERRUPTION_VALID ? info : 0);
	if (info & INTERRUPTION_VALID && info & INTERRUPTION_HAS_ERROR)
		note_field("error code", error);
}

static void note_exit_information(u32 reason)
{
	u64 info = field(VMCS_EXIT_INTERRUPTION_INFO), vectoring = field(VMCS_IDT_VECTORING_INFO);
	bool is_software = (info & INTERRUPTION_VALID && INTERRUPTION_TYPE((u32)info) > 4 && !reason) ||
			   (vectoring & INTERRUPTION_VALID && INTERRUPTION_TYPE((u32)vectoring) >= 4 && INTERRUPTION_TYPE((u32)vectoring) <= 6);

	note_event("interruption", VMCS_EXIT_INTERRUPTION_INFO, VMCS_EXIT_INTERRUPTION_ERROR_CODE);
	note_event("vectoring", VMCS_IDT_VECTORING_INFO, VMCS_IDT_VECTORING_ERROR_CODE);
	if ((reason < 64 && HAS(with_length, reason) && reason != EXIT_TASK_SWITCH) || is_software)
		note_field("length", VMCS_EXIT_INSTRUCTION_LENGTH);
	if ((reason < 64 && HAS(with_information, reason)) || (reason == EXIT_IO && caps_common(CAP_BASIC) >> 54 & 1 && field(VMCS_EXIT_QUALIFICATION) & 0x10))
		note_field("information", VMCS_EXIT_INSTRUCTION_INFO);
	if (reason == EXIT_EPT_VIOLATION || reason == EXIT_EPT_MISCONFIGURATION)
		note_field("guest-physical", VMCS_GUEST_PHYSICAL_ADDRESS);
	if ((reason == EXIT_EPT_VIOLATION && field(VMCS_EXIT_QUALIFICATION) & 0x80) || (reason == EXIT_IO && field(VMCS_EXIT_QUALIFICATION) & 0x10))
		note_field("guest-linear", VMCS_GUEST_LINEAR_ADDRESS);
}

/* The timer's rest is a matter of time; PDPTEs without EPT are undefined. SDM "Saving Control Registers, Debug Registers, and MSRs" */
static bool is_defined(u32 encoding)
{
	bool is_pdpte = encoding >= VMCS_GUEST_PDPTE0 && encoding <= VMCS_GUEST_PDPTE3;

	return (encoding >> 10 & 3) == 2 && encoding != VMCS_PREEMPTION_TIMER_VALUE && (has_ept() || !is_pdpte);
}

static void note_guest(void)
{
	for (u32 i = 1; i < field_count; i++)
		if (field_list[i] == VMCS_GUEST_RFLAGS) {
			note("RFLAGS", without_rf(field(VMCS_GUEST_RFLAGS)));
		} else if (is_defined(field_list[i])) {
			if (verbose)
				print("| field %x\n", field_list[i]);
			note_field("is", field_list[i]);
		}
	note_field("entry controls", VMCS_ENTRY_CONTROLS);
	note_field("entry event", VMCS_ENTRY_INTERRUPTION_INFO);
}

static void note_registers(void)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		if (!program_is_timed || i > 2)
			note(names[i], ((const u64 *)&hostile_gprs)[i]);
	note("cr2", READ_CR(2));
	note_page("data", P_DATA);
	note_page("stack", P_STACK);
	note_page("APIC access", P_APIC_ACCESS);
	note_page("virtual APIC", P_VIRTUAL_APIC);
}

static void note_host(void)
{
	static const char *const names[] = { "host rsp", "host rflags", "host cr0", "host cr3", "host cr4", "host gs base", "host es", "host cs",
					     "host ss", "host ds", "host fs", "host gs", "host tr" };
	static const u32 msrs[] = { 0xC0000080, 0x277, 0x174, 0x175, 0x176, 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000102 };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		note(names[i], ((const u64 *)&hostile_loaded)[i]);
	note("host gdtr", hostile_loaded.gdtr.base);
	note("host idtr", hostile_loaded.idtr.base);
	note("host limits", (u64)hostile_loaded.gdtr.limit << 16 | hostile_loaded.idtr.limit);
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++)
		note("host MSR", rdmsr(msrs[i]));
	note_page("stored MSRs", P_STORED_MSRS);
}

static void clear_debug_registers(void)
{
	asm volatile("mov %0, %%dr7; mov %1, %%dr0; mov %1, %%dr1; mov %1, %%dr2; mov %1, %%dr3; mov %2, %%dr6; mov %1, %%cr2; mov %1, %%cr8"
		     : : "r"(0x400ull), "r"(0ull), "r"(0xFFFF0FF0ull));
}

/* What entries and exits leave in the registers of this CPU. */
void restore_machine(void)
{
	static const u32 zeroed[] = { 0x174, 0x175, 0x176, 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100, 0xC0000102 };

	wrmsr(0xC0000080, 0xD00);
	wrmsr(0x277, 0x0007040600070406);
	for (u32 i = 0; i < ARRAY_SIZE(zeroed); i++)
		wrmsr(zeroed[i], 0);
	clear_debug_registers();
}

/*
 * Guest state is checked in an order of the CPU's own. The qualification says nothing if the entry fails as well with a good link pointer and good
 * PDPTEs, which are what has a qualification.
 */
static bool qualification_counts(u32 reason)
{
	bool has_pdptes = !has_ept() && value(VMCS_GUEST_CR4) & 0x20 && !uses(VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_IA32E_MODE_GUEST);
	bool counts = true;

	if (reason != (EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE) || (value(VMCS_LINK_POINTER) == ~0ull && !has_pdptes))
		return true;
	set(VMCS_LINK_POINTER, ~0ull);
	if (has_pdptes && !(value(VMCS_GUEST_CR3) >> caps_physical_bits())) /* a CR3 that is no address fails by itself */
		set(VMCS_GUEST_CR3, arena(P_PD_PAE));
	if (!hostile_enter(true))
		counts = field(VMCS_EXIT_REASON) != reason;
	return counts;
}

/* What only one of the machines says more about. */
static u64 common_qualification(u32 reason, u64 qualification)
{
	if (!qualification_counts(reason))
		return 0;
	if ((reason == EXIT_VMREAD || reason == EXIT_VMWRITE) && field(VMCS_EXIT_INSTRUCTION_INFO) & 1 << 10)
		return 0; /* a register operand: Bochs gives what its decoder had there before */
	return reason == EXIT_EPT_VIOLATION && caps_differ(CAP_EPT_VPID) >> 22 & 1 ? qualification & ~0xE00ull : qualification;
}

void record_entry(bool launch)
{
	u32 result = hostile_enter(launch);

	if (result) {
		record_line("fail%u.%lu", result, result == VM_FAIL_VALID ? instruction_error() : 0);
		return;
	}
	u32 reason = (u32)field(VMCS_EXIT_REASON);
	if (reason == EXIT_PREEMPTION_TIMER && value(VMCS_PREEMPTION_TIMER_VALUE)) {
		record_line("timer");
		return;
	}
	u64 qualification = field(VMCS_EXIT_QUALIFICATION);
	if (!(reason & EXIT_REASON_ENTRY_FAILURE)) {
		note_exit_information(reason);
		note_registers();
	}
	note_guest();
	u64 guest = record_hash();
	record_start();
	note_host();
	qualification = common_qualification(reason, qualification);
	record_line("exit%x q%lx g%x h%x", reason, qualification, (u32)guest, (u32)record_hash());
}
