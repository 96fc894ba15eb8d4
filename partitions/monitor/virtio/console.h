/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-console with several ports. Which ports there are is fixed at power-on; the driver is told
 * them by control messages when it says that it is ready.
 * Manual: Virtual I/O Device (VIRTIO) 1.2, 5.3 "Console Device".
 */
#ifndef VIRTIO_CONSOLE_H
#define VIRTIO_CONSOLE_H

#include "virtio/function.h"
#include "virtio/port.h"

#define CONSOLE_PORTS 3u

/* A driver that sends more in one request breaks the rules: a copy must not take for ever. */
#define CONSOLE_MAX_REQUEST_BYTES (1u << 20)

struct virtio_console;

struct console_port {
	const struct port_backend *backend; /* null: there is no such port */
	struct virtio_console *console;
	uint32_t budget;   /* bytes its backend still gets in this go */
	uint32_t consumed; /* bytes of the request now at the head of the queue that were taken */
	uint8_t owed;      /* control messages the driver has had no room for */
	bool is_open;      /* by the guest */
	bool is_stalled;   /* its backend has not taken all there is */
	bool has_work;
};

struct virtio_console {
	struct virtio_function function;
	struct console_port ports[CONSOLE_PORTS];
};

/* The guest is gone: tells the backends that their ports are closed. Zeros are a console, too. */
void virtio_console_close(struct virtio_console *console);

/* Whether a port waits for time to pass, and what is to be done then. */
bool virtio_console_wants_time(const struct virtio_console *console);
void virtio_console_run(struct virtio_console *console);

/* Power-on, with a backend or null for each port. Port 0 is the one of a driver without port support. */
void virtio_console_init(struct virtio_console *console, const struct virtio_host *host,
			 const struct port_backend *const backends[CONSOLE_PORTS]);

#endif
