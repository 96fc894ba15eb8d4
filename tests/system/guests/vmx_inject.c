/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of event an entry can inject: delivered, cut short by L1's EPT, cut short where only L0 sees it, running into an exception.
 * Source: Intel SDM volume 3 "Event Injection", "Information for VM Exits That Occur During Event Delivery".
 */
#include "guest.h"
#include "vmx.h"

#define IF 0x200u
#define IDT_COPY 0x1100000ull /* in the 4 KiB pages of vmx_world.c */
#define EPT_ENTRY(address) ((address) | 7 | 6 << 3)
#define VECTOR_SOFT 0x52u
#define VECTOR_EXTERNAL 0x50u

static const struct event {
	const char *name;
	u32 type, vector;
	bool has_error;
	u32 error;
	u32 length; /* of the instruction, for the software types */
} events[] = {
	{ "external interrupt", TYPE_EXTERNAL_INTERRUPT, VECTOR_EXTERNAL, false, 0, 0 },
	{ "NMI", TYPE_NMI, VECTOR_NMI, false, 0, 0 },
	{ "#DE", TYPE_HARDWARE_EXCEPTION, 0, false, 0, 0 },
	{ "#DB", TYPE_HARDWARE_EXCEPTION, 1, false, 0, 0 },
	{ "#UD", TYPE_HARDWARE_EXCEPTION, 6, false, 0, 0 },
	{ "#NM", TYPE_HARDWARE_EXCEPTION, 7, false, 0, 0 },
	{ "#DF", TYPE_HARDWARE_EXCEPTION, 8, true, 0, 0 },
	{ "#TS", TYPE_HARDWARE_EXCEPTION, 10, true, 0x28, 0 },
	{ "#NP", TYPE_HARDWARE_EXCEPTION, 11, true, 0xFFF8, 0 },
	{ "#SS", TYPE_HARDWARE_EXCEPTION, 12, true, 0, 0 },
	{ "#GP", TYPE_HARDWARE_EXCEPTION, 13, true, 0x7FFF, 0 },
	{ "#PF", TYPE_HARDWARE_EXCEPTION, 14, true, 0x15, 0 },
	{ "#MF", TYPE_HARDWARE_EXCEPTION, 16, false, 0, 0 },
	{ "#AC", TYPE_HARDWARE_EXCEPTION, 17, true, 0, 0 },
	{ "#XM", TYPE_HARDWARE_EXCEPTION, 19, false, 0, 0 },
	{ "INT n", TYPE_SOFTWARE_INTERRUPT, VECTOR_SOFT, false, 0, 2 },
	{ "INT n, 9 bytes long", TYPE_SOFTWARE_INTERRUPT, VECTOR_SOFT, false, 0, 9 },
	{ "INT1", TYPE_PRIVILEGED_SOFTWARE_EXCEPTION, 1, false, 0, 1 },
	{ "INT3", TYPE_SOFTWARE_EXCEPTION, 3, false, 0, 1 },
	{ "INTO", TYPE_SOFTWARE_EXCEPTION, 4, false, 0, 1 },
};

static struct trap_frame taken;
static u32 taken_count;

static void take(struct trap_frame *f)
{
	taken = *f;
	taken_count++;
	if (f->vector != VECTOR_SOFT || f->rip == (u64)l2_vmcall)
		return;
	f->rip = (u64)l2_vmcall; /* behind an instruction that was never there */
}

static u32 information(const struct event *e)
{
	return INTERRUPTION_VALID | (e->has_error ? INTERRUPTION_HAS_ERROR : 0) | e->type << 8 | e->vector;
}

static bool is_software(const struct event *e)
{
	return e->type >= TYPE_SOFTWARE_INTERRUPT && e->type <= TYPE_SOFTWARE_EXCEPTION;
}

/* L2 is to begin behind the instruction of a software event, at l2_vmcall. */
static u64 start_of(const struct event *e)
{
	return (u64)l2_vmcall - (is_software(e) ? e->length : 0);
}

