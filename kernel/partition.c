/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, stopping and restarting the partition; see partition.h. Owns the stop record. */
#include "kernel/partition.h"

#include "bsp/boot/boot.h"
#include "bsp/cpu.h"
#include "bsp/power/power.h"
#include "kernel/exits.h"
#include "kernel/fpu.h"
#include "kernel/host_irq.h"
#include "kernel/log.h"
#include "kernel/msr_policy.h"
#include "kernel/percpu.h"
#include "kernel/timers.h"
#include "kernel/upcall.h"
#include "kernel/vmx/vmx_insn.h"

noreturn_fn void vcpu_enter(struct vcpu *v);

static u32 cpu_count;
static struct { u32 reason; u64 detail; } stop;
static u32 asked;      /* enum stop_action that ends holding; 0: none */
static u32 parked;     /* CPUs waiting in partition_park() */
static u32 generation; /* counts restarts: parked CPUs wait for it to move */

u32 partition_cpu_count(void)
{
	return cpu_count;
}

void partition_set_cpu_count(u32 count)
{
	cpu_count = count;
}

void partition_stop(enum stop_reason reason, u64 detail)
{
	u32 none = 0;

	if (!__atomic_compare_exchange_n(&stop.reason, &none, (u32)reason, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (reason == STOP_REQUESTED)
			asked = (u32)detail;
		return;
	}
	stop.detail = detail;
	for (u32 i = 0; i < cpu_count; i++)
		vcpu_request(&vcpus[i], REQUEST_STOP);
}

static const char *const action_names[] = {
	[ACTION_HOLD] = "hold", [ACTION_RESTART] = "restart", [ACTION_REBOOT] = "reboot the box", [ACTION_POWER_OFF] = "power off",
};

static enum stop_action fallback_action(void)
{
	u32 action = monitor_info.on_crash;

	return action == ACTION_RESTART ? ACTION_REBOOT : (enum stop_action)action;
}

/* Asks the monitor; a dead monitor or an answer that is none leaves the configured crash action, without restart. */
static enum stop_action choose_action(void)
{
	u64 answer = upcall_run(UPCALL_STOPPED, stop.detail, 0, stop.reason);

	return answer >= ACTION_HOLD && answer <= ACTION_POWER_OFF ? (enum stop_action)answer : fallback_action();
}

/* The box stays up for its people: host interrupts still reach the monitor, no guest runs. Until one of them asks for something else. */
static enum stop_action hold(void)
{
	for (asked = 0;;) {
		host_irq_deliver();
		if (asked > ACTION_HOLD && asked <= ACTION_POWER_OFF)
			return (enum stop_action)asked;
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
	__atomic_add_fetch(&parked, 1, __ATOMIC_SEQ_CST);
	vcpu_kick(&vcpus[0]);
	while (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) == seen)
		interrupts_enable_and_halt();
	reset_cpu(v);
	__atomic_sub_fetch(&parked, 1, __ATOMIC_SEQ_CST);
}

static void restart(struct vcpu *v)
{
	timers_reset_monitor();
	reset_cpu(v);
	for (u32 i = 0; i < cpu_count; i++)
		__atomic_store_n(&vcpus[i].requests, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&stop.reason, 0, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&generation, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 1; i < cpu_count; i++)
		vcpu_kick(&vcpus[i]);
	while (__atomic_load_n(&parked, __ATOMIC_SEQ_CST))
		cpu_pause();
	boot(v);
}

static void park_boot(struct vcpu *v)
{
	while (__atomic_load_n(&parked, __ATOMIC_SEQ_CST) + 1 < cpu_count)
		interrupts_enable_and_halt();
	enum stop_action action = choose_action();
	log_line("kernel: partition stopped, action: %s", action_names[action]);
	if (action == ACTION_HOLD)
		action = hold();
	if (action != ACTION_RESTART)
		end_box(action);
	restart(v);
}

void partition_park(struct vcpu *v)
{
	u32 seen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);

	if (v->is_boot)
		park_boot(v);
	else
		park_other(v, seen);
}

void partition_run_boot(struct vcpu *v)
{
	reset_cpu(v);
	boot(v);
	vcpu_enter(exit_prepare_entry(v));
}

void partition_run_other(struct vcpu *v)
{
	reset_cpu(v);
	vcpu_enter(exit_prepare_entry(v));
}
