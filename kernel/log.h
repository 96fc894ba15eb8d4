/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log ring: every line ring 0 says goes to the serial console and stays readable in memory. No allocation, any CPU, any time.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stdarg.h>

#include "bsp/types.h"

#define LOG_RING_BYTES 32768u

/* Formats %s %c %d %u %x %p %% with width, zero padding and l modifiers; returns bytes written, always terminated. */
u32 format_text(char *out, u32 size, const char *format, ...) __attribute__((format(printf, 3, 4)));
u32 format_arguments(char *out, u32 size, const char *format, va_list arguments);

/* One line, newline added. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_bytes(const char *text, u32 length);
/* Likewise, from the start of a line on the console. */
void log_bytes_line(const char *text, u32 length);
/* For a crash report: whoever held the ring will not come back. */
void log_break_lock(void);
/* Bytes written since the start. */
u64 log_written(void);
/* Copies from the ring, offset 0 = oldest byte kept; returns bytes copied. */
u32 log_read(char *buffer, u32 length, u64 offset);

#endif
