/* SPDX-License-Identifier: Apache-2.0 */
/*
 * L1 as a 32-bit hypervisor with PAE paging: VMX instructions with 32-bit operands, VM entries, VM exits to a 32-bit host with its PDPTEs. The VMCS is
 * made ready in 64-bit code; what is to be done in 32-bit code is a list of steps for vmx_legacy_code.S.
 * Source: Intel SDM volume 3 "Checks Related to Address-Space Size", "Loading Host Page-Directory-Pointer-Table Entries".
 */
#include "guest.h"
#include "vmx.h"

#define CODE32 0x18
#define MSR_EFER 0xC0000080u
#define CR4_PCIDE 0x20000ull
#define CR4_VMXE 0x2000ull
#define RESULT_EXIT 0x100u
#define WINDOW 0x80000000u /* of the third gigabyte, on the first */
#define L2_EAX 0x12345678u

/* the order is the assembly's */
enum operation { END, VMXON, VMXOFF, VMCLEAR, VMPTRLD, VMPTRST, VMWRITE, VMREAD, VMWRITE_MEMORY, VMREAD_MEMORY, VMLAUNCH, VMRESUME, READ_MSR, READ_CR0,
		 READ_CR3, READ_CR4, WRITE_CR3, READ_MEMORY };
struct step { u32 operation, result, encoding, value; u64 memory; };

void legacy_run(struct step *steps);
extern const u8 l2_legacy[], l2_legacy_cr3[];
extern u32 legacy_tables;
extern u64 page_directories[];

/* Onto itself but for the third gigabyte, which shows the first; and one with a reserved bit set. */
static u64 plain_tables[4] __attribute__((aligned(32))), window_tables[4] __attribute__((aligned(32))),
	bad_tables[4] __attribute__((aligned(32)));
static struct step steps[40];
static u32 count;
static u32 marker;

static void expect(u64 value, u64 wanted, const char *what)
{
	check(value == wanted, "%s: %lx, not %lx", what, value, wanted);
}

static struct step *add(enum operation operation, u32 encoding, u64 value)
{
	struct step *s = &steps[count++];

	*s = (struct step){ .operation = operation, .result = ~0u, .encoding = encoding, .value = (u32)value, .memory = value };
	return s;
}

static void begin(void)
{
	count = 0;
	add(VMXON, 0, (u64)&vmxon_region);
	add(VMPTRLD, 0, (u64)&vmcs_region);
}

static void run(void)
{
	add(VMCLEAR, 0, (u64)&vmcs_region);
	add(VMXOFF, 0, 0);
	add(END, 0, 0);
	legacy_tables = (u32)(u64)plain_tables;
	legacy_run(steps);
	expect(steps[0].result, VM_OK, "VMXON");
	expect(steps[1].result, VM_OK, "VMPTRLD");
	expect(steps[count - 3].result, VM_OK, "VMCLEAR");
	expect(steps[count - 2].result, VM_OK, "VMXOFF");
}

static void fill_tables(void)
{
	for (u64 i = 0; i < 4; i++)
		plain_tables[i] = window_tables[i] = bad_tables[i] = ((u64)page_directories + i * 4096) | 1;
	window_tables[2] = (u64)page_directories | 1;
	bad_tables[3] |= 1 << 5;
}

/* Opens the VMCS in 64-bit code, with everything of a 32-bit host and a 32-bit guest in it. */
static void open_world(void)
{
	expect(vmx_on((u64)&vmxon_region), VM_OK, "VMXON");
	world_reset();
	world_clear_control(VMCS_EXIT_CONTROLS, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE);
	world_clear_control(VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_IA32E_MODE_GUEST);
	set(VMCS_GUEST_IA32_EFER, 0);
	set(VMCS_HOST_IA32_EFER, 0);
	set(VMCS_GUEST_CS_SELECTOR, CODE32);
	set(VMCS_GUEST_CS_ACCESS_RIGHTS, 0xC09B);
	set(VMCS_HOST_CS_SELECTOR, CODE32);
	set(VMCS_GUEST_CR3, (u64)plain_tables);
	set(VMCS_HOST_CR3, (u64)plain_tables);
	set(VMCS_GUEST_RIP, (u64)l2_legacy);
}

static void close_world(void)
{
	expect(vmx_clear((u64)&vmcs_region), VM_OK, "VMCLEAR");
	expect(vmx_off(), VM_OK, "VMXOFF");
}

static void test_from_long_mode(void)
{
	open_world();
	expect(l2_continue(), L2_FAILED + VM_FAIL_VALID, "32-bit host of a 64-bit L1");
	expect(instruction_error(), VMERR_ENTRY_HOST_STATE, "its error");
	close_world();
}

