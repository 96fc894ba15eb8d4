/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI fixed hardware; see acpi_pm.h. */
#include "devices/acpi_pm.h"

#include "kernel/monitor_abi.h"

#define PM1_TIMER        0x0001u /* status and enable bits */
#define PM1_GLOBAL       0x0020u
#define PM1_POWER_BUTTON 0x0100u
#define PM1_SLEEP_BUTTON 0x0200u
#define PM1_RTC          0x0400u
#define PM1_EVENTS       (PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_SLEEP_BUTTON | PM1_RTC)

#define CONTROL_SCI_ENABLED 0x0001u
#define CONTROL_WRITABLE    0x1C02u /* sleep type, bus master reload */
#define CONTROL_SLEEP_TYPE_SHIFT 10
#define CONTROL_SLEEP       0x2000u

#define TIMER_TOP_SHIFT 31 /* the status bit follows changes of the timer's highest bit */

enum { REGISTER_STATUS, REGISTER_ENABLE, REGISTER_CONTROL, REGISTER_RESERVED };

static void update_sci(const struct acpi_pm *pm)
{
	irq_set(pm->irq, IRQ_SCI, pm->status & pm->enable & PM1_EVENTS);
}

static void sync(struct acpi_pm *pm)
{
	uint64_t now = timebase_count(pm->timebase, ACPI_PM_TIMER_HZ);

	if (now >> TIMER_TOP_SHIFT != pm->synced >> TIMER_TOP_SHIFT)
		pm->status |= PM1_TIMER;
	pm->synced = now;
	update_sci(pm);
}

void acpi_pm_reset(struct acpi_pm *pm, struct timebase *timebase, struct irq *irq,
		   struct power *power)
{
	*pm = (struct acpi_pm){
		.timebase = timebase, .irq = irq, .power = power, .control = CONTROL_SCI_ENABLED,
	};
}

void acpi_pm_run(struct acpi_pm *pm)
{
	sync(pm);
}

uint64_t acpi_pm_next_deadline(const struct acpi_pm *pm)
{
	if (!(pm->enable & PM1_TIMER) || (pm->status & PM1_TIMER))
		return DEADLINE_NONE;
	return timebase_deadline(pm->timebase,
				 ((pm->synced >> TIMER_TOP_SHIFT) + 1) << TIMER_TOP_SHIFT,
				 ACPI_PM_TIMER_HZ);
}

void acpi_pm_press_power_button(struct acpi_pm *pm)
{
	pm->status |= PM1_POWER_BUTTON;
	update_sci(pm);
}

static uint16_t read_register(const struct acpi_pm *pm, uint32_t which)
{
	switch (which) {
	case REGISTER_STATUS:
		return pm->status;
	case REGISTER_ENABLE:
		return pm->enable;
	case REGISTER_CONTROL:
		return pm->control;
	default:
		return 0;
	}
}

static void write_control(struct acpi_pm *pm, uint16_t value)
{
	uint32_t sleep_type = value >> CONTROL_SLEEP_TYPE_SHIFT & 7;

	pm->control = (value & CONTROL_WRITABLE) | CONTROL_SCI_ENABLED;
	if ((value & CONTROL_SLEEP) && sleep_type == ACPI_S5_SLEEP_TYPE)
		power_stop(pm->power, STOP_POWER_OFF, 0);
}

uint64_t acpi_pm_read(void *device, uint64_t port, uint32_t size)
{
	struct acpi_pm *pm = device;
	uint32_t offset = (uint32_t)port - ACPI_PM1_EVENT_PORT;

	(void)size;
	sync(pm);
	return (uint64_t)read_register(pm, offset / 2) >> 8 * (offset & 1);
}

void acpi_pm_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct acpi_pm *pm = device;
	uint32_t offset = (uint32_t)port - ACPI_PM1_EVENT_PORT;
	uint32_t shift = 8 * (offset & 1);
	uint16_t lanes = (uint16_t)((size == 1 ? 0xFFu : 0xFFFFu) << shift);
	uint16_t written = (uint16_t)(value << shift);

	sync(pm);
	switch (offset / 2) {
	case REGISTER_STATUS: /* write one to clear */
		pm->status &= (uint16_t)~written;
		break;
	case REGISTER_ENABLE:
		pm->enable = ((pm->enable & (uint16_t)~lanes) | written) & PM1_EVENTS;
		break;
	case REGISTER_CONTROL:
		write_control(pm, (pm->control & (uint16_t)~lanes) | written);
		break;
	default:
		break;
	}
	update_sci(pm);
}

uint64_t acpi_pm_timer_read(void *device, uint64_t port, uint32_t size)
{
	const struct acpi_pm *pm = device;
	uint32_t value = (uint32_t)timebase_count(pm->timebase, ACPI_PM_TIMER_HZ);

	(void)size;
	return value >> 8 * ((uint32_t)port - ACPI_PM_TIMER_PORT);
}
