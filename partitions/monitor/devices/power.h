/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every way a PC guest can reset itself, and the latch that lets the first stop of a board win:
 * reset control register CF9h, keyboard controller command FEh at 64h, fast reset at port 92h.
 * There is no keyboard controller behind 60h/64h: its status shows an output that never drains, so
 * that probes give up at once, and an input that is always free, so that nobody spins before the
 * reset pulse.
 */
#ifndef DEVICES_POWER_H
#define DEVICES_POWER_H

#include "devices/platform.h"

struct power {
	const struct platform *platform;
	bool is_stopped;
	uint8_t reset_control;
};

void power_reset(struct power *power, const struct platform *platform);

/* `reason` is an enum stop_reason; only the first call since reset reaches the platform. */
void power_stop(struct power *power, uint32_t reason, uint64_t detail);

uint64_t power_control_read(void *device, uint64_t port, uint32_t size);
void power_control_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t power_keyboard_read(void *device, uint64_t port, uint32_t size);
void power_keyboard_write(void *device, uint64_t port, uint32_t size, uint64_t value);
uint64_t power_fast_reset_read(void *device, uint64_t port, uint32_t size);
void power_fast_reset_write(void *device, uint64_t port, uint32_t size, uint64_t value);

#endif
