/* SPDX-License-Identifier: Apache-2.0 */
/* Virtio over PCI; see function.h. */
#include "virtio/function.h"

#include <string.h>

#include "image/bytes.h"

#define VENDOR 0x1AF4u
#define DEVICE_MODERN 0x1040u /* plus the device's type */
#define REVISION 1u
#define SUBSYSTEM 0x1100u

/* The BAR: a page for each block. */
#define BAR_BYTES 0x8000u
#define BLOCK_BYTES 0x1000u
enum block { BLOCK_COMMON, BLOCK_ISR, BLOCK_CONFIG, BLOCK_NOTIFY, BLOCK_VECTORS, BLOCK_PENDING };
#define NOTIFY_STRIDE 4u

/* Capabilities: where, and what is in them. */
#define CAPABILITY_VENDOR 0x09u
#define CAPABILITY_MSIX 0x11u
#define AT_COMMON 0x40u
#define AT_ISR 0x50u
#define AT_CONFIG 0x60u
#define AT_NOTIFY 0x70u
#define AT_WINDOW 0x84u
#define AT_MSIX 0x98u

enum capability_type { TYPE_COMMON = 1, TYPE_NOTIFY, TYPE_ISR, TYPE_CONFIG, TYPE_WINDOW };

#define WINDOW_BAR    (AT_WINDOW + 4)
#define WINDOW_OFFSET (AT_WINDOW + 8)
#define WINDOW_LENGTH (AT_WINDOW + 12)
#define WINDOW_DATA   (AT_WINDOW + 16)

#define MSIX_CONTROL  (AT_MSIX + 2)
#define MSIX_ENABLE   0x8000u
#define MSIX_MASK_ALL 0x4000u

static uint64_t bar_read(void *device, uint32_t offset, uint32_t size)
{
	struct virtio_function *function = device;
	uint32_t inside = offset % BLOCK_BYTES;

	switch (offset / BLOCK_BYTES) {
	case BLOCK_COMMON:
		return virtio_common_read(&function->virtio, inside, size);
	case BLOCK_ISR:
		return inside ? 0 : virtio_isr_read(&function->virtio);
	case BLOCK_CONFIG:
		return virtio_config_read(&function->virtio, inside, size);
	case BLOCK_VECTORS:
		return msix_table_read(&function->msix, inside, size);
	case BLOCK_PENDING:
		return msix_pending_read(&function->msix, inside, size);
	default:
		return 0;
	}
}

static void bar_write(void *device, uint32_t offset, uint32_t size, uint64_t value)
{
	struct virtio_function *function = device;
	uint32_t inside = offset % BLOCK_BYTES;

	switch (offset / BLOCK_BYTES) {
	case BLOCK_COMMON:
		virtio_common_write(&function->virtio, inside, size, value);
		break;
	case BLOCK_NOTIFY:
		if (!(inside % NOTIFY_STRIDE))
			virtio_notify(&function->virtio, inside / NOTIFY_STRIDE);
		break;
	case BLOCK_VECTORS:
		msix_table_write(&function->msix, inside, size, value);
		break;
	default:
		break;
	}
}

/* Whether [offset, offset + size) touches the 4 bytes at `at`. */
static bool touches(uint32_t offset, uint32_t size, uint32_t at)
{
	return offset < at + 4 && offset + size > at;
}

/* Bytes a move through the window has; 0: the driver has set up none. */
static uint32_t window_bytes(const struct virtio_function *function)
{
	uint32_t offset = pci_get(&function->pci, WINDOW_OFFSET, 4);
	uint32_t length = pci_get(&function->pci, WINDOW_LENGTH, 4);

	if (pci_get(&function->pci, WINDOW_BAR, 1) || (length != 1 && length != 2 && length != 4) ||
	    offset % length || offset >= BAR_BYTES)
		return 0;
	return length;
}

static void reading(void *device, uint32_t offset, uint32_t size)
{
	struct virtio_function *function = device;
	uint32_t bytes = window_bytes(function);

	if (!touches(offset, size, WINDOW_DATA) || !bytes)
		return;
	uint64_t value = bar_read(device, pci_get(&function->pci, WINDOW_OFFSET, 4), bytes);
	pci_define(&function->pci, WINDOW_DATA, bytes, (uint32_t)value);
}

static void written(void *device, uint32_t offset, uint32_t size)
{
	struct virtio_function *function = device;
	uint32_t command = pci_get(&function->pci, PCI_COMMAND, 2);
	uint32_t control = pci_get(&function->pci, MSIX_CONTROL, 2);
	uint32_t bytes = window_bytes(function);

	if (touches(offset, size, WINDOW_DATA) && bytes)
		bar_write(device, pci_get(&function->pci, WINDOW_OFFSET, 4), bytes,
			  pci_get(&function->pci, WINDOW_DATA, bytes));
	msix_control(&function->msix, (control & MSIX_ENABLE) && (command & PCI_COMMAND_MASTER),
		     control & MSIX_MASK_ALL);
}

