/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One misdeed a boot that nothing can answer; a count in RAM behind the image, which a restart keeps, says which is next. On a box that starts
 * the partition again after a crash all of them are seen in one run, and the machine must survive each. Command line: the number of the only one
 * to do, or nothing.
 */
#include "guest.h"

#define COM1_LINE_STATUS 0x3FD
#define COUNT_PLACE 0x2000000ull
#define COUNT_MAGIC 0x4E42544553544D44ull
#define OUTSIDE_RAM 0x08000000ull
#define ABOVE_4G 0x100000000ull
#define DEVICE_HOLE 0xD0000000ull
#define LEAF 0x87 /* present, writable, user, 2 MiB */

struct misdeed {
	const char *name;
	void (*commit)(void);
};

static void read_outside(void) { (void)mmio_read(OUTSIDE_RAM); }
static void write_outside(void) { mmio_write(OUTSIDE_RAM + 0x123000, 1); }
static void write_above(void) { mmio_write(ABOVE_4G, 1); }
static void jump_to_devices(void) { ((void (*)(void))DEVICE_HOLE)(); }
static void jump_outside(void) { ((void (*)(void))OUTSIDE_RAM)(); }

static void triple_fault(void)
{
	struct { u16 limit; u64 base; } __attribute__((packed)) nothing = { 0, 0 };

	asm volatile("lidt %0; ud2" : : "m"(nothing));
}

static void tables_outside(void) { asm volatile("mov %0, %%cr3" : : "r"(OUTSIDE_RAM) : "memory"); }
static void tables_in_devices(void) { asm volatile("mov %0, %%cr3" : : "r"(DEVICE_HOLE) : "memory"); }

static void string_to_devices(void)
{
	void *to = (void *)DEVICE_HOLE;
	u64 count = 8;

	asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

static void locked_on_lapic(void)
{
	asm volatile("lock; incl (%0)" : : "r"(APIC_PAGE + APIC_TPR) : "memory");
}

static void across_device_pages(void) { mmio_write(DEVICE_HOLE + 0xFFE, 0); }

static void stack_outside(void)
{
	asm volatile("mov %0, %%rsp; int3" : : "r"(OUTSIDE_RAM) : "memory");
}

static void stack_in_devices(void)
{
	asm volatile("mov %0, %%rsp; int3" : : "r"(DEVICE_HOLE) : "memory");
}

static const struct misdeed misdeeds[] = {
	{ "reads outside its RAM", read_outside },
	{ "writes outside its RAM", write_outside },
	{ "writes above 4 GiB", write_above },
	{ "triple-faults", triple_fault },
	{ "jumps into device space", jump_to_devices },
	{ "jumps outside its RAM", jump_outside },
	{ "puts page tables outside its RAM", tables_outside },
	{ "puts page tables into device space", tables_in_devices },
	{ "fills device space with a string instruction", string_to_devices },
	{ "uses a locked instruction on the LAPIC", locked_on_lapic },
	{ "crosses a page of device space", across_device_pages },
	{ "takes a trap on a stack outside its RAM", stack_outside },
	{ "takes a trap on a stack in device space", stack_in_devices },
};

static u64 next(void)
{
	volatile u64 *place = (volatile u64 *)COUNT_PLACE;

	if (place[0] != COUNT_MAGIC) {
		place[0] = COUNT_MAGIC;
		place[1] = 0;
	}
	return place[1]++;
}

static void wait_for_key(void)
{
	print("guest: waits for a key\n");
	while (!(inb(COM1_LINE_STATUS) & 1))
		;
}

/* The command line: nothing, the number of the misdeed, or "wait", until somebody presses a key. */
void guest_main(void)
{
	const char *line = command_line();
	u64 number = *line && *line != 'w' ? (u64)(*line - '0') : next();

	traps_init(0);
	if (*line == 'w')
		wait_for_key();
	if (number == ARRAY_SIZE(misdeeds))
		finish("misdeed");
	print("guest: misdeed %lu: %s\n", number, misdeeds[number].name);
	misdeeds[number].commit();
	print("guest: WRONG: and went on\n");
	debug_exit(1);
}
