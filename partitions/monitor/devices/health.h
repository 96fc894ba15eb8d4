/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of this board that no PC has. 510h, byte, always there: a workload writes an enum
 * health_event; reading gives 'N'. F4h, byte, only as a test option: writing v stops the partition
 * with STOP_POWER_OFF and detail 100h | v.
 */
#ifndef DEVICES_HEALTH_H
#define DEVICES_HEALTH_H

#include "devices/power.h"

#define HEALTH_PORT     0x510u
#define HEALTH_PRESENT  0x4Eu
#define DEBUG_EXIT_PORT 0xF4u
#define DEBUG_EXIT_FLAG 0x100u /* in the stop detail: this came from the debug-exit port */

struct health {
	struct power *power;
};

void health_reset(struct health *health, struct power *power);

uint64_t health_read(void *device, uint64_t port, uint32_t size);
void health_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t health_exit_read(void *device, uint64_t port, uint32_t size);
void health_exit_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif
