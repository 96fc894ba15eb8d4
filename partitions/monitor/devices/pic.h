/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pair of 8259A interrupt controllers at ports 20h/21h and A0h/A1h with the edge/level
 * registers at 4D0h/4D1h. Owns the INTR output to LINT0. Edge requests stay latched until taken, so
 * a short pulse is never lost.
 * Manual: Intel 8259A data sheet (order number 231468), "Programming the 8259A".
 */
#ifndef DEVICES_PIC_H
#define DEVICES_PIC_H

#include "devices/platform.h"

#define PIC_INPUTS 16u

struct pic {
	uint8_t lines;           /* level of each input */
	uint8_t requests;        /* IRR */
	uint8_t in_service;      /* ISR */
	uint8_t mask;            /* IMR */
	uint8_t level_triggered; /* ELCR */
	uint8_t elcr_writable;
	uint8_t vector_base;
	uint8_t lowest;          /* input of lowest priority; 7 after reset */
	uint8_t expected;        /* next initialisation word, enum in pic.c */
	bool needs_icw4;
	bool is_single;
	bool is_auto_eoi;
	bool is_rotating_auto_eoi;
	bool is_special_mask;
	bool is_special_nested;
	bool is_reading_service; /* OCW3: reads give ISR, not IRR */
	bool is_polling;         /* OCW3: the next read acknowledges */
};

struct pic_pair {
	const struct platform *platform;
	struct pic chip[2]; /* master, slave */
	bool is_output_high;
};

void pic_reset(struct pic_pair *pair, const struct platform *platform);
void pic_set(struct pic_pair *pair, uint32_t input, bool is_asserted);

/* The CPU's INTA cycles: the vector, the spurious one (input 7) if the request is gone. */
uint8_t pic_acknowledge(struct pic_pair *pair);

uint64_t pic_port_read(void *device, uint64_t port, uint32_t size);
void pic_port_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t pic_elcr_read(void *device, uint64_t port, uint32_t size);
void pic_elcr_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif
