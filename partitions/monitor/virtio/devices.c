/* SPDX-License-Identifier: Apache-2.0 */
/* The list of virtio devices; see devices.h. */
#include "virtio/devices.h"

#include <string.h>

/* PCI device numbers: those of a device do not depend on which others there are. */
enum slot { SLOT_RNG = 1, SLOT_CONSOLE, SLOT_DISK, SLOT_NETWORK };

enum port { PORT_TERMINAL, PORT_CTL, PORT_UPDATE };

/* What a serial line takes in some milliseconds: whoever holds the monitor holds up the guest. */
#define TERMINAL_BURST 64u

static uint32_t show(void *context, struct console_port *port, const uint8_t *bytes, uint32_t count)
{
	const struct platform *platform = context;

	(void)port;
	for (uint32_t i = 0; i < count; i++)
		platform->ops->console_put(platform->context, bytes[i]);
	return count;
}

static void plug_rng(struct virtio_devices *devices, const struct virtio_host *host,
		     struct pci *pci)
{
	const struct platform *platform = devices->timebase->platform;

	devices->rng.random = platform->ops->random;
	devices->rng.context = platform->context;
	virtio_rng_init(&devices->rng, host);
	virtio_function_plug(&devices->rng.function, pci, SLOT_RNG);
}

static void plug_console(struct virtio_devices *devices, const struct virtio_host *host,
			 struct pci *pci)
{
	const struct platform *platform = devices->timebase->platform;
	const struct port_backend *const backends[CONSOLE_PORTS] = {
		[PORT_TERMINAL] = &devices->terminal,
		[PORT_CTL] = platform->ctl_port,
		[PORT_UPDATE] = platform->update_port,
	};

	devices->terminal = (struct port_backend){
		.name = "console", .is_console = true, .receive = show, .burst = TERMINAL_BURST,
		.context = (void *)(uintptr_t)platform,
	};
	virtio_console_init(&devices->console, host, backends);
	virtio_function_plug(&devices->console.function, pci, SLOT_CONSOLE);
}

static void plug_disk(struct virtio_devices *devices, const struct virtio_host *host,
		      struct pci *pci)
{
	virtio_blk_init(&devices->blk, host, devices->timebase->platform->disk);
	virtio_function_plug(&devices->blk.function, pci, SLOT_DISK);
}

static void plug_network(struct virtio_devices *devices, const struct virtio_host *host,
			 struct pci *pci)
{
	virtio_net_init(&devices->net, host, devices->timebase->platform->network);
	virtio_function_plug(&devices->net.function, pci, SLOT_NETWORK);
}

void virtio_devices_reset(struct virtio_devices *devices, const struct timebase *timebase,
			  struct pci *pci)
{
	const struct platform *platform = timebase->platform;
	const struct virtio_host host = {
		.memory = { platform->ops->memory, platform->context },
		.msi = platform->ops->msi,
		.context = platform->context,
	};

	virtio_console_close(&devices->console);
	virtio_blk_close(&devices->blk);
	memset(devices, 0, sizeof(*devices));
	devices->timebase = timebase;
	if (platform->devices & PLATFORM_RNG)
		plug_rng(devices, &host, pci);
	if (platform->devices & PLATFORM_CONSOLE)
		plug_console(devices, &host, pci);
	if ((platform->devices & PLATFORM_DISK) && platform->disk)
		plug_disk(devices, &host, pci);
	if ((platform->devices & PLATFORM_NETWORK) && platform->network)
		plug_network(devices, &host, pci);
}

void virtio_devices_run(struct virtio_devices *devices)
{
	uint64_t now = timebase_count(devices->timebase, VIRTIO_WORK_HZ);

	if (now == devices->worked)
		return;
	devices->worked = now;
	virtio_console_run(&devices->console);
	virtio_blk_run(&devices->blk);
	virtio_net_run(&devices->net);
}

uint64_t virtio_devices_next_deadline(const struct virtio_devices *devices)
{
	if (!virtio_console_wants_time(&devices->console) && !virtio_blk_wants_time(&devices->blk) &&
	    !virtio_net_wants_time(&devices->net))
		return DEADLINE_NONE;
	return timebase_deadline(devices->timebase, devices->worked + 1, VIRTIO_WORK_HZ);
}

bool virtio_devices_console_input(struct virtio_devices *devices, uint8_t byte)
{
	struct console_port *terminal = &devices->console.ports[PORT_TERMINAL];

	return terminal->backend && port_is_open(terminal) && port_send(terminal, &byte, 1);
}
