/* SPDX-License-Identifier: Apache-2.0 */
/* The exit path: count, route, act, prepare the next entry. See exits.h. */
#include "kernel/exits.h"

#include "bsp/cpu.h"
#include "bsp/timer/lapic.h"
#include "kernel/config_text.h"
#include "kernel/crash.h"
#include "kernel/debug.h"
#include "kernel/exit_sample.h"
#include "kernel/host_irq.h"
#include "kernel/interrupts.h"
#include "kernel/log.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/timers.h"
#include "kernel/traps.h"
#include "kernel/vmx/vmx_insn.h"

static enum exit_action exit_vmx_instruction(struct vcpu *v)
{
	return nested_instruction(v, v->exit_reason & 0xFFFF);
}

static enum exit_action exit_undefined(struct vcpu *v)
{
	(void)v;
	return EXIT_ACTION_INJECT_UD;
}

static enum exit_action exit_general_protection(struct vcpu *v)
{
	(void)v;
	return EXIT_ACTION_INJECT_GP;
}

/* WBINVD of a guest with no devices of its own and write-back RAM: nothing outside could see the difference. */
static enum exit_action exit_skip(struct vcpu *v)
{
	(void)v;
	return EXIT_ACTION_SKIP;
}

static enum exit_action exit_triple_fault(struct vcpu *v)
{
	log_line("partition: CPU %lu triple-faulted at %lx:%lx", v->index, vmread(VMCS_GUEST_CS_SELECTOR),
		 vmread(VMCS_GUEST_RIP));
	partition_stop(STOP_TRIPLE_FAULT, vmread(VMCS_GUEST_RIP));
	return EXIT_ACTION_STOP;
}

static enum exit_action exit_interrupt_window(struct vcpu *v)
{
	(void)v;
	return EXIT_ACTION_RESUME; /* interrupts_prepare_entry() closes it */
}

/* Task switches exit always and only a 16- or 32-bit guest can make one; none of ours does. */
static cold_path enum exit_action exit_not_offered(struct vcpu *v)
{
	log_line("partition: CPU %lu did what Nestbox does not run: exit reason %u, qualification %lx at %lx", v->index,
		 v->exit_reason & 0xFFFF, vmread(VMCS_EXIT_QUALIFICATION), vmread(VMCS_GUEST_RIP));
	partition_stop(STOP_CONTAINED, v->exit_reason);
	return EXIT_ACTION_STOP;
}

static enum exit_action exit_monitor_trap(struct vcpu *v)
{
	return CONFIG_GDB_ON ? debug_step_done(v) : exit_not_offered(v);
}

static const struct exit_row {
	enum exit_action (*handle)(struct vcpu *v);
	bool may_cut_delivery; /* can come while an event is being delivered: IDT-vectoring information counts */
} handlers[EXIT_REASON_COUNT] = {
	[EXIT_EXCEPTION_OR_NMI] = { exit_exception, true },
	[EXIT_EXTERNAL_INTERRUPT] = { exit_external_interrupt, false },
	[EXIT_TRIPLE_FAULT] = { exit_triple_fault, false },
	[EXIT_INTERRUPT_WINDOW] = { exit_interrupt_window, false },
	[EXIT_NMI_WINDOW] = { exit_interrupt_window, false },
	[EXIT_TASK_SWITCH] = { exit_not_offered, true },
	[EXIT_CPUID] = { exit_cpuid, false },
	[EXIT_GETSEC] = { exit_undefined, false },
	[EXIT_HLT] = { exit_hlt, false },
	[EXIT_INVD] = { exit_skip, false },
	[EXIT_RDPMC] = { exit_general_protection, false },
	[EXIT_VMCALL] = { exit_vmcall, false },
	[EXIT_VMCLEAR] = { exit_vmx_instruction, false },
	[EXIT_VMLAUNCH] = { exit_vmx_instruction, false },
	[EXIT_VMPTRLD] = { exit_vmx_instruction, false },
	[EXIT_VMPTRST] = { exit_vmx_instruction, false },
	[EXIT_VMREAD] = { exit_vmx_instruction, false },
	[EXIT_VMRESUME] = { exit_vmx_instruction, false },
	[EXIT_VMWRITE] = { exit_vmx_instruction, false },
	[EXIT_VMXOFF] = { exit_vmx_instruction, false },
	[EXIT_VMXON] = { exit_vmx_instruction, false },
	[EXIT_CR_ACCESS] = { exit_cr_access, false },
	[EXIT_IO] = { exit_io, false },
	[EXIT_RDMSR] = { exit_rdmsr, false },
	[EXIT_WRMSR] = { exit_wrmsr, false },
	[EXIT_MWAIT] = { exit_undefined, false },
	[EXIT_MONITOR_TRAP_FLAG] = { exit_monitor_trap, false },
	[EXIT_MONITOR] = { exit_undefined, false },
	[EXIT_EPT_VIOLATION] = { exit_ept_violation, true },
	[EXIT_INVEPT] = { exit_vmx_instruction, false },
	[EXIT_PREEMPTION_TIMER] = { exit_interrupt_window, false },
	[EXIT_INVVPID] = { exit_vmx_instruction, false },
	[EXIT_WBINVD] = { exit_skip, false },
	[EXIT_XSETBV] = { exit_xsetbv, false },
	[EXIT_VMFUNC] = { exit_undefined, false },
};

u64 exit_read_gpr(const struct vcpu *v, u32 number)
{
	return number == RSP ? vmread(VMCS_GUEST_RSP) : v->gpr[number];
}

void exit_write_gpr(struct vcpu *v, u32 number, u64 value)
{
	if (number == RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		v->gpr[number] = value;
}

/* 32-bit code wraps at 4 GiB. */
static cold_path u64 wrapped(u64 rip)
{
	return vcpu_is_long_mode_code() ? rip : (u32)rip;
}

static inline void advance(u64 bytes)
{
	u64 rip = vmread(VMCS_GUEST_RIP), next = rip + bytes;
	u64 blocking = vmread(VMCS_GUEST_INTERRUPTIBILITY);

	if ((rip ^ next) >> 32)
		next = wrapped(next);
	vmwrite(VMCS_GUEST_RIP, next);
	if (blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS))
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocking & ~(u64)(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
	if (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF)
		vmwrite(VMCS_GUEST_PENDING_DEBUG, vmread(VMCS_GUEST_PENDING_DEBUG) | BIT(14));
}

void vcpu_advance(struct vcpu *v, u64 bytes)
{
	advance(bytes);
	if (v->in_l2)
		(void)nested_goes_on(v, EXIT_ACTION_SKIP);
}

void vcpu_skip_instruction(struct vcpu *v)
{
	vcpu_advance(v, vmread(VMCS_EXIT_INSTRUCTION_LENGTH));
}

static cold_path void inject(struct vcpu *v, enum exit_action action)
{
	if (action == EXIT_ACTION_INJECT_UD)
		vcpu_inject_exception(v, EXC_UD, 0);
	if (action == EXIT_ACTION_INJECT_GP)
		vcpu_inject_exception(v, EXC_GP, 0);
}

static inline void act(struct vcpu *v, enum exit_action action)
{
	if (action == EXIT_ACTION_SKIP)
		advance(vmread(VMCS_EXIT_INSTRUCTION_LENGTH));
	else if (action != EXIT_ACTION_RESUME)
		inject(v, action);
}

/* A VM entry that failed on the guest's state: ours to explain, the partition's to end. */
static cold_path enum exit_action entry_failed(struct vcpu *v)
{
	log_line("partition: VM entry of CPU %lu failed: exit reason %x, qualification %lx, RIP %lx, CR0 %lx, CR4 %lx", v->index,
		 v->exit_reason, vmread(VMCS_EXIT_QUALIFICATION), vmread(VMCS_GUEST_RIP), vmread(VMCS_GUEST_CR0),
		 vmread(VMCS_GUEST_CR4));
	partition_stop(STOP_CONTAINED, v->exit_reason);
	return EXIT_ACTION_STOP;
}

/* Reasons out of the table's range, entry failures (bit 31) among them: the last counter stands for all. */
static cold_path enum exit_action handle_unknown(struct vcpu *v, u32 reason)
{
	u64 *counts = v->in_l2 ? v->statistics->l2_count : v->statistics->count;
	enum exit_action action = EXIT_ACTION_PASS;

	counts[EXIT_REASON_COUNT - 1]++;
	if (v->in_l2)
		action = nested_exit(v);
	if (action != EXIT_ACTION_PASS)
		return action;
	return reason & EXIT_REASON_ENTRY_FAILURE ? entry_failed(v) : exit_not_offered(v);
}

static inline enum exit_action handle_own(struct vcpu *v, const struct exit_row *row)
{
	if (row->may_cut_delivery)
		interrupts_requeue_vectoring(v);
	return row->handle ? row->handle(v) : exit_not_offered(v);
}

static inline enum exit_action handle(struct vcpu *v, u32 reason)
{
	v->launched = 1; /* a failed first entry, which leaves the VMCS clear, does not come here */
	if (!v->in_l2) {
		v->statistics->count[reason]++;
		return handle_own(v, &handlers[reason]);
	}
	v->statistics->l2_count[reason]++;
	enum exit_action action = nested_exit(v);
	if (action == EXIT_ACTION_PASS)
		action = handle_own(v, &handlers[reason]);
	return v->in_l2 ? nested_goes_on(v, action) : action;
}

static void handle_requests(struct vcpu *v)
{
	u32 requests = __atomic_exchange_n(&v->requests, 0, __ATOMIC_SEQ_CST);

	if (requests & REQUEST_STOP) {
		partition_park(v);
		return; /* what else was asked was asked of the guest that is gone */
	}
	if (CONFIG_GDB_ON && requests & REQUEST_DEBUG)
		debug_park(v);
	if (requests & REQUEST_INIT && !nested_blocks_init(v)) {
		vcpu_reset(v);
		v->state = v->is_boot ? VCPU_RUNNING : VCPU_WAIT_FOR_SIPI;
	}
	if (requests & REQUEST_NMI && v->state == VCPU_RUNNING)
		v->nmi_pending = true;
	if (requests & REQUEST_SIPI && v->state == VCPU_WAIT_FOR_SIPI)
		vcpu_start_at_sipi(v);
}

/* Serves requests and waits until the vCPU may run. */
static cold_path void wait_to_run(struct vcpu *v)
{
	v->sample_started = 0; /* waiting is no exit's cost */
	for (;;) {
		if (__atomic_load_n(&v->requests, __ATOMIC_RELAXED))
			handle_requests(v);
		if (v->state == VCPU_RUNNING)
			return;
		if (!__atomic_load_n(&v->requests, __ATOMIC_SEQ_CST))
			interrupts_enable_and_halt();
	}
}

static inline struct vcpu *prepare_entry(struct vcpu *v)
{
	if (__atomic_load_n(&v->requests, __ATOMIC_RELAXED) | (v->state != VCPU_RUNNING))
		wait_to_run(v);
	if (CONFIG_GDB_ON && debug_is_stepping(v) && !v->event.info)
		return v;
	interrupts_prepare_entry(v);
	return v;
}

struct vcpu *exit_prepare_entry(struct vcpu *v)
{
	return prepare_entry(v);
}

static inline void note(struct vcpu *v, u32 reason)
{
	struct exit_note *slot = (struct exit_note *)((u8 *)v->last_exits + v->next_note);

	v->next_note += sizeof(*slot);
	slot->reason = reason;
	slot->rip = vmread(VMCS_GUEST_RIP);
}

/* The compiler would take five instructions for what decides whether this exit is timed. */
struct vcpu *exit_handle(struct vcpu *v)
{
	u32 reason = (u32)vmread(VMCS_EXIT_REASON);

	v->exit_reason = reason;
	note(v, reason);
	asm goto("subl $1, %0; jz %l[sample]" : : "m"(v->until_sample) : "cc", "memory" : sample);
	act(v, reason < EXIT_REASON_COUNT ? handle(v, reason) : handle_unknown(v, reason));
	return prepare_entry(v);
sample:
	return exit_sample(v);
}

/* The CPU refused VMLAUNCH or VMRESUME with a VM-instruction error: controls or host state, which are ours. */
struct vcpu *exit_entry_refused(struct vcpu *v)
{
	if (nested_entry_refused(v))
		return exit_prepare_entry(v);
	log_line("kernel: VM entry of CPU %lu refused, VM-instruction error %lu", v->index, vmread(VMCS_INSTRUCTION_ERROR));
	partition_stop(STOP_CONTAINED, vmread(VMCS_INSTRUCTION_ERROR));
	return exit_prepare_entry(v);
}

enum exit_action exit_external_interrupt(struct vcpu *v)
{
	u32 vector = INTERRUPTION_VECTOR((u32)vmread(VMCS_EXIT_INTERRUPTION_INFO));

	if (vector == VECTOR_SPURIOUS)
		return EXIT_ACTION_RESUME;
	lapic_eoi();
	if (vector == VECTOR_TIMER)
		timers_expired(v);
	else if (vector == VECTOR_KICK)
		timers_rearm(v);
	else if (vector >= VECTOR_HOST_IRQ && vector < VECTOR_TIMER)
		host_irq_note(vector - VECTOR_HOST_IRQ);
	if (v->is_boot)
		host_irq_deliver();
	return EXIT_ACTION_RESUME;
}

/* Only with a window armed: see interrupts_open_window(). The guest halts in the VMCS if nothing can be injected now. */
enum exit_action exit_hlt(struct vcpu *v)
{
	vcpu_skip_instruction(v);
	if (!(vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) || apic_pending(&v->apic) < 0) {
		interrupts_open_window(v, false);
		vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_HLT);
	}
	return EXIT_ACTION_RESUME;
}

