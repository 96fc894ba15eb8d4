/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's IOAPICs: ISA lines to vectors on one CPU. The old PICs are masked for good.
 * Source: Intel 82093AA data sheet "I/O APIC Registers"; ACPI Specification 6.5, 5.2.12.5
 * "Interrupt Source Override".
 */
#ifndef BSP_TIMER_IOAPIC_H
#define BSP_TIMER_IOAPIC_H

#include "bsp/acpi/board.h"
#include "bsp/types.h"

/* After paging_activate(). Masks every line of every IOAPIC and both PICs. False: a register page
 * cannot be mapped. */
bool must_check ioapic_init(const struct board_info *board, u32 apic_id);
/* Unmasked on return. False: no IOAPIC serves the line, or that CPU's id is above 254. */
bool must_check ioapic_route_isa(u32 irq, u8 vector);
/* The APIC id of the CPU where all interrupts go; above IOAPIC_MAX_TARGET, nothing can reach it. */
#define IOAPIC_MAX_TARGET 254u /* wider ids need interrupt remapping */
u32 ioapic_target(void);
void ioapic_set_masked(u32 irq, bool is_masked);

/* Where an ISA line arrives: its global number and how it signals. Pure. */
struct ioapic_line { u32 gsi; bool is_level, is_active_low; };
struct ioapic_line ioapic_isa_line(const struct board_info *board, u32 irq);

#endif
