/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine is, as plain data: filled by acpi_parse(), read by timers, interrupts, CPU
 * start-up and power. */
#ifndef BSP_ACPI_BOARD_H
#define BSP_ACPI_BOARD_H

#include "bsp/types.h"

#define BOARD_MAX_CPUS 64
#define BOARD_MAX_IOAPICS 8
#define BOARD_MAX_OVERRIDES 16

enum board_space {
	BOARD_SPACE_MEMORY = 0,
	BOARD_SPACE_PORT = 1,
	BOARD_SPACE_PCI = 2,
	BOARD_SPACE_NONE = 0xFF
};

/* A register wherever it is: enum board_space; address 0 with BOARD_SPACE_NONE: there is none. */
struct board_register { u8 space, bits; u64 address; };

struct board_ioapic { u32 address, gsi_base; };

/* MADT flags of an interrupt line. */
#define BOARD_IRQ_POLARITY 0x3
#define BOARD_IRQ_ACTIVE_LOW 0x3
#define BOARD_IRQ_TRIGGER 0xC
#define BOARD_IRQ_LEVEL 0xC
struct board_override { u8 isa_irq; u16 flags; u32 gsi; };

struct board_info {
	u32 cpu_apic_ids[BOARD_MAX_CPUS]; /* enabled ones, in the firmware's order; the boot CPU is
					     among them */
	u32 cpu_count;
	u32 cpu_disabled_count;             /* listed, but turned off by the firmware */
	struct board_ioapic ioapics[BOARD_MAX_IOAPICS];
	u32 ioapic_count;
	struct board_override overrides[BOARD_MAX_OVERRIDES];
	u32 override_count;

	struct board_register pm_timer;
	bool pm_timer_is_32bit;
	struct board_register reset;
	u8 reset_value;
	struct board_register pm1a_control, pm1b_control;
	u16 smi_command;                    /* port; 0: ACPI mode is always on */
	u8 acpi_enable;
	bool has_s5;
	u8 s5_type_a, s5_type_b;            /* SLP_TYP for power-off */
	u8 century_index;                   /* CMOS index of the century; 0: none */
};

#endif
