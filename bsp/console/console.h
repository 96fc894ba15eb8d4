/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial console: COM1, a 16550, polled, 115200 8N1. Any CPU, any time; calls are serialised. A
 * line feed goes out as carriage return and line feed unless the caller sent the return itself.
 */
#ifndef BSP_CONSOLE_CONSOLE_H
#define BSP_CONSOLE_CONSOLE_H

#include "bsp/types.h"

#define CONSOLE_IRQ 4            /* ISA line of COM1 */

void console_init(void);
/* Waits until the bytes are in the transmitter, but never for ever: a dead port loses them. */
void console_write(const char *bytes, u32 length);
/* Likewise, from the start of a line. */
void console_write_line(const char *bytes, u32 length);
/* Waits (not for ever) until the last bit has left: before a power-off or reset. Takes no lock. */
void console_flush(void);
/* The next received byte, or -1. */
int console_read(void);
/* Lets received bytes raise CONSOLE_IRQ; routing it is the caller's. */
void console_irq_enable(void);
/* For a crash report only: whoever held the console will not come back. */
void console_break_lock(void);

#endif
