/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says back what comes over its serial port, until ACPI's power button is pressed: then it switches itself off. For tests in which a person has
 * the serial line.
 */
#include "guest.h"

#define COM1 0x3F8
#define LINE_STATUS (COM1 + 5)
#define RECEIVED 1
#define PM1_STATUS 0x600
#define POWER_BUTTON 0x100
#define PM1_CONTROL 0x604
#define S5 (0x2000 | 5 << 10)

void guest_main(void)
{
	traps_init(0);
	print("guest: echo is ready\n");
	while (!(inw(PM1_STATUS) & POWER_BUTTON))
		if (inb(LINE_STATUS) & RECEIVED)
			print("guest: byte %x\n", inb(COM1));
	print("guest: the button was pressed\n");
	outw(PM1_CONTROL, S5);
	for (;;)
		;
}