static void test_exit(void)
{
	open_world();
	set(VMCS_HOST_CR3, (u64)window_tables);
	close_world();
	begin();
	struct step *launch = add(VMLAUNCH, 0, 0), *reason = add(VMREAD, VMCS_EXIT_REASON, 0), *efer = add(READ_MSR, MSR_EFER, 0);
	struct step *cr0 = add(READ_CR0, 0, 0), *cr3 = add(READ_CR3, 0, 0), *cr4 = add(READ_CR4, 0, 0);
	struct step *seen = add(READ_MEMORY, 0, WINDOW + (u64)&marker), *old = add(WRITE_CR3, 0, (u64)plain_tables);
	struct step *host = add(VMWRITE, VMCS_HOST_CR3, (u64)plain_tables), *length = add(VMREAD, VMCS_EXIT_INSTRUCTION_LENGTH, 0);
	struct step *rip = add(VMWRITE, VMCS_GUEST_RIP, (u64)l2_legacy), *resume = add(VMRESUME, 0, 0), *again = add(READ_CR3, 0, 0);
	marker = 0xC0FFEE;
	run();
	expect(launch->result, RESULT_EXIT, "VMLAUNCH");
	expect(launch->value, L2_EAX, "what L2 left");
	expect(reason->value, EXIT_VMCALL, "its exit");
	expect(length->value, 3, "its length");
	expect(efer->value, 0, "EFER of the host");
	expect(cr0->value, READ_CR(0), "CR0 of the host");
	expect(cr3->value, (u64)window_tables, "CR3 of the host");
	expect(cr4->value, READ_CR(4), "CR4 of the host");
	expect(seen->value, marker, "through the host's PDPTEs");
	check(old->result == ~0u && host->result == VM_OK && rip->result == VM_OK, "steps between");
	expect(resume->result, RESULT_EXIT, "VMRESUME");
	expect(again->value, (u64)plain_tables, "CR3 of the host after VMRESUME");
}

static void test_operands(void)
{
	open_world();
	set(VMCS_TSC_OFFSET, 0x1122334455667788);
	set(VMCS_GUEST_IA32_SYSENTER_ESP, 0x7FFFAABBCCDD);
	close_world();
	begin();
	struct step *low = add(VMREAD, VMCS_TSC_OFFSET, 0), *high = add(VMREAD, VMCS_TSC_OFFSET + 1, 0);
	struct step *natural = add(VMREAD, VMCS_GUEST_IA32_SYSENTER_ESP, 0), *memory = add(VMREAD_MEMORY, VMCS_TSC_OFFSET, 0xAAAAAAAAAAAAAAAA);
	struct step *put_high = add(VMWRITE, VMCS_TSC_OFFSET + 1, 0x99887766), *both = add(VMREAD, VMCS_TSC_OFFSET, 0);
	struct step *put_memory = add(VMWRITE_MEMORY, VMCS_IO_BITMAP_A + 1, 0xFFFFFFFF00000077), *got = add(VMREAD, VMCS_IO_BITMAP_A + 1, 0);
	struct step *put_low = add(VMWRITE, VMCS_TSC_OFFSET, 0x12), *cut = add(VMREAD, VMCS_TSC_OFFSET + 1, 0);
	struct step *stored = add(VMPTRST, 0, ~0ull), *none = add(VMREAD, 0x0C80, 0x5A5A), *error = add(VMREAD, VMCS_INSTRUCTION_ERROR, 0);
	run();
	expect(low->value, 0x55667788, "low part");
	expect(high->value, 0x11223344, "high part");
	expect(natural->value, 0xAABBCCDD, "natural-width field");
	expect(memory->memory, 0xAAAAAAAA55667788, "VMREAD to memory");
	check(put_high->result == VM_OK && both->value == 0x55667788, "VMWRITE of a high part");
	check(put_memory->result == VM_OK && got->value == 0x77, "VMWRITE from memory: %x", got->value);
	check(put_low->result == VM_OK && cut->value == 0, "VMWRITE of the whole leaves %x above", cut->value);
	expect(stored->memory, (u64)&vmcs_region, "VMPTRST");
	check(none->result == VM_FAIL_VALID && none->value == 0x5A5A, "VMREAD of no field: %x", none->result);
	expect(error->value, VMERR_UNSUPPORTED_FIELD, "its error");
}

static const struct { const char *name; u64 field, set, clear; } refusals[] = {
	{ "64-bit host of a 32-bit L1", VMCS_EXIT_CONTROLS, EXIT_CONTROL_HOST_ADDRESS_SPACE_SIZE, 0 },
	{ "64-bit guest of a 32-bit L1", VMCS_ENTRY_CONTROLS, ENTRY_CONTROL_IA32E_MODE_GUEST, 0 },
	{ "host PCIDE", VMCS_HOST_CR4, CR4_PCIDE, 0 },
	{ "host EFER.LMA", VMCS_HOST_IA32_EFER, 0x500, 0 },
	{ "host SS null", VMCS_HOST_SS_SELECTOR, 0, 0xFFFF },
};

