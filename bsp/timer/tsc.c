/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring the TSC against the PM timer or the PIT; see tsc.h. */
#include "bsp/timer/tsc.h"

#include "bsp/memory/paging.h"

#define PM_TIMER_HZ 3579545u
#define PM_TIMER_TICKS (PM_TIMER_HZ / 100)
#define PIT_HZ 1193182u
#define PIT_TICKS (PIT_HZ / 100)
#define PIT_CHANNEL2 0x42
#define PIT_CONTROL 0x43
#define PIT_CHANNEL2_ONE_SHOT 0xB0   /* both bytes, mode 0, binary */
#define PORT_B 0x61
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2 0x20
#define MAX_READS 1000000u           /* a register read takes about a microsecond */
#define MAX_SAMPLES 8

static u64 tsc_hz;
static enum tsc_source tsc_source;
static struct board_register pm_register;
static volatile u32 *pm_memory;
static u32 pm_mask;

static u32 pm_timer_read(void)
{
	return (pm_memory ? *pm_memory : port_inl((u16)pm_register.address)) & pm_mask;
}

static bool pm_timer_open(const struct board_info *board)
{
	pm_register = board->pm_timer;
	pm_mask = board->pm_timer_is_32bit ? 0xFFFFFFFF : 0xFFFFFF;
	if (pm_register.space == BOARD_SPACE_MEMORY && !(pm_register.address & 3))
		pm_memory = (volatile u32 *)paging_map_mmio(HPA(pm_register.address));
	return pm_memory ||
	       (pm_register.space == BOARD_SPACE_PORT && pm_register.address <= 0xFFFC);
}

/* From one edge of the PM timer to the first at least PM_TIMER_TICKS later. */
static u64 pm_timer_sample(void)
{
	u32 start = pm_timer_read(), edge = start, elapsed = 0;

	for (u32 i = 0; i < MAX_READS && edge == start; i++)
		edge = pm_timer_read();
	u64 first = rdtsc();
	for (u32 i = 0; i < MAX_READS && elapsed < PM_TIMER_TICKS; i++)
		elapsed = (pm_timer_read() - edge) & pm_mask;
	u64 last = rdtsc();
	return elapsed >= PM_TIMER_TICKS ? tsc_hz_from_ticks(last - first, elapsed, PM_TIMER_HZ)
					 : 0;
}

static u64 pit_sample(void)
{
	u8 port_b = port_inb(PORT_B);
	u32 reads = 0;

	port_outb(PORT_B, (u8)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE2));
	port_outb(PIT_CONTROL, PIT_CHANNEL2_ONE_SHOT);
	port_outb(PIT_CHANNEL2, PIT_TICKS & 0xFF);
	port_outb(PIT_CHANNEL2, PIT_TICKS >> 8);
	u64 first = rdtsc();
	while (reads < MAX_READS && !(port_inb(PORT_B) & PORT_B_OUT2))
		reads++;
	u64 last = rdtsc();
	port_outb(PORT_B, port_b);
	/* At once or never: no PIT. */
	return reads > 0 && reads < MAX_READS ? tsc_hz_from_ticks(last - first, PIT_TICKS, PIT_HZ)
					      : 0;
}

/* Another CPU, an SMI or the emulator's host may spoil a sample: measure until two agree. */
static u64 measure(u64 (*sample)(void))
{
	u64 samples[MAX_SAMPLES], hz = 0;

	for (u32 i = 0; i < MAX_SAMPLES && !hz; i++) {
		samples[i] = sample();
		if (!samples[i])
			return 0;
		hz = tsc_hz_agreed(samples, i + 1);
	}
	return hz;
}

static u64 claimed_hz(void)
{
	struct cpuid_result none = { 0 };
	u32 highest = cpuid(0, 0).eax;

	return tsc_hz_from_cpuid(highest >= 0x15 ? cpuid(0x15, 0) : none,
				 highest >= 0x16 ? cpuid(0x16, 0) : none);
}

bool timer_init(const struct board_info *board)
{
	u64 measured = pm_timer_open(board) ? measure(pm_timer_sample) : 0;

	tsc_source = TSC_PM_TIMER;
	if (!measured) {
		measured = measure(pit_sample);
		tsc_source = TSC_PIT;
	}
	if (!measured) {
		tsc_source = TSC_UNKNOWN;
		return false;
	}
	tsc_hz = tsc_hz_choose(claimed_hz(), measured);
	if (tsc_hz != measured)
		tsc_source = TSC_CPUID;
	return true;
}

u64 timer_tsc_hz(void)
{
	return tsc_hz;
}

enum tsc_source timer_tsc_source(void)
{
	return tsc_source;
}

void timer_wait_microseconds(u32 microseconds)
{
	u64 ticks = tsc_hz / 1000000 * microseconds;

	for (u64 start = rdtsc(); rdtsc() - start < ticks; )
		cpu_pause();
}
