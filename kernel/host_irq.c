/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery of bound host interrupts to the monitors, on their boot CPUs. */
#include "kernel/host_irq.h"

#include "bsp/console/console.h"
#include "bsp/timer/ioapic.h"
#include "kernel/config_text.h"
#include "kernel/monitor_abi.h"
#include "kernel/partition.h"
#include "kernel/traps.h"

#define MESSAGE_ADDRESS 0xFEE00000ull
#define GRANTED_LINES (BIT(CONSOLE_IRQ) | CONFIG_DISK_IRQS)

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

u64 host_irq_message(u32 line)
{
	u32 id = ioapic_target();

	if (line >= HOST_IRQ_LINES || !(GRANTED_LINES & BIT(line)) || id > IOAPIC_MAX_TARGET)
		return 0;
	return (MESSAGE_ADDRESS | id << 12) << 16 | (VECTOR_HOST_IRQ + line);
}

void host_irq_pass_on(struct partition *p, u32 line)
{
	__atomic_or_fetch(&p->host_irqs, 1u << line, __ATOMIC_SEQ_CST);
	vcpu_kick(&p->vcpus[0]);
}

/* Interrupts are routed to the first partition's boot CPU. */
void host_irq_note(u32 line)
{
	if (line < HOST_IRQ_LINES)
		__atomic_or_fetch(&partitions[0].host_irqs, 1u << line, __ATOMIC_SEQ_CST);
}

void host_irq_deliver(void)
{
	struct partition *p = this_partition();
	u32 lines;

	while ((lines = __atomic_load_n(&p->host_irqs, __ATOMIC_RELAXED))) {
		u32 line = (u32)__builtin_ctz(lines);

		__atomic_and_fetch(&p->host_irqs, ~(1u << line), __ATOMIC_SEQ_CST);
		upcall_run(UPCALL_HOST_IRQ, 0, 0, line);
	}
}