static void test_refusals(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(refusals); i++) {
		open_world();
		set(refusals[i].field, (field(refusals[i].field) & ~refusals[i].clear) | refusals[i].set);
		if (refusals[i].field == VMCS_EXIT_CONTROLS)
			set(VMCS_HOST_IA32_EFER, 0x500);
		close_world();
		begin();
		struct step *launch = add(VMLAUNCH, 0, 0), *error = add(VMREAD, VMCS_INSTRUCTION_ERROR, 0);
		run();
		expect(launch->result, VM_FAIL_VALID, refusals[i].name);
		expect(error->value, VMERR_ENTRY_HOST_STATE, refusals[i].name);
	}
}

static void test_guest_tables(void)
{
	open_world();
	set(VMCS_GUEST_CR3, (u64)bad_tables);
	close_world();
	begin();
	struct step *launch = add(VMLAUNCH, 0, 0), *reason = add(VMREAD, VMCS_EXIT_REASON, 0), *why = add(VMREAD, VMCS_EXIT_QUALIFICATION, 0);
	add(VMWRITE, VMCS_GUEST_CR3, (u64)window_tables);
	struct step *good = add(VMLAUNCH, 0, 0), *then = add(VMREAD, VMCS_EXIT_REASON, 0);
	run();
	expect(launch->result, RESULT_EXIT, "PDPTEs of L2");
	expect(reason->value, EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE, "PDPTEs of L2");
	expect(why->value, 2, "their qualification");
	check(good->result == RESULT_EXIT && then->value == EXIT_VMCALL, "entry afterwards: %x, exit %x", good->result, then->value);
}

/* With EPT the PDPTEs of L2 are fields of the VMCS: the entry believes them, an exit saves them, MOV to CR3 loads them. */
static void test_guest_tables_with_ept(void)
{
	if (!world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
		return;
	open_world();
	world_use_ept();
	for (u32 i = 0; i < 4; i++)
		set(VMCS_GUEST_PDPTE0 + 2 * i, plain_tables[i]);
	set(VMCS_GUEST_PDPTE3, bad_tables[3]);
	close_world();
	begin();
	struct step *launch = add(VMLAUNCH, 0, 0), *reason = add(VMREAD, VMCS_EXIT_REASON, 0), *why = add(VMREAD, VMCS_EXIT_QUALIFICATION, 0);
	add(VMWRITE, VMCS_GUEST_PDPTE3, plain_tables[3]);
	add(VMWRITE, VMCS_GUEST_CR3, (u64)window_tables); /* not looked at: L2 still has the plain ones */
	struct step *good = add(VMLAUNCH, 0, 0), *third = add(VMREAD, VMCS_GUEST_PDPTE2, 0);
	add(VMWRITE, VMCS_GUEST_RIP, (u64)l2_legacy_cr3);
	struct step *moved = add(VMRESUME, 0, 0), *new_third = add(VMREAD, VMCS_GUEST_PDPTE2, 0), *last = add(VMREAD, VMCS_EXIT_REASON, 0);
	run();
	check(launch->result == RESULT_EXIT && reason->value == (EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE) && why->value == 2,
	      "PDPTE fields of L2: %x, exit %x, qualification %x", launch->result, reason->value, why->value);
	check(good->result == RESULT_EXIT && good->value == L2_EAX, "entry with PDPTE fields: %x", good->result);
	expect(third->value, plain_tables[2], "PDPTE2 after the exit");
	check(moved->result == RESULT_EXIT && last->value == EXIT_VMCALL, "MOV to CR3: %x, exit %x", moved->result, last->value);
	expect(new_third->value, window_tables[2], "PDPTE2 after MOV to CR3");
}

void vmx_test_legacy(void)
{
	fill_tables();
	test_from_long_mode();
	test_exit();
	test_operands();
	test_refusals();
	test_guest_tables();
	test_guest_tables_with_ept();
}

/* Three mistakes there is no way back from, by the indicator they leave: MSRs that cannot be stored or loaded, PDPTEs of the host. */
void vmx_abort(u32 indicator)
{
	static struct { u32 index, zero; u64 value; } area __attribute__((aligned(16))) = { .zero = 1 };

	fill_tables();
	open_world();
	if (indicator == 1) {
		set(VMCS_EXIT_MSR_STORE_ADDRESS, (u64)&area);
		set(VMCS_EXIT_MSR_STORE_COUNT, 1);
	} else if (indicator == 4) {
		set(VMCS_EXIT_MSR_LOAD_ADDRESS, (u64)&area);
		set(VMCS_EXIT_MSR_LOAD_COUNT, 1);
	} else {
		set(VMCS_HOST_CR3, (u64)bad_tables);
	}
	close_world();
	begin();
	add(VMLAUNCH, 0, 0);
	print("vmx: about to abort\n");
	run();
	check(false, "came back from a VMX abort");
}
