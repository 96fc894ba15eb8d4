/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parked vCPUs; see debug.h. Owns what ring 3 sees of them. A step is one VM entry with the monitor trap flag: the guest's own TF and debug
 * registers stay its own. Source: Intel SDM volume 3 "Monitor Trap Flag".
 */
#include "kernel/debug.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"
#include "kernel/exits.h"
#include "kernel/host_irq.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/traps.h"
#include "kernel/vmx/vmx.h"
#include "kernel/vmx/vmx_insn.h"

static struct debug_vcpu {
	struct debug_registers registers;
	u32 command;     /* shared: enum debug_command that ends parking; 0: none */
	bool is_parked;  /* shared */
	bool is_stepping;
	u8 stopped_by;   /* enum debug_stop of the stop to come */
} debug_vcpus[MONITOR_MAX_CPUS];

static bool is_attached[CONFIG_PARTITIONS];
static u32 parked_count[CONFIG_PARTITIONS]; /* shared */

static struct debug_vcpu *of(const struct vcpu *v)
{
	return &debug_vcpus[v->number];
}

/* VMCS fields of the registers behind the general ones, in their order. */
static const u32 shown[] = {
	VMCS_GUEST_CS_SELECTOR, VMCS_GUEST_SS_SELECTOR, VMCS_GUEST_DS_SELECTOR, VMCS_GUEST_ES_SELECTOR, VMCS_GUEST_FS_SELECTOR, VMCS_GUEST_GS_SELECTOR,
	VMCS_GUEST_FS_BASE, VMCS_GUEST_GS_BASE, VMCS_CR0_READ_SHADOW, VMCS_GUEST_CR3, VMCS_CR4_READ_SHADOW, VMCS_GUEST_IA32_EFER,
};
_Static_assert(ARRAY_SIZE(shown) == DEBUG_SHOWN, "registers");

static void save(struct vcpu *v)
{
	struct debug_vcpu *d = of(v);
	struct debug_registers *r = &d->registers;

	for (u32 i = 0; i < GPR_COUNT; i++)
		r->general[i] = exit_read_gpr(v, i);
	r->rip = vmread(VMCS_GUEST_RIP);
	r->rflags = vmread(VMCS_GUEST_RFLAGS);
	for (u32 i = 0; i < ARRAY_SIZE(shown); i++)
		r->shown[i] = vmread(shown[i]);
	/* what is not masked in CR0 and CR4 is the guest's in hardware */
	r->shown[DEBUG_CR0] = (r->shown[DEBUG_CR0] & vmread(VMCS_CR0_MASK)) | (vmread(VMCS_GUEST_CR0) & ~vmread(VMCS_CR0_MASK));
	r->shown[DEBUG_CR4] = (r->shown[DEBUG_CR4] & vmread(VMCS_CR4_MASK)) | (vmread(VMCS_GUEST_CR4) & ~vmread(VMCS_CR4_MASK));
	r->is_l2 = v->in_l2;
	r->is_waiting = v->state != VCPU_RUNNING;
	r->stopped_by = d->stopped_by;
	r->vmcs12_count = v->nested ? nested_debug_fields(v, r->vmcs12, DEBUG_VMCS12_FIELDS) : 0;
	d->stopped_by = DEBUG_STOP_ASKED;
}

/* L2's are L1's business. */
static void restore(struct vcpu *v)
{
	const struct debug_registers *r = &of(v)->registers;

	if (v->in_l2 || r->is_waiting)
		return;
	for (u32 i = 0; i < GPR_COUNT; i++)
		exit_write_gpr(v, i, r->general[i]);
	vmwrite(VMCS_GUEST_RIP, r->rip);
	vmwrite(VMCS_GUEST_RFLAGS, (r->rflags & DEBUG_RFLAGS) | (vmread(VMCS_GUEST_RFLAGS) & ~(u64)DEBUG_RFLAGS));
}

static void inject_breakpoint(struct vcpu *v, u32 instruction_length)
{
	v->event = (struct event){ INTERRUPTION_VALID | TYPE_SOFTWARE_EXCEPTION << 8 | EXC_BP, 0, instruction_length };
}

