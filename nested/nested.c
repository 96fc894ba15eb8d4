/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of kernel/nested_hooks.h, and the state they share. Owns struct nested of every vCPU and the EPT02 pools. */
#include "nested/nested.h"

#include "bsp/cpu.h"
#include "bsp/memory/paging.h"
#include "bsp/msr.h"
#include "bsp/timer/lapic.h"
#include "kernel/config_text.h"
#include "kernel/exits.h"
#include "kernel/guest_memory.h"
#include "kernel/log.h"
#include "kernel/msr_policy.h"
#include "kernel/nested_hooks.h"
#include "kernel/percpu.h"
#include "kernel/traps.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"
#include "nested/access.h"
#include "nested/ept_violation.h"
#include "nested/apic_page.h"
#include "nested/entry.h"
#include "nested/reflect.h"
#include "nested/route.h"
#include "nested/shadow12.h"
#include "nested/timer.h"
#include "nested/virtual_apic.h"
#include "nested/vm_function.h"
#include "nested/vmcs02.h"
#include "nested/vmcs12.h"

#define MAX_LOGGED_REFUSALS 16u

struct nested_machine nested_machine;
static struct nested states[CONFIG_PARTITION_CPUS];
static struct ept_table ept02_tables[CONFIG_PARTITION_CPUS][CONFIG_NESTED_EPT02_PAGES] page_aligned;
static u16 ept02_links[CONFIG_PARTITION_CPUS][CONFIG_NESTED_EPT02_PAGES];

void nested_note_refusal(struct vcpu *v, const char *what, const char *name)
{
	v->statistics->refusals++;
	(void)format_text(v->statistics->refused_what, REFUSAL_BYTES, "%s", what);
	(void)format_text(v->statistics->refused_row, REFUSAL_BYTES, "%s", name);
	if (v->nested->refusals_logged >= MAX_LOGGED_REFUSALS)
		return;
	v->nested->refusals_logged++;
	log_line("nested: CPU %lu: VM entry refused, %s: %s", v->index, what, name);
}

static void init_machine(const struct vmx_capabilities *hardware)
{
	struct nested_machine *m = &nested_machine;
	u32 may = (u32)(hardware->secondary >> 32);

	struct vmx_capabilities used = *hardware;

	if (!CONFIG_NESTED_VIRTUAL_INTERRUPTS_ON)
		capability_hide_virtual_interrupts(&used);
	capability_offer(&m->offer, &used, CR4_GUEST_OWNED, cpuid(0x80000008, 0).eax & 0xFF);
	m->ours = (struct controls){ { vmx_controls.pin, vmx_controls.primary, vmx_controls.secondary, vmx_controls.exit,
				       vmx_controls.entry } };
	m->has_shadowing = may & SECONDARY_VMCS_SHADOWING && hardware->misc & MISC_WRITE_ANY_FIELD;
	m->has_preemption_timer = hardware->pin >> 32 & PIN_PREEMPTION_TIMER;
	m->hardware_revision = (u32)hardware->basic & 0x7FFFFFFF;
	for (u32 i = 0; i < ARRAY_SIZE(m->ept12_rules); i++)
		ept12_make_rules(&m->ept12_rules[i], &(struct ept12_features){
			.physical_bits = m->offer.physical_bits, .has_execute_only = m->offer.msr.ept_vpid & EPT_CAP_EXECUTE_ONLY,
			.has_2m = m->offer.msr.ept_vpid & EPT_CAP_2M, .has_1g = m->offer.msr.ept_vpid & EPT_CAP_1G,
			.is_mode_based = i,
		});
	m->msr_bitmap01 = msr_policy_bitmap()->byte;
	bitmap_find_open(&m->msr_open, m->msr_bitmap01);
}

