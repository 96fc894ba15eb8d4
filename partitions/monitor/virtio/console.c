/* SPDX-License-Identifier: Apache-2.0 */
/* The console device; see console.h. */
#include "virtio/console.h"

#include <string.h>

#include "image/bytes.h"

#define TYPE_CONSOLE 3u
#define CLASS_COMMUNICATION 0x078000u
#define FEATURE_MULTIPORT (1ull << 1)
#define CONFIG_BYTES 12u
#define CONFIG_MAX_PORTS 4u /* offset of it */

/* Queues: to the driver and from it for port 0, then for control messages, then for ports 1, 2, ... */
#define QUEUE_COUNT (2 * (CONSOLE_PORTS + 1))
#define QUEUE_CONTROL_IN 2u
#define QUEUE_CONTROL_OUT 3u

_Static_assert(QUEUE_COUNT <= VIRTIO_MAX_QUEUES, "every port has its queues");

enum control_event {
	DEVICE_READY = 0,
	DEVICE_ADD,
	DEVICE_REMOVE,
	PORT_READY,
	CONSOLE_PORT,
	RESIZE,
	PORT_OPEN,
	PORT_NAME,
};

/* What the driver is owed, in the order it is told. */
enum owed { OWED_ADD = 1, OWED_CONSOLE = 2, OWED_NAME = 4, OWED_OPEN = 8 };

static const struct {
	uint8_t owed;
	uint16_t event;
} messages[] = {
	{ OWED_ADD, DEVICE_ADD }, { OWED_CONSOLE, CONSOLE_PORT },
	{ OWED_NAME, PORT_NAME }, { OWED_OPEN, PORT_OPEN },
};

#define MESSAGE_BYTES 8u
#define PIECE_BYTES 1024u
#define BURST_BYTES (64u << 10)

static uint32_t number_of(const struct console_port *port)
{
	return (uint32_t)(port - port->console->ports);
}

static uint32_t queue_in(uint32_t number)
{
	return number ? 2 * number + 2 : 0;
}

static uint32_t queue_out(uint32_t number)
{
	return queue_in(number) + 1;
}

bool port_is_open(const struct console_port *port)
{
	const struct virtio *virtio = &port->console->function.virtio;

	return port->is_open ||
	       (virtio_is_running(virtio) && !virtio_has(virtio, FEATURE_MULTIPORT) &&
		!number_of(port));
}

uint32_t port_send(struct console_port *port, const void *bytes, uint32_t count)
{
	struct virtio *virtio = &port->console->function.virtio;
	uint32_t queue = queue_in(number_of(port));
	uint32_t waiting = port_is_open(port) ? virtio_waiting(virtio, queue) : 0;
	struct virtqueue_chain chain;
	uint32_t done = 0;

	while (done < count && waiting-- && virtio_take(virtio, queue, &chain)) {
		size_t part = virtqueue_copy_to(&chain, 0, (const uint8_t *)bytes + done,
						count - done);

		virtio_give(virtio, queue, chain.head, (uint32_t)part);
		done += (uint32_t)part;
	}
	return done;
}

/* Hands a request over from where the backend stopped; false: it has stopped again. */
static bool forward(struct console_port *port, const struct virtqueue_chain *chain)
{
	const struct port_backend *backend = port->backend;
	uint8_t bytes[PIECE_BYTES];

	while (port->consumed < chain->read_bytes) {
		uint32_t room = port->budget < sizeof(bytes) ? port->budget : (uint32_t)sizeof(bytes);
		uint32_t count = (uint32_t)virtqueue_copy_from(chain, port->consumed, bytes, room);
		uint32_t taken = count;

		if (count && backend->receive)
			taken = backend->receive(backend->context, port, bytes, count);
		port->budget -= taken;
		port->consumed += taken;
		if (!count || taken < count)
			return false;
	}
	port->consumed = 0;
	return true;
}

static void drain(struct console_port *port)
{
	struct virtio *virtio = &port->console->function.virtio;
	uint32_t queue = queue_out(number_of(port));
	uint32_t waiting = virtio_waiting(virtio, queue);
	struct virtqueue_chain chain;

	port->is_stalled = false;
	port->budget = port->backend->burst ? port->backend->burst : BURST_BYTES;
	while (waiting-- && virtio_take(virtio, queue, &chain)) {
		if (chain.read_bytes > CONSOLE_MAX_REQUEST_BYTES) {
			virtio_fail(virtio);
			return;
		}
		if (!forward(port, &chain)) {
			virtqueue_untake(&virtio->queues[queue]);
			port->is_stalled = true;
			return;
		}
		virtio_give(virtio, queue, chain.head, 0);
	}
}

void port_start_work(struct console_port *port)
{
	port->has_work = port->backend->work;
}

bool virtio_console_wants_time(const struct virtio_console *console)
{
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++)
		if (console->ports[number].is_stalled || console->ports[number].has_work)
			return true;
	return false;
}

