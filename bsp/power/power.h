/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of the machine's day. Usable from a crash report: no locks, no memory beyond what
 * power_init() kept. */
#ifndef BSP_POWER_POWER_H
#define BSP_POWER_POWER_H

#include "bsp/acpi/board.h"
#include "bsp/types.h"

/* After paging_activate(). Before it, reset and power-off work by the ways that need no ACPI. */
void power_init(const struct board_info *board);
/* FADT reset register, port CF9, keyboard controller, triple fault: the first that works. */
noreturn_fn void power_reset(void);
/* ACPI S5, then the power-off ports of known emulators; a board that has neither stays halted. */
noreturn_fn void power_off(void);
/* This CPU, for good. */
noreturn_fn void power_halt(void);

#endif
