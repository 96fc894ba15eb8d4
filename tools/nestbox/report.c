/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on standard error.
 */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_colour(int fd)
{
	const char *terminal = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");

	return isatty(fd) && terminal && strcmp(terminal, "dumb") && !(no_colour && *no_colour);
}

static const char *colour(int fd, const char *sequence)
{
	return has_colour(fd) ? sequence : "";
}

static void report_line(const char *kind, const char *sequence, const char *format,
			va_list arguments)
{
	fflush(stdout);
	fprintf(stderr, "nestbox: %s%s:%s ", colour(STDERR_FILENO, sequence), kind,
		colour(STDERR_FILENO, "\033[0m"));
	vfprintf(stderr, format, arguments);
}

enum exit_code report_error(enum exit_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_line("error", "\033[1;31m", format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return code;
}

enum exit_code report_system_error(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	report_line("error", "\033[1;31m", format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s\n", strerror(error));
	return EXIT_IO;
}

void report_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_line("warning", "\033[1;33m", format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void report_progress(const char *step, uint64_t done, uint64_t total)
{
	static int shown = -1;
	int percent = total ? (int)((long double)done * 100 / total) : 100;

	if (!isatty(STDERR_FILENO) || percent == shown)
		return;
	shown = percent;
	if (done < total) {
		fprintf(stderr, "\r%s %3d %%", step, percent);
	} else {
		fprintf(stderr, "\r%*s\r", (int)strlen(step) + 6, "");
		shown = -1;
	}
	fflush(stderr);
}

const char *report_good(void)
{
	return colour(STDOUT_FILENO, "\033[1;32m");
}

const char *report_plain(void)
{
	return colour(STDOUT_FILENO, "\033[0m");
}
