/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition's RAM as the monitor sees it: linear, while the guest sees it below the hole and
 * from 4 GiB on. The one place that turns a guest-physical address into a pointer. In the monitor
 * an integer is a guest-physical address (`gpa`) and a pointer is the monitor's own; host-physical
 * addresses do not exist here.
 */
#ifndef LOADER_GUEST_RAM_H
#define LOADER_GUEST_RAM_H

#include <stdint.h>

#include "kernel/monitor_abi.h"

struct guest_ram {
	uint8_t *base;
	uint64_t bytes;
};

/* RAM below the hole: [0, this) */
static inline uint64_t guest_ram_low_bytes(const struct guest_ram *ram)
{
	return ram->bytes < GUEST_HOLE_START ? ram->bytes : GUEST_HOLE_START;
}

/* RAM from GUEST_HIGH_START on */
static inline uint64_t guest_ram_high_bytes(const struct guest_ram *ram)
{
	return ram->bytes - guest_ram_low_bytes(ram);
}

/* The bytes [gpa, gpa + count), or null unless all of them are RAM in one piece. Any values. */
void *guest_ram_at(const struct guest_ram *ram, uint64_t gpa, uint64_t count);

#endif
