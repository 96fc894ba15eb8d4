/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 8254 interval timer at ports 40h-43h and the system control port 61h. Counter 0 drives
 * interrupt 0, counter 1 nothing, the gate and the output of counter 2 are bits of port 61h. Every
 * value is computed from the timebase when asked for; only counter 0 has deadlines, and not more
 * often than MINIMUM_PERIOD_HZ.
 * Manual: Intel 82C54 data sheet (order number 231244) "Operational Description".
 */
#ifndef DEVICES_PIT_H
#define DEVICES_PIT_H

#include "devices/irq.h"
#include "devices/timebase.h"

#define PIT_HZ 1193182u

struct pit_counter {
	uint64_t start;         /* PIT clock at which counting (re)started */
	uint64_t held;          /* clocks counted when the gate closed */
	uint32_t reload;        /* last count written: 1 .. 65536 */
	uint32_t count;         /* count in force */
	uint8_t mode;           /* 0 .. 5 */
	uint8_t access;         /* bytes written and read: 1 low, 2 high, 3 low then high */
	bool is_bcd;
	bool has_count;         /* written completely since the control word */
	bool is_triggered;      /* modes 1 and 5: the gate has risen since */
	bool is_gate_high;
	bool is_write_high_next;
	bool is_read_high_next;
	bool has_latched_status;
	uint8_t written_low;
	uint8_t latched_status;
	uint8_t latched_bytes;  /* of latched_count still to read */
	uint16_t latched_count;
};

struct pit {
	struct timebase *timebase;
	struct irq *irq;
	uint64_t next_edge;     /* PIT clock of the next interrupt; DEADLINE_NONE */
	bool is_speaker_on;
	struct pit_counter counter[3];
};

void pit_reset(struct pit *pit, struct timebase *timebase, struct irq *irq);
void pit_run(struct pit *pit);
uint64_t pit_next_deadline(const struct pit *pit);

uint64_t pit_port_read(void *device, uint64_t port, uint32_t size);
void pit_port_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t pit_control_read(void *device, uint64_t port, uint32_t size);
void pit_control_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif
