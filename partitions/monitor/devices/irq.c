/* SPDX-License-Identifier: Apache-2.0 */
/* Wiring of interrupt lines to both interrupt controllers; see irq.h. */
#include "devices/irq.h"

#define CASCADE_LINE 2
#define PIT_IOAPIC_PIN 2

void irq_reset(struct irq *irq, struct pic_pair *pic, struct ioapic *ioapic)
{
	irq->pic = pic;
	irq->ioapic = ioapic;
}

void irq_set(struct irq *irq, uint32_t line, bool is_asserted)
{
	if (line >= IRQ_LINES || line == CASCADE_LINE)
		return;
	if (line < PIC_INPUTS)
		pic_set(irq->pic, line, is_asserted);
	ioapic_set(irq->ioapic, line == IRQ_PIT ? PIT_IOAPIC_PIN : line, is_asserted);
}

void irq_pulse(struct irq *irq, uint32_t line)
{
	irq_set(irq, line, false);
	irq_set(irq, line, true);
}
