/* SPDX-License-Identifier: Apache-2.0 */
/* The debugger on the serial line: gdb.c where it is built in, gdb_off.c where it is not. */
#ifndef GDB_GDB_H
#define GDB_GDB_H

#include "manage/command.h"

/* The console's `gdb`: the line speaks the remote protocol from then on. */
void command_gdb(struct command_call *call);

/* A byte on that line. False: gdb has gone, the prompt comes back. */
bool gdb_feed(uint8_t byte);

/* DEBUG_HOST_IRQ. */
void gdb_stopped(void);

/* Somebody takes the line away: as if gdb had gone. */
void gdb_end(void);

/* The guest has gone. */
void gdb_guest_end(void);

#endif
