/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's interrupt lines. Line n below 16 is ISA interrupt n, wired to PIC input n and to
 * IOAPIC pin n, except that line 0 comes out at IOAPIC pin 2 (the usual override; pin 0 is not
 * connected). Lines 16 to 23 are IOAPIC pins only. A line carries "asserted", whatever the polarity
 * the guest writes.
 */
#ifndef DEVICES_IRQ_H
#define DEVICES_IRQ_H

#include "devices/ioapic.h"
#include "devices/pic.h"

enum irq_line {
	IRQ_PIT = 0,
	IRQ_COM1 = 4,
	IRQ_RTC = 8,
	IRQ_SCI = 9,
	IRQ_LINES = 24,
};

struct irq {
	struct pic_pair *pic;
	struct ioapic *ioapic;
};

void irq_reset(struct irq *irq, struct pic_pair *pic, struct ioapic *ioapic);

/* Lines of no device are ignored: 2 is the PIC's own cascade, 24 and above do not exist. */
void irq_set(struct irq *irq, uint32_t line, bool is_asserted);

/* A rising edge, leaving the line asserted. */
void irq_pulse(struct irq *irq, uint32_t line);

#endif