static void step(struct vcpu *v, bool is_on)
{
	u64 controls = vmread(VMCS_PRIMARY_CONTROLS) & ~(u64)PRIMARY_MONITOR_TRAP_FLAG;

	vmwrite(VMCS_PRIMARY_CONTROLS, controls | (is_on ? PRIMARY_MONITOR_TRAP_FLAG : 0));
	of(v)->is_stepping = is_on;
}

static void stop_all(const struct partition *p)
{
	for (u32 i = 0; i < p->cpu_count; i++)
		vcpu_request(&p->vcpus[i], REQUEST_DEBUG);
}

/* The last one to park tells the monitor. Until that lets one go on, nobody asks for a stop: what was asked in between is done with. */
static void note_parked(struct partition *p)
{
	if (__atomic_add_fetch(&parked_count[p->number], 1, __ATOMIC_SEQ_CST) < p->cpu_count)
		return;
	for (u32 i = 0; i < p->cpu_count; i++)
		__atomic_and_fetch(&p->vcpus[i].requests, ~(u32)REQUEST_DEBUG, __ATOMIC_SEQ_CST);
	host_irq_pass_on(p, DEBUG_HOST_IRQ);
}

/* Host interrupts still reach the monitor, and with them the debugger's commands. */
static u32 wait_for_command(struct vcpu *v)
{
	struct debug_vcpu *d = of(v);

	for (;;) {
		if (v->is_boot)
			host_irq_deliver();
		u32 command = __atomic_load_n(&d->command, __ATOMIC_SEQ_CST);

		if (command || __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST) & REQUEST_STOP)
			return command;
		interrupts_enable_and_halt();
	}
}

void debug_park(struct vcpu *v)
{
	struct debug_vcpu *d = of(v);

	step(v, false);
	save(v);
	__atomic_store_n(&d->command, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&d->is_parked, true, __ATOMIC_SEQ_CST);
	note_parked(v->partition);
	u32 command = wait_for_command(v);

	__atomic_store_n(&d->is_parked, false, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&parked_count[v->partition->number], 1, __ATOMIC_SEQ_CST);
	restore(v);
	if (command == DEBUG_REFLECT)
		inject_breakpoint(v, 1);
	if (command == DEBUG_STEP)
		step(v, true);
}

static enum exit_action stop(struct vcpu *v, enum debug_stop by)
{
	of(v)->stopped_by = by;
	stop_all(v->partition);
	return EXIT_ACTION_RESUME;
}

enum exit_action debug_breakpoint(struct vcpu *v)
{
	if (is_attached[v->partition->number] && !v->in_l2)
		return stop(v, DEBUG_STOP_BREAKPOINT);
	inject_breakpoint(v, (u32)vmread(VMCS_EXIT_INSTRUCTION_LENGTH));
	return EXIT_ACTION_RESUME;
}

enum exit_action debug_step_done(struct vcpu *v)
{
	return stop(v, DEBUG_STOP_STEP);
}

bool debug_is_stepping(const struct vcpu *v)
{
	return of(v)->is_stepping;
}

static int64_t go_on(struct vcpu *v, enum debug_command command)
{
	if (command == DEBUG_STEP && (v->in_l2 || !(vmx_capabilities.primary >> 32 & PRIMARY_MONITOR_TRAP_FLAG)))
		return -SYS_ENOENT;
	__atomic_store_n(&of(v)->command, command, __ATOMIC_SEQ_CST);
	vcpu_kick(v);
	return 0;
}

int64_t debug_command(u32 cpu, enum debug_command command, struct debug_registers *registers)
{
	struct partition *p = this_partition();

	if (cpu >= p->cpu_count)
		return -SYS_EINVAL;
	struct vcpu *v = &p->vcpus[cpu];

	if (command == DEBUG_ATTACH || command == DEBUG_DETACH) {
		is_attached[p->number] = command == DEBUG_ATTACH;
		if (command == DEBUG_ATTACH)
			stop_all(p);
		return 0;
	}
	if (!__atomic_load_n(&of(v)->is_parked, __ATOMIC_SEQ_CST))
		return -SYS_EAGAIN;
	switch (command) {
	case DEBUG_READ:
		*registers = of(v)->registers;
		return 0;
	case DEBUG_WRITE:
		of(v)->registers = *registers;
		return 0;
	case DEBUG_GO:
	case DEBUG_STEP:
	case DEBUG_REFLECT:
		return go_on(v, command);
	default:
		return -SYS_EINVAL;
	}
}
