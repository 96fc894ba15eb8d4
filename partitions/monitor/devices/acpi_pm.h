/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware: PM1a event block 600h (status, enable), PM1a control block 604h, 32-bit PM
 * timer 608h. ACPI mode is always on (no SMI command port). Writing SLP_EN with the S5 type stops
 * the partition; other sleep types do nothing. The power button and the timer's top bit can raise
 * the SCI, interrupt 9, level-triggered.
 * Manual: ACPI 6.4, 4.8.3 "Fixed Hardware Registers".
 */
#ifndef DEVICES_ACPI_PM_H
#define DEVICES_ACPI_PM_H

#include "devices/irq.h"
#include "devices/power.h"
#include "devices/timebase.h"

/* What the FADT and the DSDT must say. */
#define ACPI_PM1_EVENT_PORT   0x600u
#define ACPI_PM1_CONTROL_PORT 0x604u
#define ACPI_PM_TIMER_PORT    0x608u
#define ACPI_S5_SLEEP_TYPE    5u
#define ACPI_RESET_PORT       0xCF9u
#define ACPI_RESET_VALUE      0x06u

#define ACPI_PM_TIMER_HZ 3579545u

struct acpi_pm {
	struct timebase *timebase;
	struct irq *irq;
	struct power *power;
	uint64_t synced;      /* timer count the status is right for */
	uint16_t status;
	uint16_t enable;
	uint16_t control;
};

void acpi_pm_reset(struct acpi_pm *pm, struct timebase *timebase, struct irq *irq,
		   struct power *power);
void acpi_pm_run(struct acpi_pm *pm);
uint64_t acpi_pm_next_deadline(const struct acpi_pm *pm);
void acpi_pm_press_power_button(struct acpi_pm *pm);

uint64_t acpi_pm_read(void *device, uint64_t port, uint32_t size);
void acpi_pm_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t acpi_pm_timer_read(void *device, uint64_t port, uint32_t size);

#endif
