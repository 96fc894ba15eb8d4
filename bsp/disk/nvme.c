/* SPDX-License-Identifier: Apache-2.0 */
/* The NVMe driver; see nvme.h. Owns the controller's registers and the DMA memory while it is open. */
#include "bsp/disk/nvme.h"

#include <stdio.h>
#include <string.h>

enum { CAP_LOW = 0x00, CAP_HIGH = 0x04, MASK_INTERRUPTS = 0x0C, CONFIGURATION = 0x14, STATUS = 0x1C, ADMIN_SIZES = 0x24, ADMIN_SUBMIT = 0x28,
       ADMIN_COMPLETE = 0x30, DOORBELLS = 0x1000 };
enum { ENABLE = 1, ENTRY_SIZES = 6 << 16 | 4 << 20, READY = 1, FATAL = 2 };
enum { CAP_HIGH_NVM = 1 << 5, CAP_HIGH_PAGE = 0xF << 16 };

enum { ADMIN_CREATE_SUBMIT = 1, ADMIN_CREATE_COMPLETE = 5, ADMIN_IDENTIFY = 6 };
enum { IDENTIFY_NAMESPACE = 0, IDENTIFY_CONTROLLER = 1, QUEUE_IN_ONE_PIECE = 1, QUEUE_INTERRUPTS = 2, DEALLOCATE = 4, OPTION_DEALLOCATE = 4 };
/* Offsets in what IDENTIFY returns, of a controller and of a namespace. */
enum { ID_MODEL = 24, ID_TRANSFER = 77, ID_OPTIONS = 520, ID_SIZE = 0, ID_FORMAT = 26, ID_FORMATS = 128 };

#define ENTRIES 8u
#define PAGE 4096u
#define SECTORS_AT_ONCE 128u
#define DISCARD_SECTORS (1u << 16)
#define PAGES_AT_ONCE (SECTORS_AT_ONCE * DISK_SECTOR_BYTES / PAGE)
#define NAMESPACE 1u
#define REGISTER_BYTES 0x10000u
#define RESET_LEAST_MS 500u

struct submission {
	uint32_t command; /* opcode, identifier in the high half */
	uint32_t namespace;
	uint64_t reserved, metadata, pages[2];
	uint32_t words[6]; /* 10 to 15 */
};

struct completion {
	volatile uint32_t result, reserved, queue;
	volatile uint32_t status; /* identifier; 16 phase, 31:17 status */
};

struct queue_memory {
	union { struct submission entries[ENTRIES]; uint8_t page[PAGE]; } submit;
	union { struct completion entries[ENTRIES]; uint8_t page[PAGE]; } complete;
};

struct memory {
	struct queue_memory queues[2];
	uint64_t list[PAGE / 8]; /* pages of the bounce buffer from the second on */
	uint8_t bounce[SECTORS_AT_ONCE * DISK_SECTOR_BYTES];
};

_Static_assert(sizeof(struct submission) == 64 && sizeof(struct completion) == 16, "entries");

static const uint8_t opcodes[] = { [DISK_READ] = 2, [DISK_WRITE] = 1, [DISK_FLUSH] = 0, [DISK_DISCARD] = 9 };

static struct memory *memory_of(const struct nvme *nvme)
{
	return (struct memory *)(void *)nvme->registers.host->dma.bytes;
}

static uint64_t physical(const struct nvme *nvme, size_t offset)
{
	return nvme->registers.host->dma.physical + offset;
}

static uint64_t queue_physical(const struct nvme *nvme, uint32_t number, size_t offset)
{
	return physical(nvme, offsetof(struct memory, queues) + number * sizeof(struct queue_memory) + offset);
}

static void ring(const struct nvme *nvme, uint32_t doorbell, uint32_t value)
{
	dma_barrier();
	write32(&nvme->registers, DOORBELLS + (doorbell << nvme->stride_shift), value);
}

static void submit(struct nvme *nvme, struct nvme_queue *queue, const struct submission *what)
{
	struct submission *entry = &memory_of(nvme)->queues[queue->number].submit.entries[queue->tail];

	*entry = *what;
	entry->command |= (uint32_t)++nvme->last_id << 16;
	queue->tail = (queue->tail + 1) % ENTRIES;
	ring(nvme, 2 * queue->number, queue->tail);
}

static enum disk_progress confuse(struct nvme *nvme, const char *what)
{
	nvme->is_confused = true;
	disk_failed(&nvme->disk, "%s, controller status %x", what, (unsigned int)read32(&nvme->registers, STATUS));
	return DISK_BAD;
}

/* At the next completion of a queue. */
static enum disk_progress look_at(struct nvme *nvme, struct nvme_queue *queue)
{
	uint32_t status = memory_of(nvme)->queues[queue->number].complete.entries[queue->head].status;