void nested_init(struct vcpu *v, const struct vmx_capabilities *hardware)
{
	struct nested *n = &states[v->index];

	if (v->is_boot)
		init_machine(hardware);
	*n = (struct nested){
		.current = NO_VMCS, .apic_page12 = NO_APIC_PAGE, .msr_open = nested_machine.msr_open,
		.vpid01 = { flush_vpid01(v->index), 0 }, .vpid02 = { flush_vpid02(v->index), 0 },
		.ept02 = { .tables = ept02_tables[v->index], .next = ept02_links[v->index],
			   .physical = kernel_physical(ept02_tables[v->index]), .count = CONFIG_NESTED_EPT02_PAGES },
	};
	for (u32 i = 0; i < EPT12_LEVELS; i++)
		n->ept12_window[i].page = ~0ull;
	ept02_init(&n->ept02);
	v->nested = n;
	vmcs02_probe(v);
}

void nested_reset(struct vcpu *v)
{
	struct nested *n = v->nested;

	if (!n)
		return;
	if (v->in_l2) {
		vmcs02_deactivate(v);
		v->launched = 1;
		v->window_armed = n->window01;
		v->nmi_window_armed = n->nmi_window01;
		vmwrite(VMCS_TSC_OFFSET, v->tsc_offset);
	}
	if (n->in_vmx_operation)
		vmcs02_detach_shadow(v);
	v->in_l2 = n->in_vmx_operation = n->exit_forced = n->msrs_due = false;
	n->entry_pending = 0;
	v->init_pending = v->step_pending = false;
	n->current = NO_VMCS;
	flush_forget(&n->flush);
	ept02_invalidate_all(&n->ept02);
}

bool nested_in_vmx_operation(const struct vcpu *v)
{
	return v->nested && v->nested->in_vmx_operation;
}

bool nested_blocks_init(struct vcpu *v)
{
	if (!nested_in_vmx_operation(v))
		return false;
	v->init_pending = true;
	return true;
}

bool nested_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	if (!v->nested)
		return false;
	if (msr != IA32_FEATURE_CONTROL)
		return capability_read(&nested_machine.offer, msr, value);
	*value = FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX_OUTSIDE;
	return true;
}

/* Locked: every write faults. */
bool nested_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	(void)v, (void)msr, (void)value;
	return false;
}

static u8 read_l1_byte(u64 gpa)
{
	hpa_t host;

	if (!guest_to_host(GPA(gpa), 1, &host))
		return 0xFF;
	const volatile u8 *page = window_map(WINDOW_BITMAP_BYTE, HPA(host.value & ~PAGE_MASK));
	return page[host.value & PAGE_MASK];
}

/* Outside 64-bit mode a MOV to a control register takes 32 bits. */
static u64 cr_operand(const struct vcpu *v, u64 qualification)
{
	u64 value = exit_read_gpr(v, qualification >> 8 & 15);

	return vcpu_is_long_mode_code() ? value : (u32)value;
}

static struct route route_of(const struct vcpu *v, u32 reason)
{
	const struct nested *n = v->nested;
	struct route route = { .value = n->value, .controls = &n->controls, .read = read_l1_byte };

	route.qualification = vmread(VMCS_EXIT_QUALIFICATION);
	if (reason == EXIT_EXCEPTION_OR_NMI) {
		route.interruption_info = (u32)vmread(VMCS_EXIT_INTERRUPTION_INFO);
		route.error_code = (u32)vmread(VMCS_EXIT_INTERRUPTION_ERROR_CODE);
	} else if (reason == EXIT_CR_ACCESS) {
		route.operand = cr_operand(v, route.qualification);
	} else if (reason == EXIT_VMREAD || reason == EXIT_VMWRITE) {
		route.operand = access_field(v).encoding;
	} else if (reason == EXIT_VMFUNC) {
		route.operand = (u32)v->gpr[RAX] | v->gpr[RCX] << 32;
	} else {
		route.operand = (u32)v->gpr[RCX];
	}
	return route;
}

/* SDM "Restrictions on VMX Operation" */
static u64 cr0_fixed(const struct nested *n)
{
	return CR0_NE | (nested_uses(n, GROUP_SECONDARY, SECONDARY_UNRESTRICTED_GUEST) ? 0 : CR0_PE | CR0_PG);
}