static void inject(const struct event *e)
{
	set(VMCS_GUEST_RFLAGS, 2 | IF);
	set(VMCS_GUEST_RIP, start_of(e));
	set(VMCS_ENTRY_INTERRUPTION_INFO, information(e));
	set(VMCS_ENTRY_EXCEPTION_ERROR_CODE, e->error);
	set(VMCS_ENTRY_INSTRUCTION_LENGTH, e->length);
	taken_count = 0;
}

static void expect_taken(const struct event *e, u32 reason, const char *how)
{
	check(reason == EXIT_VMCALL, "%s %s: exit %x", e->name, how, reason);
	check(taken_count == 1 && taken.vector == e->vector, "%s %s: taken %u times, vector %lu", e->name, how, taken_count, taken.vector);
	check(taken.rip == (u64)l2_vmcall && taken.cs == CODE_RING0, "%s %s: RIP %lx", e->name, how, taken.rip);
	check(!e->has_error || taken.error == e->error, "%s %s: error code %lx", e->name, how, taken.error);
	check((taken.rflags & ~0x10000ull) == (2 | IF), "%s %s: flags %lx", e->name, how, taken.rflags);
	check(field(VMCS_ENTRY_INTERRUPTION_INFO) == (information(e) & ~INTERRUPTION_VALID), "%s %s: still %lx", e->name, how,
	      field(VMCS_ENTRY_INTERRUPTION_INFO));
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "%s %s: vectoring %lx", e->name, how, field(VMCS_IDT_VECTORING_INFO));
}

static void test_delivered(const struct event *e)
{
	world_reset();
	inject(e);
	expect_taken(e, l2_continue(), "delivered");
	set(VMCS_GUEST_RIP, (u64)l2_vmcall);
	check(l2_continue() == EXIT_VMCALL && taken_count == 1, "%s is injected again", e->name);
}

static void use_idt_copy(void)
{
	struct { u16 limit; u64 base; } packed idtr;

	asm volatile("sidt %0" : "=m"(idtr));
	memcpy((void *)IDT_COPY, (void *)idtr.base, 4096);
	world_use_ept();
	set(VMCS_GUEST_IDTR_BASE, IDT_COPY);
}

static void expect_vectoring(const struct event *e, const char *how)
{
	check(field(VMCS_IDT_VECTORING_INFO) == information(e), "%s %s: vectoring %lx, not %x", e->name, how, field(VMCS_IDT_VECTORING_INFO),
	      information(e));
	check(!e->has_error || field(VMCS_IDT_VECTORING_ERROR_CODE) == e->error, "%s %s: vectoring error %lx", e->name, how,
	      field(VMCS_IDT_VECTORING_ERROR_CODE));
	check(!is_software(e) || field(VMCS_EXIT_INSTRUCTION_LENGTH) == e->length, "%s %s: length %lu", e->name, how,
	      field(VMCS_EXIT_INSTRUCTION_LENGTH));
	check(field(VMCS_GUEST_RIP) == start_of(e), "%s %s: RIP %lx", e->name, how, field(VMCS_GUEST_RIP));
	check(!(field(VMCS_ENTRY_INTERRUPTION_INFO) & INTERRUPTION_VALID), "%s %s: still valid", e->name, how);
	check(taken_count == 0, "%s %s: taken", e->name, how);
}

/* The gate is not there in L1's EPT: L1 sees what was being delivered, and gives it back once the page is there. */
static void test_cut_short(const struct event *e)
{
	world_reset();
	use_idt_copy();
	*world_ept_entry(IDT_COPY, 1) = 0;
	inject(e);
	u32 reason = l2_continue();
	check(reason == EXIT_EPT_VIOLATION, "%s cut short: exit %x", e->name, reason);
	check(field(VMCS_GUEST_PHYSICAL_ADDRESS) == IDT_COPY + 16 * e->vector, "%s cut short at %lx", e->name, field(VMCS_GUEST_PHYSICAL_ADDRESS));
	expect_vectoring(e, "cut short");
	*world_ept_entry(IDT_COPY, 1) = EPT_ENTRY(IDT_COPY);
	set(VMCS_ENTRY_INTERRUPTION_INFO, field(VMCS_IDT_VECTORING_INFO));
	set(VMCS_ENTRY_EXCEPTION_ERROR_CODE, field(VMCS_IDT_VECTORING_ERROR_CODE));
	set(VMCS_ENTRY_INSTRUCTION_LENGTH, field(VMCS_EXIT_INSTRUCTION_LENGTH));
	set(VMCS_GUEST_INTERRUPTIBILITY, field(VMCS_GUEST_INTERRUPTIBILITY) & ~(u64)BLOCKING_BY_NMI);
	expect_taken(e, l2_continue(), "given back");
}

