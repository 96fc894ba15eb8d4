/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tool says to people, on standard error: errors, notes, progress. Colour and progress
 * only on a terminal.
 */
#ifndef NESTBOX_REPORT_H
#define NESTBOX_REPORT_H

#include <stdint.h>

/* The exit codes of every command. */
enum exit_code { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_IO = 3 };

/* Prints "nestbox: error: ..." and returns `code`, so that a failing function can end with it. */
enum exit_code report_error(enum exit_code code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As above with errno's text behind it; returns EXIT_IO. */
enum exit_code report_system_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shows how far a long step is; clears its line when done == total. Silent without a terminal. */
void report_progress(const char *step, uint64_t done, uint64_t total);

/* An escape sequence for standard output if it is a terminal that has colours, else "". */
const char *report_good(void);
const char *report_plain(void);

#endif
