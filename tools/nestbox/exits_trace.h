/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace of VM exits: collected from the box's command `trace read`, written as JSON that Chrome and Perfetto show. Pure.
 */
#ifndef NESTBOX_EXITS_TRACE_H
#define NESTBOX_EXITS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_CPUS 8u
#define TRACE_EXITS_MAX (1u << 20)

struct trace_exit {
	uint64_t start; /* TSC */
	uint32_t ticks;
	uint16_t reason;
	uint8_t cpu, level;
	bool is_behind_gap; /* exits before it are lost */
};

struct trace {
	uint64_t hz, first; /* first: the earliest start */
	struct trace_exit *exits; /* allocated; of each CPU in order */
	size_t count, room;
	struct {
		uint64_t next;	  /* number of the exit to ask for */
		uint64_t written; /* exits the box has had */
		uint64_t last;	  /* start of the last one */
	} cpus[TRACE_CPUS];
	uint32_t cpu;	 /* whose answer is being read */
	bool is_in_piece, is_refused, has_gap;
};

/* Before each answer. */
void trace_expect(struct trace *trace, uint32_t cpu);
/* One line of it. False: no memory. */
bool trace_take(struct trace *trace, const char *line);
void trace_free(struct trace *trace);

/* Times in microseconds from the first exit on. One process for each CPU; Nestbox, L1 and L2 as its threads. */
void trace_write_json(FILE *out, const struct trace *trace);

#endif
