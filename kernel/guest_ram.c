/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of the partition's memory map: guest-physical to host-physical. Pure. */
#include "kernel/guest_memory.h"

#include "kernel/monitor_abi.h"

/* Is [start, start + length) inside [low, high)? No sum that could wrap. */
static bool is_inside(u64 start, u64 length, u64 low, u64 high)
{
	return start >= low && start < high && length <= high - start;
}

bool guest_ram_translate(const struct guest_ram *ram, gpa_t gpa, u64 length, hpa_t *host)
{
	u64 low = min_u64(ram->bytes, GUEST_HOLE_START);

	if (is_inside(gpa.value, length, 0, low)) {
		*host = HPA(ram->host_base + gpa.value);
		return true;
	}
	if (is_inside(gpa.value, length, GUEST_HIGH_START, GUEST_HIGH_START + (ram->bytes - low))) {
		*host = HPA(ram->host_base + low + (gpa.value - GUEST_HIGH_START));
		return true;
	}
	return false;
}
