/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text for a sink. */
#include "manage/sink.h"

#include <stdarg.h>
#include <stdio.h>

void sink_write(const struct sink *sink, const char *bytes, size_t count)
{
	if (count)
		sink->write(sink->context, bytes, count);
}

void sink_print(const struct sink *sink, const char *format, ...)
{
	char text[SINK_MAX_BYTES + 1];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length > 0)
		sink_write(sink, text, (size_t)length < SINK_MAX_BYTES ? (size_t)length : SINK_MAX_BYTES);
}
