/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image that is tried: at its first start it is silent, and the box starts it again; from the second on its heart beats. Which start it is
 * stands in RAM behind the image, which survives.
 */
#include "guest.h"

#define COUNT_PLACE 0x2000000ull
#define COUNT_MAGIC 0x4E42544553544854ull
#define HEALTH_PORT 0x510
#define HEARTBEAT 2

void guest_main(void)
{
	volatile u64 *place = (volatile u64 *)COUNT_PLACE;

	traps_init(0);
	if (place[0] != COUNT_MAGIC) {
		place[0] = COUNT_MAGIC;
		place[1] = 0;
	}
	u64 boot = place[1]++;

	print("guest: boot %lu: %s\n", boot, boot ? "alive" : "silent");
	while (!boot)
		__asm__ volatile("cli; hlt");
	for (;;) {
		outb(HEALTH_PORT, HEARTBEAT);
		WAIT_FOR(false, 100000);
	}
}
