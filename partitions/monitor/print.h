/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for people: goes to the kernel's log ring and to the serial console.
 */
#ifndef MONITOR_PRINT_H
#define MONITOR_PRINT_H

/* One call's text is cut at this; it adds no newline. */
#define PRINT_MAX_BYTES 256

#include "manage/sink.h"

/* The log as a sink. */
extern const struct sink print_sink;

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