static enum exit_action write_own_cr0(struct vcpu *v, u64 written)
{
	struct nested *n = v->nested;
	u64 mask12 = n->value[FIELD_CR0_MASK];
	u64 wanted = ((vmread(VMCS_GUEST_CR0) | v->cache_bits) & mask12) | (written & ~mask12);
	enum exit_action action;

	if (~wanted & cr0_fixed(n))
		return EXIT_ACTION_INJECT_GP;
	action = exit_write_cr0(v, wanted);
	if (action != EXIT_ACTION_SKIP)
		return action; /* L1 may be the guest by now */
	u64 shadow = (n->value[FIELD_CR0_READ_SHADOW] & mask12) | (vmread(VMCS_CR0_READ_SHADOW) & ~mask12);
	n->cache_bits = v->cache_bits;
	vmwrite(VMCS_CR0_READ_SHADOW, shadow);
	return action;
}

static cold_path bool take_entry_failure(struct vcpu *v, u32 reason)
{
	if (reason != EXIT_ENTRY_GUEST_STATE && reason != EXIT_ENTRY_MSR_LOADING)
		return false;
	if (reason == EXIT_ENTRY_MSR_LOADING && v->nested->msrs_due)
		return entry_load_msrs(v), true;
	nested_note_refusal(v, "hardware", "guest state");
	reflect_entry_failure(v, reason, vmread(VMCS_EXIT_QUALIFICATION));
	return true;
}

/*
 * The next entry is L1's and comes first; what is due for L1 follows it at once. An interrupt of our own would do on silicon, but
 * emulators do not let one through to an L2 with interrupts off: the preemption timer at 0 does.
 */
static void force_exit(struct vcpu *v)
{
	if (!nested_machine.has_preemption_timer) {
		lapic_send_ipi(v->cpu->apic_id, VECTOR_KICK);
		return;
	}
	vmwrite(VMCS_PIN_CONTROLS, vmread(VMCS_PIN_CONTROLS) | PIN_PREEMPTION_TIMER);
	v->nested->timer12 = vmread(VMCS_PREEMPTION_TIMER_VALUE);
	vmwrite(VMCS_PREEMPTION_TIMER_VALUE, 0);
	v->nested->exit_forced = true;
}

/* Gives the timer back to L1; true if the exit is nothing but the forced one. */
static cold_path bool end_forced_exit(struct vcpu *v, u32 reason)
{
	struct nested *n = v->nested;
	bool is_l1s = nested_uses(n, GROUP_PIN, PIN_PREEMPTION_TIMER);

	n->exit_forced = false;
	vmwrite(VMCS_PREEMPTION_TIMER_VALUE, n->timer12);
	if (!is_l1s)
		vmwrite(VMCS_PIN_CONTROLS, vmread(VMCS_PIN_CONTROLS) & ~(u64)PIN_PREEMPTION_TIMER);
	return reason == EXIT_PREEMPTION_TIMER && !(is_l1s && !n->timer12);
}

static inline void entry_succeeded(struct nested *n)
{
	n->launched02 = 1;
	n->launched12 |= n->entry_pending >> 1;
	n->entry_pending = 0;
}

/* MOV to a control register that changes bits of ours alone. What L1 owns keeps its value, as in any guest of L1's. */
static enum exit_action own_cr_access(struct vcpu *v, const struct route *route)
{
	switch (route->qualification & 0x3F) {
	case 0: return write_own_cr0(v, route->operand);
	case 4: return EXIT_ACTION_INJECT_GP; /* the bits that are ours alone are fixed in VMX operation */
	default: return EXIT_ACTION_PASS;
	}
}

/* Hardware went by the union of both bitmaps: the exit for an MSR that ours lets through is L1's. */
static inline bool is_msr_of_l1(const struct vcpu *v, u32 reason)
{
	u32 bit = bitmap_msr_bit((u32)v->gpr[RCX], reason == EXIT_WRMSR);

	if (reason != EXIT_RDMSR && reason != EXIT_WRMSR)
		return false;
	return bit == BITMAP_NO_BIT || !(nested_machine.msr_bitmap01[bit / 8] >> bit % 8 & 1);
}

