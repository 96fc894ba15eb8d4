/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A named virtio-console port of the box: bytes out, lines in, both at once, so that neither side waits for the other.
 */
#ifndef NESTBOXCTL_PORT_H
#define NESTBOXCTL_PORT_H

#include <stdbool.h>
#include <stddef.h>

#define PORT_LINE_BYTES 512u

struct port {
	int fd;
	/* Called for every line of the box, without its end. */
	void (*line)(void *context, char *text);
	void *context;
	char text[PORT_LINE_BYTES];
	size_t used;
};

/* Opens the port of this name. False with a message: no such port, in use, or no permission. */
bool port_open(struct port *port, const char *name);
void port_close(struct port *port);

/* Writes everything, taking lines meanwhile. False with a message. */
bool port_write(struct port *port, const void *bytes, size_t count);

/* Waits up to `seconds` for something from the box and takes it. False when nothing came. */
bool port_wait(struct port *port, int seconds);

#endif