/* Nothing is mapped yet where only L0 looks: it sees the delivery fail several times, and L1 nothing. */
static void test_filled(const struct event *e)
{
	world_reset();
	use_idt_copy();
	inject(e);
	expect_taken(e, l2_continue(), "through empty tables");
}

/* Gates outside the IDT's limit: #GP, or #DF behind an exception that counts. */
static void test_faulting(const struct event *e)
{
	bool contributes = e->type == TYPE_HARDWARE_EXCEPTION && (e->vector == 0 || (e->vector >= 10 && e->vector <= 14));
	bool shuts_down = e->type == TYPE_HARDWARE_EXCEPTION && e->vector == 8;

	world_reset();
	/* the bitmap is asked for the second exception before it makes a double fault of both */
	set(VMCS_EXCEPTION_BITMAP, shuts_down ? 0 : contributes ? 1u << 8 : ~0u);
	set(VMCS_GUEST_IDTR_LIMIT, 0);
	inject(e);
	u32 reason = l2_continue();
	if (shuts_down) {
		check(reason == EXIT_TRIPLE_FAULT, "%s without a gate: exit %x", e->name, reason);
		check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "%s without a gate: vectoring", e->name);
		return;
	}
	u32 vector = contributes ? 8 : VECTOR_GP;
	check(reason == EXIT_EXCEPTION_OR_NMI, "%s without a gate: exit %x", e->name, reason);
	check(field(VMCS_EXIT_INTERRUPTION_INFO) == (INTERRUPTION_VALID | INTERRUPTION_HAS_ERROR | TYPE_HARDWARE_EXCEPTION << 8 | vector),
	      "%s without a gate: %lx", e->name, field(VMCS_EXIT_INTERRUPTION_INFO));
	if (!contributes) {
		/* bit 0: external to the program; bit 1: of the IDT */
		u32 external = is_software(e) && e->type != TYPE_PRIVILEGED_SOFTWARE_EXCEPTION ? 0 : 1;
		check(field(VMCS_EXIT_INTERRUPTION_ERROR_CODE) == (e->vector * 8 + 2 + external), "%s without a gate: error code %lx", e->name,
		      field(VMCS_EXIT_INTERRUPTION_ERROR_CODE));
		expect_vectoring(e, "without a gate");
	} else {
		check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "%s without a gate: vectoring %lx", e->name,
		      field(VMCS_IDT_VECTORING_INFO));
	}
}

/* MTF injected as an event: an exit before the first instruction, nothing else. */
static void test_monitor_trap(void)
{
	if (!world_can(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG))
		return;
	world_reset();
	set(VMCS_ENTRY_INTERRUPTION_INFO, INTERRUPTION_VALID | TYPE_OTHER_EVENT << 8);
	u32 reason = l2_run(l2_vmcall);
	check(reason == EXIT_MONITOR_TRAP_FLAG, "injected MTF: exit %x", reason);
	check(field(VMCS_GUEST_RIP) == (u64)l2_vmcall, "injected MTF: RIP %lx", field(VMCS_GUEST_RIP));
	check(!(field(VMCS_IDT_VECTORING_INFO) & INTERRUPTION_VALID), "injected MTF: vectoring %lx", field(VMCS_IDT_VECTORING_INFO));
	check(l2_continue() == EXIT_VMCALL, "injected MTF comes twice");
	/* with the control, an injected event counts as one step: the exit comes before its handler's first instruction */
	world_control(VMCS_PRIMARY_CONTROLS, PRIMARY_MONITOR_TRAP_FLAG);
	for (u32 i = 0; i < ARRAY_SIZE(events); i++) {
		inject(&events[i]);
		set(VMCS_GUEST_RSP, field(VMCS_GUEST_RSP) & ~0xFull);
		reason = l2_continue();
		check(reason == EXIT_MONITOR_TRAP_FLAG && taken_count == 0, "MTF behind %s: exit %x", events[i].name, reason);
		check(field(VMCS_GUEST_RIP) != start_of(&events[i]), "MTF before %s", events[i].name);
		set(VMCS_GUEST_INTERRUPTIBILITY, 0);
	}
}