	if ((status >> 16 & 1) != queue->phase)
		return read32(&nvme->registers, STATUS) & FATAL ? confuse(nvme, "it has failed") : DISK_BUSY;
	dma_barrier();
	queue->head = (queue->head + 1) % ENTRIES;
	queue->phase ^= !queue->head;
	ring(nvme, 2 * queue->number + 1, queue->head);
	if ((status & 0xFFFF) != nvme->last_id)
		return confuse(nvme, "an answer to another command");
	nvme->last_status = (uint16_t)(status >> 17);
	return nvme->last_status ? DISK_BAD : DISK_GOOD;
}

/* A command of the administrator's, waited for. */
static bool admin(struct nvme *nvme, const struct submission *what)
{
	struct wait wait = wait_start(nvme->registers.host, DISK_COMMAND_MS);
	enum disk_progress progress = DISK_BUSY;

	submit(nvme, &nvme->queues[0], what);
	for (bool is_over = false; progress == DISK_BUSY; is_over = wait_is_over(&wait))
		progress = is_over ? confuse(nvme, "no answer") : look_at(nvme, &nvme->queues[0]);
	if (progress == DISK_BAD && !nvme->is_confused)
		disk_failed(&nvme->disk, "administrator's command %02x: status %x", (unsigned int)what->command, nvme->last_status);
	return progress == DISK_GOOD;
}

static bool create_queues(struct nvme *nvme)
{
	const uint32_t size = (ENTRIES - 1) << 16 | 1;
	const struct submission completions = {
		.command = ADMIN_CREATE_COMPLETE,
		.pages = { queue_physical(nvme, 1, offsetof(struct queue_memory, complete)) },
		.words = { size, QUEUE_IN_ONE_PIECE | (nvme->messages ? QUEUE_INTERRUPTS : 0) },
	};
	const struct submission submissions = {
		.command = ADMIN_CREATE_SUBMIT, .pages = { queue_physical(nvme, 1, 0) }, .words = { size, QUEUE_IN_ONE_PIECE | 1 << 16 },
	};

	return admin(nvme, &completions) && admin(nvme, &submissions);
}

static bool disable(const struct nvme *nvme)
{
	write32(&nvme->registers, CONFIGURATION, 0);
	return registers_wait(&nvme->registers, STATUS, READY, 0, nvme->ready_ms);
}

