/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition: what the configuration gives it, what it has, and its life: boot, run, stop, and what happens then. Any of its CPUs may stop it; all of
 * them park; its boot CPU asks its monitor for the configured action and carries it out. Nothing here is another partition's: what one of them does
 * reaches its own CPUs alone. Only the first may end the box, unless the configuration says so of another's crash.
 */
#ifndef KERNEL_PARTITION_H
#define KERNEL_PARTITION_H

#include "bsp/boot/multiboot2.h"
#include "bsp/memory/carve.h"
#include "kernel/cpuid_policy.h"
#include "kernel/guest_memory.h"
#include "kernel/partition_lines.h"
#include "kernel/percpu.h"
#include "kernel/upcall.h"
#include "kernel/vcpu.h"
#include "kernel/vmx/ept.h"

#define PARTITION_INPUT_BYTES 256u /* a power of two: the counters run on */

struct partition_plan {
	const char *name;
	u8 role_uuid[16];
	u32 cpu_count, ram_mib;
	u32 on_crash, on_power_off; /* enum stop_action */
	bool is_nested;
};

struct partition {
	const struct partition_plan *plan;
	u32 number;                   /* 0: the first, which has the box's console, disk and host interrupts */
	u32 cpu_count;
	u32 first_cpu;                /* its CPUs are neighbours in percpu[], wherever they are pinned to */
	struct vcpu *vcpus;           /* [0] is the boot vCPU */
	struct guest_ram ram;
	struct ept_pool ept;
	u64 ept_pointer;
	hpa_t tables;                 /* of ept */
	u64 alignment;                /* of its RAM */
	struct cpuid_table cpuid;
	struct monitor monitor;

	/* shared: its CPUs change these with atomics */
	u32 stop_reason;              /* 0: it runs */
	u64 stop_detail;
	u32 asked;                    /* enum stop_action that ends holding; 0: none */
	u32 parked;                   /* CPUs waiting in partition_park() */
	u32 generation;               /* counts restarts: parked CPUs wait for it to move */
	u32 may_boot;                 /* its monitor is in place */
	u64 monitor_deadline;         /* host TSC; 0: off */
	u32 host_irqs;                /* lines that have come and are not yet delivered */

	/* bytes for its console, from the first partition's monitor */
	u8 input[PARTITION_INPUT_BYTES];
	u32 input_put, input_taken;
	struct partition_line console_line, log_line; /* that are not whole yet */
};

extern struct partition partitions[CONFIG_PARTITIONS];

static inline struct partition *this_partition(void)
{
	return this_cpu()->partition;
}

/* Bytes for the console of a partition that is not the first. One CPU puts, with the first monitor's lock; one takes. */
static inline bool partition_input_put(struct partition *p, u8 byte)
{
	u32 put = p->input_put;

	if (put - __atomic_load_n(&p->input_taken, __ATOMIC_ACQUIRE) >= PARTITION_INPUT_BYTES)
		return false;
	p->input[put % PARTITION_INPUT_BYTES] = byte;
	__atomic_store_n(&p->input_put, put + 1, __ATOMIC_RELEASE);
	return true;
}

/* -1: there is none. */
static inline int partition_input_take(struct partition *p)
{
	u32 taken = p->input_taken;

	if (taken == __atomic_load_n(&p->input_put, __ATOMIC_ACQUIRE))
		return -1;
	int byte = p->input[taken % PARTITION_INPUT_BYTES];
	__atomic_store_n(&p->input_taken, taken + 1, __ATOMIC_RELEASE);
	return byte;
}

/* The boot CPU's last call: loads the image, runs. The others': wait for SIPI. */
noreturn_fn void partition_run_boot(struct vcpu *v);
noreturn_fn void partition_run_other(struct vcpu *v);

/* Of this CPU's partition. First caller wins; returns at once, the CPU parks at its next entry. */
void partition_stop(enum stop_reason reason, u64 detail);
/* At REQUEST_STOP: returns only if the partition was restarted (the vcpu has been reset). */
void partition_park(struct vcpu *v);

#endif