/*
 * A #DB exit has changed neither DR6 nor DR7. ICEBP is given back as what it was: delivery goes on behind the instruction and its STI or MOV-SS
 * shadow. Any other in such a shadow must say that a single step is pending, or VM entry fails (SDM "Checks on Guest Non-Register State").
 */
static enum exit_action debug_exception(struct vcpu *v, u32 info)
{
	u64 blocking = vmread(VMCS_GUEST_INTERRUPTIBILITY), dr6;

	asm volatile("mov %%dr6, %0" : "=r"(dr6));
	dr6 = (dr6 & ~0xFull) | (vmread(VMCS_EXIT_QUALIFICATION) & 0x600F);
	asm volatile("mov %0, %%dr6" : : "r"(dr6));
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~BIT(13));
	vcpu_inject_exception(v, EXC_DB, 0);
	if (INTERRUPTION_TYPE(info) == TYPE_PRIVILEGED_SOFTWARE_EXCEPTION &&
	    v->event.info == (INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION << 8 | EXC_DB)) {
		v->event.info = INTERRUPTION_VALID | TYPE_PRIVILEGED_SOFTWARE_EXCEPTION << 8 | EXC_DB;
		v->event.instruction_length = (u32)vmread(VMCS_EXIT_INSTRUCTION_LENGTH);
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY, blocking & ~(u64)(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
	} else if (blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS) && vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF) {
		vmwrite(VMCS_GUEST_PENDING_DEBUG, vmread(VMCS_GUEST_PENDING_DEBUG) | BIT(14));
	}
	return EXIT_ACTION_RESUME;
}

