/* SPDX-License-Identifier: Apache-2.0 */
/* A box without a debugger; see gdb.h. */
#include "gdb/gdb.h"

void command_gdb(struct command_call *call)
{
	sink_print(call->out, "this box is built without; say y to Sizes and tests > Debugger of the guest in menuconfig\n");
	call->is_refused = true;
}

bool gdb_feed(uint8_t byte)
{
	(void)byte;
	return false;
}

void gdb_stopped(void)
{
}

void gdb_end(void)
{
}

void gdb_guest_end(void)
{
}