/* What an event may not be: VMfail 7 and exit reason 33 by the manual's list. */
static void test_refused(void)
{
	static const struct { const char *name; u32 information, length; u64 rflags, blocking; u32 reason; } rows[] = {
		{ "length 16", INTERRUPTION_VALID | TYPE_SOFTWARE_INTERRUPT << 8 | VECTOR_SOFT, 16, IF, 0, L2_FAILED + VM_FAIL_VALID },
		{ "error code 1 for #UD", INTERRUPTION_VALID | INTERRUPTION_HAS_ERROR | TYPE_HARDWARE_EXCEPTION << 8 | 6, 0, IF, 0,
		  L2_FAILED + VM_FAIL_VALID },
		{ "no error code for #PF", INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | 14, 0, IF, 0, L2_FAILED + VM_FAIL_VALID },
		{ "error code for INT n", INTERRUPTION_VALID | INTERRUPTION_HAS_ERROR | TYPE_SOFTWARE_INTERRUPT << 8 | 13, 2, IF, 0,
		  L2_FAILED + VM_FAIL_VALID },
		{ "exception 32", INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | 32, 0, IF, 0, L2_FAILED + VM_FAIL_VALID },
		{ "NMI with vector 3", INTERRUPTION_VALID | TYPE_NMI << 8 | 3, 0, IF, 0, L2_FAILED + VM_FAIL_VALID },
		{ "other event 1", INTERRUPTION_VALID | TYPE_OTHER_EVENT << 8 | 1, 0, IF, 0, L2_FAILED + VM_FAIL_VALID },
		{ "interrupt with IF clear", INTERRUPTION_VALID | VECTOR_EXTERNAL, 0, 0, 0, EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE },
		{ "interrupt in an STI shadow", INTERRUPTION_VALID | VECTOR_EXTERNAL, 0, IF, BLOCKING_BY_STI,
		  EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE },
		{ "interrupt in a MOV-SS shadow", INTERRUPTION_VALID | VECTOR_EXTERNAL, 0, IF, BLOCKING_BY_MOV_SS,
		  EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE },
		{ "NMI in a MOV-SS shadow", INTERRUPTION_VALID | TYPE_NMI << 8 | VECTOR_NMI, 0, IF, BLOCKING_BY_MOV_SS,
		  EXIT_ENTRY_GUEST_STATE | EXIT_REASON_ENTRY_FAILURE },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		world_reset();
		set(VMCS_GUEST_RFLAGS, 2 | rows[i].rflags);
		set(VMCS_GUEST_INTERRUPTIBILITY, rows[i].blocking);
		set(VMCS_ENTRY_INTERRUPTION_INFO, rows[i].information);
		set(VMCS_ENTRY_INSTRUCTION_LENGTH, rows[i].length);
		u32 reason = l2_run(l2_vmcall);
		check(reason == rows[i].reason, "%s: exit %x, not %x", rows[i].name, reason, rows[i].reason);
		/* a failed entry leaves the event as it was */
		check(field(VMCS_ENTRY_INTERRUPTION_INFO) == rows[i].information, "%s: %lx", rows[i].name, field(VMCS_ENTRY_INTERRUPTION_INFO));
	}
}

void vmx_test_inject(void)
{
	bool has_ept = world_can(VMCS_SECONDARY_CONTROLS, SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST);

	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		trap_set(events[i].vector, take);
	for (u32 i = 0; i < ARRAY_SIZE(events); i++) {
		test_delivered(&events[i]);
		test_faulting(&events[i]);
		if (!has_ept)
			continue;
		test_cut_short(&events[i]);
		test_filled(&events[i]);
	}
	test_monitor_trap();
	test_refused();
	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		if (events[i].type == TYPE_HARDWARE_EXCEPTION) /* the others have handlers in other chapters */
			trap_set(events[i].vector, NULL);
}
