/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of this CPU; see timers.h. Guest deadlines are in guest TSC, the hardware wants host TSC. */
#include "kernel/timers.h"

#include "bsp/cpu.h"
#include "bsp/timer/lapic.h"
#include "kernel/interrupts.h"
#include "kernel/nested_hooks.h"
#include "kernel/partition.h"
#include "kernel/percpu.h"
#include "kernel/upcall.h"

/* In host TSC. One the guest has set behind its present is due now, one beyond the counter's end never comes. */
static u64 guest_deadline(const struct vcpu *v)
{
	u64 now = rdtsc(), guest_now = now + v->tsc_offset;

	if (!v->apic.deadline)
		return ~0ull;
	if (v->apic.deadline <= guest_now)
		return now;
	u64 left = v->apic.deadline - guest_now;
	return left > ~0ull - now ? ~0ull : now + left;
}

void timers_rearm(struct vcpu *v)
{
	u64 deadline = min_u64(guest_deadline(v), nested_deadline(v));
	u64 monitor = __atomic_load_n(&v->partition->monitor_deadline, __ATOMIC_RELAXED);

	if (v->is_boot && monitor)
		deadline = min_u64(deadline, monitor);
	if (deadline == v->cpu->armed_deadline)
		return;
	v->cpu->armed_deadline = deadline;
	lapic_timer_arm(deadline == ~0ull ? 0 : max_u64(deadline, 1));
}

/* A periodic timer keeps its phase; periods missed while the guest could not run are dropped, not replayed. */
static void next_period(struct vcpu *v, u64 now)
{
	u64 period = (u64)v->apic.initial_count << apic_divide_shift(&v->apic);

	if (apic_timer_mode(&v->apic) != 1 || !period) {
		v->apic.deadline = 0;
		return;
	}
	period = max_u64(period, CONFIG_TIMER_MINIMUM_TICKS);
	v->apic.deadline += period;
	if (v->apic.deadline <= now)
		v->apic.deadline = now + period;
	v->apic.timer_start = v->apic.deadline - period;
}

static void guest_timer(struct vcpu *v, u64 now)
{
	u64 guest_now = now + v->tsc_offset;
	u32 lvt = v->apic.lvt[LVT_TIMER];

	if (!v->apic.deadline || guest_now < v->apic.deadline)
		return;
	next_period(v, guest_now);
	if (!(lvt & APIC_LVT_MASKED))
		apic_accept(&v->apic, lvt & 0xFF, false);
}

void timers_expired(struct vcpu *v)
{
	u64 now = rdtsc();
	u64 monitor = __atomic_load_n(&v->partition->monitor_deadline, __ATOMIC_RELAXED);

	v->cpu->armed_deadline = ~0ull;
	guest_timer(v, now);
	if (v->is_boot && monitor && now >= monitor) {
		__atomic_compare_exchange_n(&v->partition->monitor_deadline, &monitor, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		upcall_run(UPCALL_TIMER, 0, 0, 0);
	}
	timers_rearm(v);
}

void timers_arm_monitor(u64 deadline)
{
	struct vcpu *v = this_cpu()->vcpu;

	__atomic_store_n(&v->partition->monitor_deadline, deadline, __ATOMIC_RELAXED);
	if (v->is_boot)
		timers_rearm(v);
	else
		vcpu_kick(&v->partition->vcpus[0]);
}

void timers_reset_monitor(void)
{
	__atomic_store_n(&this_partition()->monitor_deadline, 0, __ATOMIC_RELAXED);
}
