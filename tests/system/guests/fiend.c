/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has its monitor do what ends it, one deed a boot: a count in RAM behind the image, which a restart keeps, says which is next. Meanwhile a second
 * CPU, where there is one, asks the same monitor for something all the time. Command line: the number of the only deed, or nothing.
 */
#include "guest.h"

#include "tests/system/monitor/fiend.h"

#define COUNT_PLACE 0x2000000ull
#define COUNT_MAGIC 0x4E42544553544644ull
#define NO_DEVICE 0x4E50
#define PM1_CONTROL 0x604
#define S5 (0x2000 | 5 << 10)

void guest_other(void)
{
	for (;;)
		(void)inb(NO_DEVICE);
}

static u64 number(const char *line)
{
	u64 value = 0;

	while (*line >= '0' && *line <= '9')
		value = value * 10 + (u64)(*line++ - '0');
	return value;
}

static volatile u64 *count(void)
{
	volatile u64 *place = (volatile u64 *)COUNT_PLACE;

	if (place[0] != COUNT_MAGIC) {
		place[0] = COUNT_MAGIC;
		place[1] = 0;
	}
	return &place[1];
}

void guest_main(void)
{
	const char *line = command_line();
	volatile u64 *next = count();
	u64 last = FIEND_DEEDS;

	traps_init(0);
	if (*line) {
		*next = number(line);
		last = *next + 1;
	} else if (cpuid(0xB, 1).b > 1) {
		check(cpu_start(1), "the other CPU does not start");
	}
	while (*next < last) {
		u32 deed = (u32)(*next)++;

		print("guest: deed %u\n", deed);
		outl(FIEND_PORT, deed);
	}
	print("guest: all deeds done\n");
	outw(PM1_CONTROL, S5);
	for (;;)
		;
}
