/* SPDX-License-Identifier: Apache-2.0 */
/* Reset ports and the stop latch; see power.h. The detail of a reset is its port. */
#include "devices/power.h"

#include "kernel/monitor_abi.h"

#define RESET_CONTROL_CPU      0x04u /* the pulse starts when this bit is set */
#define RESET_CONTROL_WRITABLE 0x0Eu
#define KEYBOARD_COMMAND       0x64u
#define KEYBOARD_STATUS        0xFDu /* all ones but "input buffer full" */
#define KEYBOARD_PULSE_MASK    0xF1u /* F0h-FFh pulse output lines; bit 0 clear: the reset line */
#define KEYBOARD_PULSE_RESET   0xF0u
#define FAST_RESET             0x01u
#define FAST_A20               0x02u /* always on */

void power_reset(struct power *power, const struct platform *platform)
{
	*power = (struct power){ .platform = platform };
}

void power_stop(struct power *power, uint32_t reason, uint64_t detail)
{
	if (power->is_stopped)
		return;
	power->is_stopped = true;
	power->platform->ops->stop(power->platform->context, reason, detail);
}

uint64_t power_control_read(void *device, uint64_t port, uint32_t size)
{
	const struct power *power = device;

	(void)port;
	(void)size;
	return power->reset_control;
}

void power_control_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	struct power *power = device;

	(void)size;
	power->reset_control = value & RESET_CONTROL_WRITABLE;
	if (value & RESET_CONTROL_CPU)
		power_stop(power, STOP_RESET, port);
}

uint64_t power_keyboard_read(void *device, uint64_t port, uint32_t size)
{
	(void)device;
	(void)size;
	return port == KEYBOARD_COMMAND ? KEYBOARD_STATUS : 0xFF;
}

void power_keyboard_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	(void)size;
	if (port == KEYBOARD_COMMAND && (value & KEYBOARD_PULSE_MASK) == KEYBOARD_PULSE_RESET)
		power_stop(device, STOP_RESET, port);
}

uint64_t power_fast_reset_read(void *device, uint64_t port, uint32_t size)
{
	(void)device;
	(void)port;
	(void)size;
	return FAST_A20;
}

void power_fast_reset_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	(void)size;
	if (value & FAST_RESET)
		power_stop(device, STOP_RESET, port);
}