void virtio_console_run(struct virtio_console *console)
{
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++) {
		struct console_port *port = &console->ports[number];

		if (port->has_work)
			port->has_work = port->backend->work(port->backend->context, port);
		if (port->is_stalled)
			drain(port);
	}
}

static void set_open(struct console_port *port, bool is_open)
{
	if (port->is_open == is_open)
		return;
	port->is_open = is_open;
	if (port->backend->opened)
		port->backend->opened(port->backend->context, port, is_open);
}

static bool tell(struct virtio_console *console, uint32_t number, uint16_t event)
{
	struct virtio *virtio = &console->function.virtio;
	uint8_t message[MESSAGE_BYTES + PORT_NAME_BYTES];
	struct virtqueue_chain chain;
	size_t count = MESSAGE_BYTES;

	if (!virtio_take(virtio, QUEUE_CONTROL_IN, &chain))
		return false;
	bytes_put32(message, number);
	bytes_put16(message + 4, event);
	bytes_put16(message + 6, 1);
	if (event == PORT_NAME) {
		const char *name = console->ports[number].backend->name;
		size_t length = strnlen(name, PORT_NAME_BYTES);

		memcpy(message + MESSAGE_BYTES, name, length);
		count += length;
	}
	count = virtqueue_copy_to(&chain, 0, message, count);
	virtio_give(virtio, QUEUE_CONTROL_IN, chain.head, (uint32_t)count);
	return true;
}

/* Tells the driver what it is owed, as far as it has buffers. */
static void tell_owed(struct virtio_console *console)
{
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++)
		for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
			uint8_t *owed = &console->ports[number].owed;

			if (!(*owed & messages[i].owed))
				continue;
			if (!tell(console, number, messages[i].event))
				return;
			*owed &= (uint8_t)~messages[i].owed;
		}
}

static void add_ports(struct virtio_console *console)
{
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++)
		if (console->ports[number].backend)
			console->ports[number].owed = OWED_ADD;
}

static void obey(struct virtio_console *console, const uint8_t message[MESSAGE_BYTES])
{
	uint32_t number = bytes_get32(message);
	uint16_t event = bytes_get16(message + 4);
	uint16_t value = bytes_get16(message + 6);
	struct console_port *port = number < CONSOLE_PORTS ? &console->ports[number] : NULL;

	if (event == DEVICE_READY && value == 1)
		add_ports(console);
	if (!port || !port->backend)
		return;
	if (event == PORT_READY && value == 1)
		port->owed |= OWED_NAME | (port->backend->is_console ? OWED_CONSOLE : OWED_OPEN);
	else if (event == PORT_OPEN)
		set_open(port, value);
}

static void take_control(struct virtio_console *console)
{
	struct virtio *virtio = &console->function.virtio;
	uint32_t waiting = virtio_waiting(virtio, QUEUE_CONTROL_OUT);
	struct virtqueue_chain chain;

	while (waiting-- && virtio_take(virtio, QUEUE_CONTROL_OUT, &chain)) {
		uint8_t message[MESSAGE_BYTES];

		if (virtqueue_copy_from(&chain, 0, message, sizeof(message)) == sizeof(message))
			obey(console, message);
		virtio_give(virtio, QUEUE_CONTROL_OUT, chain.head, 0);
	}
}

static void made_room(struct console_port *port)
{
	if (port_is_open(port) && port->backend->writable)
		port->backend->writable(port->backend->context, port);
}

static void notify(void *device, uint32_t queue)
{
	struct virtio_console *console = device;

	if (queue == QUEUE_CONTROL_OUT)
		take_control(console);
	if (queue == QUEUE_CONTROL_OUT || queue == QUEUE_CONTROL_IN) {
		tell_owed(console);
		return;
	}
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++) {
		struct console_port *port = &console->ports[number];

		if (port->backend && queue == queue_out(number))
			drain(port);
		else if (port->backend && queue == queue_in(number))
			made_room(port);
	}
}

void virtio_console_close(struct virtio_console *console)
{
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++) {
		struct console_port *port = &console->ports[number];

		port->consumed = 0;
		port->owed = 0;
		port->is_stalled = false;
		if (port->backend)
			set_open(port, false);
	}
}

static void reset(void *device)
{
	virtio_console_close(device);
}

static void config(const void *device, uint8_t *bytes)
{
	(void)device;
	bytes_put32(bytes + CONFIG_MAX_PORTS, CONSOLE_PORTS);
}

static const struct virtio_kind kind = {
	.type = TYPE_CONSOLE, .class = CLASS_COMMUNICATION, .queue_count = QUEUE_COUNT,
	.features = FEATURE_MULTIPORT, .config_bytes = CONFIG_BYTES,
	.notify = notify, .reset = reset, .config = config,
};

void virtio_console_init(struct virtio_console *console, const struct virtio_host *host,
			 const struct port_backend *const backends[CONSOLE_PORTS])
{
	for (uint32_t number = 0; number < CONSOLE_PORTS; number++)
		console->ports[number] = (struct console_port){
			.backend = backends[number], .console = console,
		};
	virtio_function_init(&console->function, &kind, console, host);
}