/* #MC is the machine's, #AC and #DB are the guest's: intercepted so that their storms pass through here (SECURITY B1). */
enum exit_action exit_exception(struct vcpu *v)
{
	u32 info = (u32)vmread(VMCS_EXIT_INTERRUPTION_INFO);
	u32 vector = INTERRUPTION_VECTOR(info);

	if (INTERRUPTION_TYPE(info) == TYPE_NMI) {
		v->cpu->nmi_count++;
		return EXIT_ACTION_RESUME;
	}
	if (vector == EXC_MC) {
		log_line("kernel: machine check on CPU %lu, status %lx", v->index, rdmsr(IA32_MCG_STATUS));
		partition_stop(STOP_CONTAINED, EXC_MC);
		return EXIT_ACTION_STOP;
	}
	if (vector == EXC_DB)
		return debug_exception(v, info);
	if (CONFIG_GDB_ON && vector == EXC_BP)
		return debug_breakpoint(v);
	u32 error = info & INTERRUPTION_HAS_ERROR ? (u32)vmread(VMCS_EXIT_INTERRUPTION_ERROR_CODE) : 0;
	vcpu_inject_exception(v, vector, error);
	return EXIT_ACTION_RESUME;
}

/* Hypercalls: number in RAX. Unknown numbers answer -1; nothing here trusts CPL. */
enum exit_action exit_vmcall(struct vcpu *v)
{
	v->gpr[RAX] = ~0ull;
	return EXIT_ACTION_SKIP;
}
