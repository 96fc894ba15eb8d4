/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the TSC runs. CPUID's word is taken only when the ACPI PM timer (or, without one, the
 * PIT) agrees: emulators and some firmware let CPUID name a frequency the clock does not have.
 * Source: Intel SDM volume 3 "Determining the Processor Base Frequency"; ACPI
 * Specification 6.5, 4.8.2.1 "Power Management Timer"; Intel 8254 data sheet.
 */
#ifndef BSP_TIMER_TSC_H
#define BSP_TIMER_TSC_H

#include "bsp/acpi/board.h"
#include "bsp/cpu.h"
#include "bsp/types.h"

enum tsc_source { TSC_UNKNOWN, TSC_CPUID, TSC_PM_TIMER, TSC_PIT };

/* About 20 to 100 ms. False: no working clock to measure against; the remedy is in the board's
 * firmware. */
bool must_check timer_init(const struct board_info *board);
u64 timer_tsc_hz(void);
enum tsc_source timer_tsc_source(void);
/* Busy wait. */
void timer_wait_microseconds(u32 microseconds);

/* Pure parts. */
/* What leaves 15H and 16H say together; 0: nothing. */
u64 tsc_hz_from_cpuid(struct cpuid_result leaf15, struct cpuid_result leaf16);
/* tsc_ticks during clock_ticks of a clock of clock_hz; 0 if that cannot be a TSC (below 1 MHz or
 * above 100 GHz). */
u64 tsc_hz_from_ticks(u64 tsc_ticks, u64 clock_ticks, u64 clock_hz);
/* The two that agree best to 1/256, as their mean; 0: no two do. */
u64 tsc_hz_agreed(const u64 *samples, u32 count);
/* The claimed value if it is within 1/128 of the measured one, else the measured one. */
u64 tsc_hz_choose(u64 claimed, u64 measured);

#endif
