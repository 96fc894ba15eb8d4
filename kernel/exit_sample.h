/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exits cost: one in about two hundred is timed, with two instructions on the path of the others; with tracing on, each of them is, and noted in
 * the CPU's ring. Owns the rings, which the monitor sees and switches on and off.
 */
#ifndef KERNEL_EXIT_SAMPLE_H
#define KERNEL_EXIT_SAMPLE_H

#include "bsp/types.h"
#include "kernel/vcpu.h"

/* Exits until the next one that is timed: SAMPLE_LEAST to twice that, by chance, so that no guest's rhythm is in step with it. */
#define SAMPLE_LEAST 128u

/* Handles an exit as exit_handle() does, and notes how long it took. */
struct vcpu *exit_sample(struct vcpu *v);

/* With tracing on, the exit after the next one is timed, where it would be the next one in some hundred; for any CPU of the partition. */
void exit_sample_soon(struct vcpu *v);

/* One sample for the averages and, with tracing on, for the ring. Pure. */
void exit_sample_note(struct exit_statistics *statistics, struct exit_trace *trace, const struct exit_trace_entry *entry);

/* Rings of all CPUs, page-aligned, for the monitor's address space. */
extern struct exit_trace exit_traces[MONITOR_MAX_CPUS];

#endif
