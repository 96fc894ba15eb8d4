/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from the box's serial line on their way into the partition's: kept here while its UART has
 * no room.
 */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include "devices/board.h"

/* Host interrupt line of the serial port, which the monitor asks for. */
#define CONSOLE_HOST_IRQ 4

/* Asks for the interrupt; says so when there is no input. */
void console_open(void);

/* Takes everything the line has: its FIFO is small and keeps nothing while we wait. What is too
 * much is lost. */
void console_drain(struct board *board);

/* Offers what is kept; cheap when that is nothing. To be called when the guest may have made room.
 */
void console_offer(struct board *board);

#endif
