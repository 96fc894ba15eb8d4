/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical addresses to pointers.
 */
#include "loader/guest_ram.h"

#include <stddef.h>

#include "image/bytes.h"

void *guest_ram_at(const struct guest_ram *ram, uint64_t gpa, uint64_t count)
{
	uint64_t low = guest_ram_low_bytes(ram);

	if (range_fits(gpa, count, low))
		return ram->base + gpa;
	if (gpa >= GUEST_HIGH_START &&
	    range_fits(gpa - GUEST_HIGH_START, count, guest_ram_high_bytes(ram)))
		return ram->base + low + (gpa - GUEST_HIGH_START);
	return NULL;
}
