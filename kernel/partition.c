/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, stopping and restarting a partition; see partition.h. */
#include "kernel/partition.h"

#include "bsp/boot/boot.h"
#include "bsp/cpu.h"
#include "bsp/power/power.h"
#include "kernel/exits.h"
#include "kernel/fpu.h"
#include "kernel/host_irq.h"
#include "kernel/log.h"
#include "kernel/msr_policy.h"
#include "kernel/timers.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx_insn.h"

noreturn_fn void vcpu_enter(struct vcpu *v);

void partition_stop(enum stop_reason reason, u64 detail)
{
	struct partition *p = this_partition();
	u32 none = 0;

	if (!__atomic_compare_exchange_n(&p->stop_reason, &none, (u32)reason, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (reason == STOP_REQUESTED)
			p->asked = (u32)detail;
		return;
	}
	p->stop_detail = detail;
	for (u32 i = 0; i < p->cpu_count; i++)
		vcpu_request(&p->vcpus[i], REQUEST_STOP);
}

static const char *const action_names[] = {
	[ACTION_HOLD] = "hold", [ACTION_RESTART] = "restart", [ACTION_REBOOT] = "reboot the box", [ACTION_POWER_OFF] = "power off",
};

/* Without a monitor there is nobody to load an image. The first's cannot begin anew while the box's devices may still write into its memory. */
static enum stop_action fallback_action(const struct partition *p)
{
	u32 action = p->plan->on_crash;

	return action == ACTION_RESTART && !p->number ? ACTION_REBOOT : (enum stop_action)action;
}

/* The box belongs to the first partition; another ends it only by the crash for which it is configured so. */
static enum stop_action limited(const struct partition *p, enum stop_action action)
{
	return action <= ACTION_RESTART || !p->number || action == p->plan->on_crash ? action : ACTION_HOLD;
}

/* Asks the monitor; a dead monitor or an answer that is none leaves the configured crash action. */
static enum stop_action choose_action(struct partition *p)
{
	u64 answer = upcall_run(UPCALL_STOPPED, p->stop_detail, 0, p->stop_reason);

	return limited(p, answer >= ACTION_HOLD && answer <= ACTION_POWER_OFF ? (enum stop_action)answer : fallback_action(p));
}

/* The box stays up for its people: host interrupts still reach the monitor, no guest runs. Until one of them asks for something else. */
static enum stop_action hold(struct partition *p)
{
	for (p->asked = 0;;) {
		host_irq_deliver();
		if (p->asked > ACTION_HOLD && p->asked <= ACTION_POWER_OFF)
			return limited(p, (enum stop_action)p->asked);
		interrupts_enable_and_halt();
	}
}

static noreturn_fn void end_box(enum stop_action action)
{
	log_line("kernel: %s", action == ACTION_REBOOT ? "resetting the box" : "switching the box off");
	if (action == ACTION_REBOOT)
		power_reset();
	power_off();
}

static void reset_cpu(struct vcpu *v)
{
	v->apic.pic_line = 0;
	vcpu_reset(v);
	msr_reset(v);
	fpu_reset_guest(v->cpu);
	timers_rearm(v);
}

/* Loads the image; on refusal the partition is stopped again and this goes round. */
static void boot(struct vcpu *v)
{
	u64 start = rdtsc();
	u64 result = upcall_run(UPCALL_BOOT, 0, 0, 0);

	v->statistics->boot_upcall_ticks = rdtsc() - start;
	if (result) {
		partition_stop(STOP_REFUSED, result);
		return;
	}
	vcpu_start_at_boot(v, &v->cpu->call->boot);
	v->statistics->first_entry_ticks = rdtsc() - boot_entry_tsc;
}

static void park_other(struct vcpu *v, u32 seen)
{
	struct partition *p = v->partition;

	__atomic_add_fetch(&p->parked, 1, __ATOMIC_SEQ_CST);
	vcpu_kick(&p->vcpus[0]);
	while (__atomic_load_n(&p->generation, __ATOMIC_SEQ_CST) == seen)
		interrupts_enable_and_halt();
	reset_cpu(v);
	__atomic_sub_fetch(&p->parked, 1, __ATOMIC_SEQ_CST);
}

static void restart(struct vcpu *v)
{
	struct partition *p = v->partition;

	if (p->monitor.has_faulted)
		monitor_reload(p);
	timers_reset_monitor();
	reset_cpu(v);
	for (u32 i = 0; i < p->cpu_count; i++)
		__atomic_store_n(&p->vcpus[i].requests, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&p->stop_reason, 0, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&p->generation, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 1; i < p->cpu_count; i++)
		vcpu_kick(&p->vcpus[i]);
	while (__atomic_load_n(&p->parked, __ATOMIC_SEQ_CST))
		cpu_pause();
	boot(v);
}

static void park_boot(struct vcpu *v)
{
	struct partition *p = v->partition;

	while (__atomic_load_n(&p->parked, __ATOMIC_SEQ_CST) + 1 < p->cpu_count)
		interrupts_enable_and_halt();
	enum stop_action action = choose_action(p);
	log_line("kernel: partition%s%s stopped, action: %s", p->number ? " " : "", p->number ? p->plan->name : "", action_names[action]);
	if (action == ACTION_HOLD)
		action = hold(p);
	if (action != ACTION_RESTART)
		end_box(action);
	restart(v);
}

void partition_park(struct vcpu *v)
{
	u32 seen = __atomic_load_n(&v->partition->generation, __ATOMIC_SEQ_CST);

	if (v->is_boot)
		park_boot(v);
	else
		park_other(v, seen);
}

void partition_run_boot(struct vcpu *v)
{
	while (!__atomic_load_n(&v->partition->may_boot, __ATOMIC_ACQUIRE))
		cpu_pause();
	reset_cpu(v);
	boot(v);
	vcpu_enter(exit_prepare_entry(v));
}

void partition_run_other(struct vcpu *v)
{
	reset_cpu(v);
	vcpu_enter(exit_prepare_entry(v));
}
