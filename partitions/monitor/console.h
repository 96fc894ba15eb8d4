/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The box's serial line: bytes on their way to the partition's UART, kept here while it has no room, or to the management
 * console; and the guest's output, kept while a person is at that console.
 */
#ifndef MONITOR_CONSOLE_H
#define MONITOR_CONSOLE_H

#include "devices/board.h"
#include "kernel/monitor_abi.h"

/* Host interrupt line of the serial port, which the monitor asks for. */
#define CONSOLE_HOST_IRQ 4

/* Asks for the interrupt; says so when there is no input. Both must outlive it. */
void console_open(const struct monitor_info *info, struct board *board);

/* Takes everything the line has: its FIFO is small and keeps nothing while we wait. What is too
 * much is lost. */
void console_drain(void);

/* Offers what is kept; cheap when that is nothing. To be called when the guest may have made room.
 */
void console_offer(void);

/* When console_tick() is due, in host TSC ticks; UINT64_MAX: never. */
uint64_t console_deadline(void);
void console_tick(void);

/* A byte of the guest's. */
void console_guest_put(uint8_t byte);

/* The guest has stopped: what of its output is kept comes out now. */
void console_guest_end(void);

#endif
