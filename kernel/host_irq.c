/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery of bound host interrupts to the monitor. Only the boot CPU receives them, so plain memory is enough. */
#include "kernel/host_irq.h"

#include "bsp/console/console.h"
#include "bsp/timer/ioapic.h"
#include "kernel/monitor_abi.h"
#include "kernel/traps.h"
#include "kernel/upcall.h"

#define GRANTED_LINES BIT(CONSOLE_IRQ)

static u32 noted;

bool host_irq_bind(u32 line)
{
	if (line >= HOST_IRQ_LINES || !(GRANTED_LINES & BIT(line)))
		return false;
	if (!ioapic_route_isa(line, (u8)(VECTOR_HOST_IRQ + line)))
		return false;
	if (line == CONSOLE_IRQ)
		console_irq_enable();
	return true;
}

void host_irq_note(u32 line)
{
	if (line < HOST_IRQ_LINES)
		noted |= 1u << line;
}

void host_irq_deliver(void)
{
	while (noted) {
		u32 line = (u32)__builtin_ctz(noted);

		noted &= ~(1u << line);
		upcall_run(UPCALL_HOST_IRQ, 0, 0, line);
	}
}