static const struct pci_ops ops = {
	.reading = reading, .written = written, .bar_read = bar_read, .bar_write = bar_write,
};

static void raise(void *context, uint32_t vector)
{
	struct virtio_function *function = context;

	msix_raise(&function->msix, vector);
}

struct capability {
	uint8_t at, next, bytes, type, block;
};

static const struct capability capabilities[] = {
	{ AT_COMMON, AT_ISR, 16, TYPE_COMMON, BLOCK_COMMON },
	{ AT_ISR, AT_CONFIG, 16, TYPE_ISR, BLOCK_ISR },
	{ AT_CONFIG, AT_NOTIFY, 16, TYPE_CONFIG, BLOCK_CONFIG },
	{ AT_NOTIFY, AT_WINDOW, 20, TYPE_NOTIFY, BLOCK_NOTIFY },
	{ AT_WINDOW, AT_MSIX, 20, TYPE_WINDOW, 0 },
};

static uint32_t block_bytes(const struct virtio_kind *kind, uint32_t type)
{
	const uint32_t bytes[] = {
		[TYPE_COMMON] = VIRTIO_COMMON_BYTES,
		[TYPE_NOTIFY] = kind->queue_count * NOTIFY_STRIDE,
		[TYPE_ISR] = 1,
		[TYPE_CONFIG] = kind->config_bytes ? kind->config_bytes : 4,
		[TYPE_WINDOW] = 0,
	};

	return bytes[type];
}

static void define_capabilities(struct pci_function *pci, const struct virtio_kind *kind)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		const struct capability *c = &capabilities[i];

		pci_define(pci, c->at, 4,
			   CAPABILITY_VENDOR | (uint32_t)c->next << 8 | (uint32_t)c->bytes << 16 |
				   (uint32_t)c->type << 24);
		pci_define(pci, c->at + 8u, 4, c->block * BLOCK_BYTES);
		pci_define(pci, c->at + 12u, 4, block_bytes(kind, c->type));
	}
	pci_define(pci, AT_NOTIFY + 16, 4, NOTIFY_STRIDE);
	/* BAR number, offset, length and data of the window are the driver's. */
	pci->writable[WINDOW_BAR] = 0xFF;
	memset(pci->writable + WINDOW_OFFSET, 0xFF, 12);
}

static void define_msix(struct pci_function *pci, uint32_t count)
{
	pci_define(pci, AT_MSIX, 4, CAPABILITY_MSIX | (count - 1) << 16);
	pci_define(pci, AT_MSIX + 4, 4, BLOCK_VECTORS * BLOCK_BYTES); /* in BAR 0 */
	pci_define(pci, AT_MSIX + 8, 4, BLOCK_PENDING * BLOCK_BYTES);
	pci->writable[MSIX_CONTROL + 1] = (MSIX_ENABLE | MSIX_MASK_ALL) >> 8;
}

static void define_identity(struct pci_function *pci, const struct virtio_kind *kind)
{
	pci_define(pci, 0, 4, VENDOR | (DEVICE_MODERN + kind->type) << 16);
	pci_define(pci, PCI_STATUS, 2, PCI_STATUS_LIST);
	pci_define(pci, PCI_REVISION, 4, REVISION | kind->class << 8);
	pci_define(pci, PCI_SUBSYSTEM, 4, VENDOR | SUBSYSTEM << 16);
	pci_define(pci, PCI_CAPABILITIES, 1, AT_COMMON);
	pci->writable[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	pci->writable[PCI_LINE] = 0xFF;
	pci->bar_bytes = BAR_BYTES;
}

void virtio_function_init(struct virtio_function *function, const struct virtio_kind *kind,
			  void *device, const struct virtio_host *host)
{
	/* A vector for each queue and one for the configuration, as far as there are any. */
	uint32_t vectors = kind->queue_count + 1u;
	struct virtio_wiring wiring = {
		.memory = host->memory, .raise = raise, .context = function,
		.vector_count = (uint16_t)(vectors < MSIX_MAX_VECTORS ? vectors : MSIX_MAX_VECTORS),
	};

	memset(function, 0, sizeof(*function));
	function->pci.device = function;
	function->pci.ops = &ops;
	define_identity(&function->pci, kind);
	define_capabilities(&function->pci, kind);
	define_msix(&function->pci, wiring.vector_count);
	function->msix.count = wiring.vector_count;
	function->msix.send = host->msi;
	function->msix.context = host->context;
	msix_reset(&function->msix);
	virtio_init(&function->virtio, kind, device, &wiring);
}

bool virtio_function_plug(struct virtio_function *function, struct pci *pci, uint32_t slot)
{
	function->pci.devfn = (uint8_t)(slot << 3);
	return pci_add(pci, &function->pci);
}
