/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a box: its serial line as a device, or the socket of `nestbox run`. Bytes in, bytes out, with a time limit.
 */
#ifndef NESTBOX_SERIAL_H
#define NESTBOX_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

/* What a dialogue speaks through; a test has one that is a recording. */
struct transport {
	/* Bytes received, 0 after `timeout_ms` without any, negative at the end. */
	long (*receive)(void *context, char *bytes, size_t room, int timeout_ms);
	bool (*send)(void *context, const char *bytes, size_t count);
	void *context;
};

struct serial {
	const char *path;
	int fd;
};

/* A character device or a socket, that is: no file. */
bool serial_is_one(const char *path);

/* 115200 8N1 where it is a terminal. Prints what is wrong. */
enum exit_code serial_open(struct serial *serial, const char *path);
void serial_close(struct serial *serial);
struct transport serial_transport(struct serial *serial);

#endif