/* L1's masks, bitmaps or tables decide. */
static __attribute__((noinline)) enum exit_action ask(struct vcpu *v, u32 reason)
{
	struct route route = route_of(v, reason);

	if (route_is_for_l1(reason, &route)) {
		reflect_exit(v);
		return EXIT_ACTION_RESUME;
	}
	switch (reason) {
	case EXIT_CR_ACCESS: return own_cr_access(v, &route);
	case EXIT_VMREAD:
	case EXIT_VMWRITE: return shadow12_instruction(v, reason);
	case EXIT_VMFUNC: return vm_function_switch_eptp(v);
	default: return EXIT_ACTION_PASS;
	}
}

enum exit_action nested_exit(struct vcpu *v)
{
	struct nested *n = v->nested;
	u32 reason = v->exit_reason & 0xFFFF;

	bool forced = n->exit_forced && end_forced_exit(v, reason);
	if (v->exit_reason & EXIT_REASON_ENTRY_FAILURE)
		return take_entry_failure(v, reason) ? EXIT_ACTION_RESUME : EXIT_ACTION_PASS;
	entry_succeeded(n);
	if (forced)
		return EXIT_ACTION_RESUME;
	if (reason == EXIT_EPT_VIOLATION)
		return ept_violation_handle(v) ? EXIT_ACTION_RESUME : EXIT_ACTION_PASS;
	enum route_answer answer = route_by_controls(reason, &n->controls);
	if (answer == ROUTE_L0)
		return reason == EXIT_HLT ? virtual_apic_halt(v) : EXIT_ACTION_PASS;
	if (answer == ROUTE_ASK && !is_msr_of_l1(v, reason))
		return ask(v, reason);
	reflect_exit(v);
	return EXIT_ACTION_RESUME;
}

enum exit_action nested_goes_on(struct vcpu *v, enum exit_action action)
{
	if (action == EXIT_ACTION_SKIP)
		v->step_pending = nested_uses(v->nested, GROUP_PRIMARY, PRIMARY_MONITOR_TRAP_FLAG);
	if (nested_uses(v->nested, GROUP_PIN, PIN_PREEMPTION_TIMER))
		timer_go_on(v->nested);
	return action;
}

static bool intercepts(const struct vcpu *v, u32 pin_bit)
{
	return nested_uses(v->nested, GROUP_PIN, pin_bit);
}

/* The vector for ACKNOWLEDGE_INTERRUPT, taken out of L1's LAPIC or PIC; information 0 if it has vanished. */
static u32 acknowledge(struct vcpu *v)
{
	int vector = apic_pending(&v->apic);

	if (vector < 0)
		return 0;
	if (vector == APIC_EXTINT) {
		u64 answer = upcall_run(UPCALL_INTACK, 0, 0, 0);

		return answer > 0xFF ? 0 : INTERRUPTION_VALID | (u32)answer;
	}
	apic_acknowledge(&v->apic, vector);
	v->statistics->interrupts_injected++;
	return INTERRUPTION_VALID | (u32)vector;
}

static bool made_up_for(struct vcpu *v, struct nested_pending due, struct made_up_exit *exit)
{
	struct nested *n = v->nested;

	*exit = (struct made_up_exit){ .reason = EXIT_INIT };
	if (v->init_pending) {
		v->init_pending = false;
		return true;
	}
	if (v->step_pending) {
		exit->reason = EXIT_MONITOR_TRAP_FLAG;
		return true;
	}
	if (due.nmi && intercepts(v, PIN_NMI_EXITING)) {
		v->nmi_pending = false;
		exit->reason = EXIT_EXCEPTION_OR_NMI;
		exit->interruption_info = INTERRUPTION_VALID | TYPE_NMI << 8 | EXC_NMI;
		return true;
	}
	if (!due.interrupt || !intercepts(v, PIN_EXTERNAL_INTERRUPT_EXITING) || virtual_apic_take_posted(v))
		return false;
	exit->reason = EXIT_EXTERNAL_INTERRUPT;
	if (!nested_uses(n, GROUP_EXIT, EXIT_CONTROL_ACKNOWLEDGE_INTERRUPT))
		return true;
	exit->interruption_info = acknowledge(v);
	return exit->interruption_info != 0;
}

