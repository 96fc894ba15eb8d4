/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC through its MSRs; see lapic.h. */
#include "bsp/timer/lapic.h"

#include "bsp/cpu.h"
#include "bsp/msr.h"

enum x2apic_msr {
	X2APIC_ID = 0x802,
	X2APIC_VERSION = 0x803,
	X2APIC_TPR = 0x808,
	X2APIC_EOI = 0x80B,
	X2APIC_SVR = 0x80F,
	X2APIC_ISR = 0x810,
	X2APIC_ESR = 0x828,
	X2APIC_CMCI = 0x82F,
	X2APIC_ICR = 0x830,
	X2APIC_TIMER = 0x832,
	X2APIC_THERMAL = 0x833,
	X2APIC_PERFORMANCE = 0x834,
	X2APIC_LINT0 = 0x835,
	X2APIC_LINT1 = 0x836,
	X2APIC_ERROR = 0x837,
};

#define BASE_ENABLE BIT(11)
#define BASE_X2APIC BIT(10)
#define SVR_ENABLE BIT(8)
#define LVT_MASKED BIT(16)
#define LVT_NMI (4u << 8)
#define LVT_TSC_DEADLINE (2u << 17)
#define LVT_CMCI_INDEX 6u
#define ICR_NMI (4u << 8)
#define ICR_INIT (5u << 8)
#define ICR_STARTUP (6u << 8)
#define ICR_ASSERT BIT(14)
#define LEAF1_ECX_X2APIC BIT(21)
#define LEAF1_ECX_TSC_DEADLINE BIT(24)

const char *lapic_status_text(enum lapic_status status)
{
	static const char *const texts[] = {
		[LAPIC_OK] = "local APIC in x2APIC mode",
		[LAPIC_NO_X2APIC] =
			"no x2APIC: turn on x2APIC in the firmware setup, or use a CPU that has it",
		[LAPIC_NO_TSC_DEADLINE] =
			"no TSC-deadline timer in the local APIC: use a CPU that has it",
	};

	return texts[status];
}

/* What firmware or an earlier kernel left in service would block everything below its priority. */
static void end_stale_interrupts(void)
{
	for (u32 word = 0; word < 8; word++)
		for (u32 bit = 0; bit < 32 && rdmsr(X2APIC_ISR + word); bit++)
			lapic_eoi();
}

static void mask_lines(void)
{
	static const u32 lines[] = { X2APIC_TIMER, X2APIC_LINT0, X2APIC_ERROR, X2APIC_PERFORMANCE,
				     X2APIC_THERMAL };
	u32 highest = rdmsr(X2APIC_VERSION) >> 16 & 0xFF;

	/* The last two exist from max LVT 4 and 5 on. */
	for (u32 i = 0; i < ARRAY_SIZE(lines) && i < highest; i++)
		wrmsr(lines[i], LVT_MASKED);
	if (highest >= LVT_CMCI_INDEX)
		wrmsr(X2APIC_CMCI, LVT_MASKED);
	wrmsr(X2APIC_LINT1, LVT_NMI);
}

enum lapic_status lapic_init(u8 timer_vector, u8 spurious_vector)
{
	u32 features = cpuid(1, 0).ecx;

	if (!(features & LEAF1_ECX_X2APIC))
		return LAPIC_NO_X2APIC;
	/* From disabled the mode is reached in two steps (SDM "x2APIC State Transitions"). */
	wrmsr(IA32_APIC_BASE, rdmsr(IA32_APIC_BASE) | BASE_ENABLE);
	wrmsr(IA32_APIC_BASE, rdmsr(IA32_APIC_BASE) | BASE_X2APIC);
	wrmsr(X2APIC_SVR, SVR_ENABLE | spurious_vector);
	mask_lines();
	wrmsr(X2APIC_TPR, 0);
	wrmsr(X2APIC_ESR, 0);
	end_stale_interrupts();
	if (!(features & LEAF1_ECX_TSC_DEADLINE))
		return LAPIC_NO_TSC_DEADLINE;
	wrmsr(X2APIC_TIMER, LVT_TSC_DEADLINE | timer_vector);
	wrmsr(IA32_TSC_DEADLINE, 0);
	return LAPIC_OK;
}

u32 lapic_id(void)
{
	return (u32)rdmsr(X2APIC_ID);
}

void lapic_eoi(void)
{
	wrmsr(X2APIC_EOI, 0);
}

/* x2APIC writes do not wait for earlier stores (SDM "MSR Access in x2APIC Mode"). */
static void icr_write(u32 apic_id, u32 command)
{
	asm volatile("mfence; lfence" ::: "memory");
	wrmsr(X2APIC_ICR, (u64)apic_id << 32 | command);
}

void lapic_send_ipi(u32 apic_id, u8 vector)
{
	icr_write(apic_id, (u32)ICR_ASSERT | vector);
}

void lapic_send_nmi(u32 apic_id)
{
	icr_write(apic_id, (u32)ICR_ASSERT | ICR_NMI);
}

void lapic_send_init(u32 apic_id)
{
	icr_write(apic_id, (u32)ICR_ASSERT | ICR_INIT);
}

void lapic_send_startup(u32 apic_id, hpa_t page)
{
	icr_write(apic_id, (u32)ICR_ASSERT | ICR_STARTUP | (u32)(page.value >> 12 & 0xFF));
}

void lapic_timer_arm(u64 deadline_ticks)
{
	wrmsr(IA32_TSC_DEADLINE, deadline_ticks);
}
