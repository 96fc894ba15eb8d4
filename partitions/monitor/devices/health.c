/* SPDX-License-Identifier: Apache-2.0 */
/* Health and debug-exit ports; see health.h. */
#include "devices/health.h"

#include "devices/bus.h"
#include "kernel/monitor_abi.h"

void health_reset(struct health *health, struct power *power)
{
	health->power = power;
}

uint64_t health_read(void *device, uint64_t port, uint32_t size)
{
	(void)device;
	return size == 1 && port == HEALTH_PORT ? HEALTH_PRESENT : bus_ones(size);
}

void health_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	const struct health *health = device;
	const struct platform *platform = health->power->platform;

	/* Bytes only: another hypervisor's firmware interface is probed here with words. */
	if (size != 1 || port != HEALTH_PORT)
		return;
	if (value == HEALTH_GOAL || value == HEALTH_HEARTBEAT)
		platform->ops->health(platform->context, (enum health_event)value);
}

uint64_t health_exit_read(void *device, uint64_t port, uint32_t size)
{
	(void)device;
	(void)port;
	(void)size;
	return 0;
}

void health_exit_write(void *device, uint64_t port, uint32_t size, uint64_t value)
{
	const struct health *health = device;

	(void)port;
	(void)size;
	power_stop(health->power, STOP_POWER_OFF, DEBUG_EXIT_FLAG | value);
}