struct nested_pending nested_before_entry(struct vcpu *v, struct nested_pending due)
{
	struct nested *n = v->nested;
	struct made_up_exit exit;
	bool wanted = v->init_pending || v->step_pending || (due.nmi && intercepts(v, PIN_NMI_EXITING)) ||
		      (due.interrupt && intercepts(v, PIN_EXTERNAL_INTERRUPT_EXITING));

	if (wanted && (n->entry_pending || v->event.info)) {
		force_exit(v); /* the event is L2's, and delivered whole: KVM, for one, gives up on an interrupt amid a delivery */
	} else if (wanted && made_up_for(v, due, &exit)) {
		reflect_made_up(v, &exit);
		return (struct nested_pending){ .interrupt = apic_pending(&v->apic) >= 0, .nmi = v->nmi_pending };
	}
	return (struct nested_pending){
		.interrupt = due.interrupt && !intercepts(v, PIN_EXTERNAL_INTERRUPT_EXITING),
		.nmi = due.nmi && !intercepts(v, PIN_NMI_EXITING),
	};
}

u32 nested_primary_controls(const struct vcpu *v)
{
	return v->nested->merged.word[GROUP_PRIMARY];
}

bool nested_entry_refused(struct vcpu *v)
{
	return v->nested && entry_refused(v);
}

bool nested_guest_physical(struct vcpu *v, u64 address, u32 access, gpa_t *l1)
{
	*l1 = GPA(address);
	if (!nested_in_l2(v) || !nested_uses(v->nested, GROUP_SECONDARY, SECONDARY_ENABLE_EPT))
		return true;
	return ept_violation_translate(v, L2PA(address), access, l1);
}

bool nested_takes_exception(struct vcpu *v, u32 vector, u32 error_code, u64 address)
{
	const u64 with_code = BIT(EXC_DF) | BIT(EXC_TS) | BIT(EXC_NP) | BIT(EXC_SS) | BIT(EXC_GP) | BIT(EXC_PF) | BIT(EXC_AC);
	const struct nested *n = v->nested;
	struct route route = { .value = n->value, .controls = &n->controls, .read = read_l1_byte };
	bool has_code = vector < 32 && with_code >> vector & 1 && vmread(VMCS_GUEST_CR0) & CR0_PE;

	if (!route_exception(&route, vector, error_code))
		return false;
	if (vector != EXC_DB)
		vmwrite(VMCS_GUEST_RFLAGS, vmread(VMCS_GUEST_RFLAGS) | RFLAGS_RF); /* as the fault itself would have saved it */
	reflect_made_up(v, &(struct made_up_exit){
		.reason = EXIT_EXCEPTION_OR_NMI, .error_code = error_code, .qualification = address,
		.interruption_info = INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | vector |
				     (has_code ? INTERRUPTION_HAS_ERROR : 0),
	});
	return true;
}

void nested_take_triple_fault(struct vcpu *v)
{
	v->event.info = 0;
	reflect_made_up(v, &(struct made_up_exit){ .reason = EXIT_TRIPLE_FAULT });
}

/* L1's preemption timer runs in vmcs02 itself, its rest saved at each exit. */
u64 nested_deadline(const struct vcpu *v)
{
	(void)v;
	return ~0ull;
}

void nested_count_tables(const struct vcpu *v)
{
	const struct nested *n = v->nested;

	if (!n)
		return;
	v->statistics->ept02_tables = n->ept02.count - n->ept02.free_count;
	v->statistics->ept02_tables_most = n->ept02.count - n->ept02.least_free;
	v->statistics->ept02_tables_all = n->ept02.count;
	v->statistics->vmx_state = (n->in_vmx_operation ? VMX_STATE_ON : 0) | (n->current != NO_VMCS ? VMX_STATE_HAS_VMCS : 0) |
				   (v->in_l2 ? VMX_STATE_IN_L2 : 0);
}
