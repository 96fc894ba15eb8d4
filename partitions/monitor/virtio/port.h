/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A named port of the partition's virtio console, as whoever serves it sees it: a stream of bytes each way
 * with flow control, /dev/virtio-ports/NAME in the guest. The bytes are a guest's, and a copy: they do
 * not change while they are looked at. Calls come and go under the monitor's lock.
 */
#ifndef VIRTIO_PORT_H
#define VIRTIO_PORT_H

#include <stdbool.h>
#include <stdint.h>

struct console_port;

/* Who serves a port. Every function may be null. */
struct port_backend {
	const char *name;   /* up to PORT_NAME_BYTES */
	bool is_console;    /* a terminal, /dev/hvcN in the guest, and not a stream */
	uint32_t burst;     /* bytes it gets in one go, then about a millisecond later; 0: 64 KiB */
	/*
	 * The guest has written; how many of the bytes were taken. The rest comes again about a millisecond
	 * later, and so does everything the guest writes behind it.
	 */
	uint32_t (*receive)(void *context, struct console_port *port, const uint8_t *bytes,
			    uint32_t count);
	/* The guest has opened or closed its side; a reset of the device closes it. */
	void (*opened)(void *context, struct console_port *port, bool is_open);
	/* The guest has made room; worth a port_send() that was short before. */
	void (*writable)(void *context, struct console_port *port);
	/* Called about once a millisecond while it says true, and once after port_start_work(). */
	bool (*work)(void *context, struct console_port *port);
	void *context;
};

#define PORT_NAME_BYTES 32u

/* Sends to the guest; how many bytes it had room for, 0 while its side is closed. */
uint32_t port_send(struct console_port *port, const void *bytes, uint32_t count);

/* Has work() called from now on. */
void port_start_work(struct console_port *port);

bool port_is_open(const struct console_port *port);

#endif
