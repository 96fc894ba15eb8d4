/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resets by every door a PC has, then ACPI power-off (S5). A count in RAM behind the image survives the resets; a byte of the image itself that
 * each boot spoils must be fresh after each: the image is verified and loaded again.
 */
#include "guest.h"

#define COUNT_PLACE 0x2000000ull
#define COUNT_MAGIC 0x4E42544553545057ull
#define PM1_CONTROL 0x604
#define S5 (0x2000 | 5 << 10)

static volatile u32 fresh = 0x600D1DEA;

static void reset_control(void) { outb(0xCF9, 2); outb(0xCF9, 6); }
static void keyboard_controller(void) { outb(0x64, 0xFE); }
static void fast_reset(void) { outb(0x92, 1); }
static void power_off(void) { outw(PM1_CONTROL, S5); }

static const struct { const char *name; void (*pull)(void); } doors[] = {
	{ "reset control CF9", reset_control },
	{ "keyboard controller", keyboard_controller },
	{ "port 92", fast_reset },
	{ "ACPI S5", power_off },
};

void guest_main(void)
{
	volatile u64 *place = (volatile u64 *)COUNT_PLACE;

	traps_init(0);
	if (place[0] != COUNT_MAGIC) {
		place[0] = COUNT_MAGIC;
		place[1] = 0;
	}
	u64 boot = place[1]++;
	check(fresh == 0x600D1DEA, "the image is not fresh: %x", fresh);
	fresh = 0;
	check(boot < ARRAY_SIZE(doors), "boot %lu", boot);
	if (boot >= ARRAY_SIZE(doors))
		finish("power");
	print("guest: boot %lu: %s\n", boot, doors[boot].name);
	doors[boot].pull();
	WAIT_FOR(false, 10000000);
	print("guest: WRONG: and went on\n");
	finish("power");
}
