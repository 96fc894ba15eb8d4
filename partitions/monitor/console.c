/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring between the serial line's interrupt and the partition's UART.
 */
#include "console.h"

#include "bsp/newlib/sys_call.h"
#include "kernel/monitor_abi.h"
#include "print.h"

#define KEPT_BYTES 1024u /* a power of two: the counters run on */

static uint8_t kept[KEPT_BYTES];
static uint32_t put_count, taken_count;

void console_open(void)
{
	if (sys_call(SYS_IRQ_BIND, CONSOLE_HOST_IRQ, 0, 0) < 0)
		print("console: the serial line has no interrupt, so there is no input\n");
}

void console_offer(struct board *board)
{
	while (taken_count != put_count &&
	       board_console_input(board, kept[taken_count % KEPT_BYTES]))
		taken_count++;
}

void console_drain(struct board *board)
{
	int64_t byte;

	while ((byte = sys_call(SYS_CONSOLE_READ, 0, 0, 0)) >= 0)
		if (put_count - taken_count < KEPT_BYTES)
			kept[put_count++ % KEPT_BYTES] = (uint8_t)byte;
	console_offer(board);
}
