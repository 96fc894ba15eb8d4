/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile values for the interrupt controllers: nothing may break, and a plain interrupt must still arrive afterwards. */
#include "contain.h"

#include "guest.h"

#define TEST_VECTOR 0x50
#define MODE_STARTUP 6
#define MSR_X2APIC 0x800

static void count(struct trap_frame *frame)
{
	(void)frame;
	lapic_eoi();
}

static void ignore(struct trap_frame *frame)
{
	(void)frame;
}

static void window(void)
{
	interrupts_on();
	asm volatile("nop; nop");
	interrupts_off();
}

static void still_works(const char *after)
{
	u32 before;

	lapic_enable();
	for (u32 i = 0; i < 16; i++) {
		lapic_eoi();
		window();
	}
	before = this_cpu()->seen[TEST_VECTOR];
	lapic_send(lapic_is_x2() ? lapic_read(APIC_ID) : lapic_read(APIC_ID) >> 24, TEST_VECTOR);
	window();
	check(this_cpu()->seen[TEST_VECTOR] == before + 1, "after %s: %u interrupts", after, this_cpu()->seen[TEST_VECTOR] - before);
}

static void page_sweep(u32 value)
{
	for (u32 offset = 0; offset < 0x1000; offset += 4)
		if (offset < APIC_ICR || offset > APIC_ICR2)
			mmio_write(APIC_PAGE + offset, value);
	for (u32 offset = 0; offset < 0x1000; offset += 4)
		(void)mmio_read(APIC_PAGE + offset);
	for (u32 offset = 1; offset < 0x1000; offset += 0x3D) {
		*(volatile u8 *)(APIC_PAGE + offset) = (u8)value;
		*(volatile u16 *)(APIC_PAGE + (offset & ~1u)) = (u16)value;
		*(volatile u64 *)(APIC_PAGE + (offset & ~7u)) = value;
	}
}

/* All modes and shorthands. A start-up would run what lies at the vector's page, so it goes to the sender only. */
static void icr_sweep(void)
{
	static const u32 vectors[] = { 0, 15, 0x40, 0xFF };

	for (u32 bits = 0; bits < 1 << 7; bits++) {
		u32 mode = bits & 7, shorthand = bits >> 3 & 3, trigger = bits >> 5;
		u32 command = mode << 8 | shorthand << 18 | (trigger & 1) << 14 | (trigger >> 1) << 15;

		if (mode == MODE_STARTUP && shorthand > 1)
			continue;
		for (u32 i = 0; i < ARRAY_SIZE(vectors); i++)
			lapic_send(mode == MODE_STARTUP ? 0 : bits & 1 ? 0xFF : 0, command | vectors[i]);
	}
	for (u32 bit = 20; bit < 32; bit++)
		if (lapic_is_x2())
			check(probe_wrmsr(MSR_X2APIC + APIC_ICR / 16, 1u << bit) == VECTOR_GP, "ICR takes bit %u", bit);
		else
			lapic_send(0, 1u << bit);
}

static void timer_storm(void)
{
	lapic_write(APIC_DIVIDE, 0xB);
	for (u32 vector = 0; vector < 16; vector++) {
		lapic_write(APIC_TIMER, 0x20000 | vector); /* periodic, a vector no LAPIC takes */
		lapic_write(APIC_INITIAL, 1);
		window();
	}
	lapic_write(APIC_TIMER, 0x60000 | TEST_VECTOR); /* reserved mode */
	lapic_write(APIC_INITIAL, 1);
	window();
	lapic_write(APIC_TIMER, 0x10000);
	lapic_write(APIC_INITIAL, 0);
}

static void msr_sweep(void)
{
	static const u64 values[] = { ~0ull, 1ull << 32, 0x80000000, 0 };

	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		for (u32 msr = MSR_X2APIC; msr < MSR_X2APIC + 0x400; msr++) {
			u64 value;
			u32 vector = probe_wrmsr(msr, values[i]);

			check(vector == NO_FAULT || vector == VECTOR_GP, "x2APIC MSR %x: vector %u", msr, vector);
			check(vector == VECTOR_GP || !(values[i] >> 32) || msr == MSR_X2APIC + APIC_ICR / 16,
			      "x2APIC MSR %x takes %lx", msr, values[i]);
			vector = probe_rdmsr(msr, &value);
			check(vector == NO_FAULT || vector == VECTOR_GP, "x2APIC MSR %x: vector %u", msr, vector);
		}
}

void contain_lapic(void)
{
	for (u32 vector = 32; vector < 256; vector++)
		if (vector != NO_FAULT)
			trap_set(vector, count);
	trap_set(VECTOR_NMI, ignore);
	still_works("nothing");
	page_sweep(~0u);
	still_works("ones in every register");
	page_sweep(0);
	still_works("zeros in every register");
	icr_sweep();
	still_works("every interrupt command");
	timer_storm();
	still_works("timers with impossible vectors");
	lapic_to_x2();
	still_works("the change to x2APIC");
	msr_sweep();
	still_works("hostile x2APIC MSRs");
	icr_sweep();
	still_works("every x2APIC interrupt command");
	timer_storm();
	still_works("x2APIC timers with impossible vectors");
}

static void ioapic_write(u32 index, u32 value)
{
	mmio_write(IOAPIC_PAGE, index);
	mmio_write(IOAPIC_PAGE + 0x10, value);
}

void contain_ioapic(void)
{
	static const u32 values[] = { ~0u, 0xFF, 0x700, 0x500, 0x600, 0x8400, 0 };

	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		for (u32 index = 0; index < 256; index++)
			ioapic_write(index, values[i]);
	mmio_write(IOAPIC_PAGE, ~0u);
	for (u32 offset = 0; offset < 0x100; offset += 4) {
		(void)mmio_read(IOAPIC_PAGE + offset);
		*(volatile u8 *)(IOAPIC_PAGE + offset + 1) = 0xFF;
		*(volatile u64 *)(IOAPIC_PAGE + (offset & ~7u)) = ~0ull;
	}
	for (u32 index = 0x10; index < 0x40; index += 2)
		ioapic_write(index, 0x10000);
	mmio_write(IOAPIC_PAGE, 1);
	check((mmio_read(IOAPIC_PAGE + 0x10) & 0xFF) >= 0x11, "IOAPIC version reads %x", mmio_read(IOAPIC_PAGE + 0x10));
}
