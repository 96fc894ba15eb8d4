/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC of a test guest in both modes, and the start of the other CPU. Source: Intel SDM volume 3 "Local APIC". */
#include "guest.h"

#define MSR_APIC_BASE 0x1B
#define BASE_X2 0x400
#define MSR_X2APIC 0x800
#define TRAMPOLINE 0x8000ull
#define INIT_ASSERT 0x4500
#define STARTUP 0x4600

extern const u8 trampoline[], trampoline_end[];
void guest_other_main(u64 index);
volatile u32 cpu_generation;

bool lapic_is_x2(void)
{
	return rdmsr(MSR_APIC_BASE) & BASE_X2;
}

u32 lapic_read(u32 offset)
{
	return lapic_is_x2() ? (u32)rdmsr(MSR_X2APIC + offset / 16) : mmio_read(APIC_PAGE + offset);
}

void lapic_write(u32 offset, u32 value)
{
	if (lapic_is_x2())
		wrmsr(MSR_X2APIC + offset / 16, value);
	else
		mmio_write(APIC_PAGE + offset, value);
}

void lapic_enable(void)
{
	lapic_write(APIC_SVR, 0x1FF);
	lapic_write(APIC_TPR, 0);
}

void lapic_eoi(void)
{
	lapic_write(APIC_EOI, 0);
}

void lapic_to_x2(void)
{
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_X2);
}

void lapic_send(u32 destination, u32 command)
{
	if (lapic_is_x2()) {
		wrmsr(MSR_X2APIC + APIC_ICR / 16, (u64)destination << 32 | command);
		return;
	}
	mmio_write(APIC_PAGE + APIC_ICR2, destination << 24);
	mmio_write(APIC_PAGE + APIC_ICR, command);
}

bool cpu_start(u32 index)
{
	u32 before = cpu_generation;

	memcpy((void *)TRAMPOLINE, trampoline, (size_t)(trampoline_end - trampoline));
	lapic_send(index, INIT_ASSERT);
	lapic_send(index, STARTUP | TRAMPOLINE >> 12);
	lapic_send(index, STARTUP | TRAMPOLINE >> 12);
	return WAIT_FOR(cpu_generation != before, 200000000);
}

void guest_other_main(u64 index)
{
	traps_init(index);
	cpu_generation++;
	guest_other();
}

__attribute__((weak)) void guest_other(void)
{
	for (;;)
		halt();
}
