/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats into a buffer on the stack and hands it to SYS_LOG whole, so that lines of several CPUs
 * do not mix.
 */
#include "print.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "bsp/newlib/sys_call.h"
#include "kernel/monitor_abi.h"

static void log_bytes(void *context, const char *bytes, size_t count)
{
	(void)context;
	for (size_t done = 0; done < count; done += PRINT_MAX_BYTES)
		sys_call(SYS_LOG, (uintptr_t)bytes + done,
			 count - done < PRINT_MAX_BYTES ? count - done : PRINT_MAX_BYTES, 0);
}

const struct sink print_sink = { .write = log_bytes };

void print(const char *format, ...)
{
	char text[PRINT_MAX_BYTES + 1];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length > PRINT_MAX_BYTES)
		length = PRINT_MAX_BYTES;
	if (length > 0)
		sys_call(SYS_LOG, (uintptr_t)text, (uint64_t)length, 0);
}