/* The controller from whatever state to one with both queues. */
static bool start(struct nvme *nvme)
{
	struct memory *memory = memory_of(nvme);

	if (!disable(nvme))
		return false;
	memset(memory->queues, 0, sizeof(memory->queues));
	for (uint32_t i = 0; i < PAGES_AT_ONCE - 1; i++)
		memory->list[i] = physical(nvme, offsetof(struct memory, bounce) + (i + 1) * PAGE);
	for (uint32_t i = 0; i < 2; i++)
		nvme->queues[i] = (struct nvme_queue){ .number = i, .phase = true };
	/* a reset has unmasked them; with MSI-X the register must not be touched */
	if (!nvme->messages)
		write32(&nvme->registers, MASK_INTERRUPTS, UINT32_MAX);
	write32(&nvme->registers, ADMIN_SIZES, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	write64(&nvme->registers, ADMIN_SUBMIT, queue_physical(nvme, 0, 0));
	write64(&nvme->registers, ADMIN_COMPLETE, queue_physical(nvme, 0, offsetof(struct queue_memory, complete)));
	dma_barrier();
	write32(&nvme->registers, CONFIGURATION, ENABLE | ENTRY_SIZES);
	if (!registers_wait(&nvme->registers, STATUS, READY | FATAL, READY, nvme->ready_ms))
		return false;
	nvme->is_confused = false;
	return create_queues(nvme);
}

/* Sectors to deallocate. */
struct range { uint32_t attributes, count; uint64_t sector; };

static void describe_discard(const struct nvme *nvme, const struct disk_request *r, struct submission *what)
{
	const struct range range = { .count = r->count, .sector = r->sector };

	memcpy(memory_of(nvme)->bounce, &range, sizeof(range));
	what->pages[0] = physical(nvme, offsetof(struct memory, bounce));
	what->words[0] = 0; /* one range */
	what->words[1] = DEALLOCATE;
}

static void describe_move(const struct nvme *nvme, const struct disk_request *r, struct submission *what)
{
	uint32_t pages = (r->count * DISK_SECTOR_BYTES + PAGE - 1) / PAGE;

	what->pages[0] = physical(nvme, offsetof(struct memory, bounce));
	what->pages[1] = pages == 2 ? what->pages[0] + PAGE : pages > 2 ? physical(nvme, offsetof(struct memory, list)) : 0;
	what->words[0] = (uint32_t)r->sector;
	what->words[1] = (uint32_t)(r->sector >> 32);
	what->words[2] = r->count - 1;
}

static bool begin(struct disk *disk, const struct disk_request *r)
{
	struct nvme *nvme = (struct nvme *)disk;
	struct submission what = { .command = opcodes[r->operation], .namespace = NAMESPACE };

	if (nvme->is_confused)
		return disk_failed(disk, "the controller does not come back from its reset");
	if (r->operation == DISK_DISCARD)
		describe_discard(nvme, r, &what);
	else if (r->count)
		describe_move(nvme, r, &what);
	submit(nvme, &nvme->queues[1], &what);
	return true;
}

static enum disk_progress look(struct disk *disk, const struct disk_request *r)
{
	struct nvme *nvme = (struct nvme *)disk;

	enum disk_progress progress = look_at(nvme, &nvme->queues[1]);

	if (progress == DISK_BAD && !nvme->is_confused)
		disk_failed(disk, "command %02x at sector %llu: status %x", opcodes[r->operation], (unsigned long long)r->sector, nvme->last_status);
	return progress;
}

/* After an error the queues go on; after silence or nonsense only a reset makes them one's own again. */
static void recover(struct disk *disk)
{
	struct nvme *nvme = (struct nvme *)disk;
	const struct nvme_queue *queue = &nvme->queues[1];

	if (nvme->is_confused || queue->tail != queue->head)
		nvme->is_confused = !start(nvme);
}

static void close(struct disk *disk)
{
	(void)disable((struct nvme *)disk);
}

static bool identify(struct nvme *nvme, uint32_t namespace, uint32_t what)
{
	const struct submission command = {
		.command = ADMIN_IDENTIFY, .namespace = namespace, .pages = { physical(nvme, offsetof(struct memory, bounce)) }, .words = { what },
	};

	return admin(nvme, &command);
}

static bool take_controller(struct nvme *nvme)
{
	const uint8_t *identity = memory_of(nvme)->bounce;
	unsigned int shift = identity[ID_TRANSFER];

	disk_text(nvme->disk.model, identity + ID_MODEL, DISK_MODEL_BYTES - 1);
	/* in pages; 0: any */
	if (shift && shift < 4)
		nvme->disk.sectors_at_once = (PAGE / DISK_SECTOR_BYTES) << shift;
	nvme->disk.discard_sectors = identity[ID_OPTIONS] & OPTION_DEALLOCATE ? DISCARD_SECTORS : 0;
	return true;
}

static bool take_namespace(struct nvme *nvme)
{
	const uint8_t *identity = memory_of(nvme)->bounce;
	unsigned int format = (identity[ID_FORMAT] & 0xF) | (identity[ID_FORMAT] & 0x60) >> 1;
	const uint8_t *of_format = identity + ID_FORMATS + 4 * format;
	uint64_t count;

	memcpy(&count, identity + ID_SIZE, sizeof(count));
	if (!count)
		return false;
	/* 2^9, and nothing beside them */
	if (of_format[0] || of_format[1] || of_format[2] != 9)
		return disk_unfit(&nvme->disk, DISK_LARGE_SECTORS);
	disk_offer(&nvme->disk, count);
	return true;
}

bool nvme_open(struct nvme *nvme, const struct pci_host *host, const struct pci_function *function)
{
	*nvme = (struct nvme){ .disk = { .begin = begin, .look = look, .recover = recover, .sectors_at_once = SECTORS_AT_ONCE } };
	disk_clock(&nvme->disk, host->ticks, host->context, host->ticks_hz);
	snprintf(nvme->disk.where, sizeof(nvme->disk.where), "NVMe %02x:%02x.%x", (unsigned int)(function->address >> 16 & 0xFF),
		 (unsigned int)(function->address >> 11 & 0x1F), (unsigned int)(function->address >> 8 & 7));
	if (host->dma.size < sizeof(struct memory) || !pci_map(host, function, 0, REGISTER_BYTES, &nvme->registers))
		return false;
	uint32_t low = read32(&nvme->registers, CAP_LOW), high = read32(&nvme->registers, CAP_HIGH);

	/* the NVM command set, queues of ENTRIES, pages of 4 KiB */
	if (low == UINT32_MAX || !(high & CAP_HIGH_NVM) || high & CAP_HIGH_PAGE || (low & 0xFFFF) + 1 < ENTRIES)
		return false;
	nvme->stride_shift = 2 + (high & 0xF);
	nvme->ready_ms = (low >> 24) * 500 + RESET_LEAST_MS;
	nvme->disk.close = close;
	nvme->disk.bounce = memory_of(nvme)->bounce;
	nvme->messages = pci_messages_start(host, function);
	return start(nvme) && identify(nvme, 0, IDENTIFY_CONTROLLER) && take_controller(nvme) && identify(nvme, NAMESPACE, IDENTIFY_NAMESPACE) &&
	       take_namespace(nvme);
}
