/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where text for a person goes: the serial line, a port of the guest, a test's buffer.
 */
#ifndef MANAGE_SINK_H
#define MANAGE_SINK_H

#include <stddef.h>

struct sink {
	void (*write)(void *context, const char *bytes, size_t count);
	void *context;
};

void sink_write(const struct sink *sink, const char *bytes, size_t count);

/* At most SINK_MAX_BYTES at once; what is longer is cut. */
#define SINK_MAX_BYTES 512u
void sink_print(const struct sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
