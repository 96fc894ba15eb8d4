/* SPDX-License-Identifier: Apache-2.0 */
/* The AHCI driver; see ahci.h. Owns the port's registers and the DMA memory while it is open. */
#include "bsp/disk/ahci.h"

#include <stdio.h>
#include <string.h>

#include "bsp/pci/message.h"

/* Of the controller. */
enum { CAP = 0x00, GHC = 0x04, PENDING = 0x08, IMPLEMENTED = 0x0C, CAP2 = 0x24, HANDOFF = 0x28 };
enum { GHC_AHCI = 1u << 31, GHC_INTERRUPTS = 1 << 1, CAP2_HANDOFF = 1, HANDOFF_FIRMWARE = 1 << 0, HANDOFF_SYSTEM = 1 << 1 };

/* Of a port. */
enum {
	PORT_LIST = 0x00,
	PORT_RECEIVED = 0x08,
	PORT_EVENTS = 0x10,
	PORT_INTERRUPTS = 0x14,
	PORT_COMMAND = 0x18,
	PORT_TASK = 0x20,
	PORT_SIGNATURE = 0x24,
	PORT_STATUS = 0x28,
	PORT_CONTROL = 0x2C,
	PORT_ERRORS = 0x30,
	PORT_ISSUE = 0x38,
};
enum { RUN = 1 << 0, SPIN_UP = 1 << 1, POWER = 1 << 2, RECEIVE = 1 << 4, RECEIVES = 1 << 14, RUNS = 1 << 15 };
enum { EVENT_ANSWER = 1, EVENT_ERRORS = 0x78000000, TASK_ERROR = 0x01, TASK_FAULT = 0x20, TASK_DATA = 0x08, TASK_BUSY = 0x80 };
enum { DETECT = 0xF, DETECT_READY = 3, SIGNATURE_DISK = 0x101, RESET_LINK = 1 };

enum { COMMAND_READ_DMA_LONG = 0x25, COMMAND_WRITE_DMA_LONG = 0x35, COMMAND_FLUSH_LONG = 0xEA, COMMAND_IDENTIFY = 0xEC, COMMAND_DATA_SET = 0x06 };
enum { WORD_MODEL = 27, WORD_COMMANDS = 83, WORD_COUNT48 = 100, WORD_SECTOR = 106, COMMANDS_LONG = 1 << 10, SECTOR_IS_LARGER = 1 << 12,
       WORD_DATA_SET = 169, DATA_SET_TRIM = 1 };

#define REGISTER_BYTES (0x100u + AHCI_PORTS * 0x80u)
#define ANSWER_MS 1000u
#define HANDOFF_MS 2000u

/* What the controller reads and writes. */
struct header {
	uint16_t flags; /* 4:0 length of the FIS in 32-bit words, 6 write */
	uint16_t pieces;
	volatile uint32_t moved_bytes;
	uint64_t table;
	uint32_t reserved[4];
};

struct memory {
	struct header list[32];
	uint8_t received[256];
	uint8_t to_256[768]; /* a table is aligned to 128 bytes */
	uint8_t fis[64], packet[16], reserved[48];
	struct { uint64_t address; uint32_t reserved, bytes_less_one; } piece;
};

#define BOUNCE_OFFSET 0x1000u
#define SECTORS_AT_ONCE 128u
#define DISCARD_SECTORS 0xFFFFu
#define FIS_WORDS 5
#define HEADER_WRITE (1u << 6)

_Static_assert(sizeof(struct memory) <= BOUNCE_OFFSET, "memory");

static const uint8_t commands[] = {
	[DISK_READ] = COMMAND_READ_DMA_LONG,
	[DISK_WRITE] = COMMAND_WRITE_DMA_LONG,
	[DISK_FLUSH] = COMMAND_FLUSH_LONG,
	[DISK_DISCARD] = COMMAND_DATA_SET,
};

static struct memory *memory_of(const struct ahci *ahci)
{
	return (struct memory *)(void *)ahci->registers.host->dma.bytes;
}

static uint32_t at(const struct ahci *ahci, uint32_t offset)
{
	return 0x100 + ahci->port * 0x80 + offset;
}

static uint32_t get(const struct ahci *ahci, uint32_t offset)
{
	return read32(&ahci->registers, at(ahci, offset));
}

static void put(const struct ahci *ahci, uint32_t offset, uint32_t value)
{
	write32(&ahci->registers, at(ahci, offset), value);
}

static bool wait_for(const struct ahci *ahci, uint32_t offset, uint32_t mask, uint32_t wanted, uint32_t milliseconds)
{
	return registers_wait(&ahci->registers, at(ahci, offset), mask, wanted, milliseconds);
}

static void pause(const struct ahci *ahci, uint32_t milliseconds)
{
	struct wait wait = wait_start(ahci->registers.host, milliseconds);

	while (!wait_is_over(&wait))
		;
}

static void reset_link(const struct ahci *ahci)
{
	put(ahci, PORT_CONTROL, RESET_LINK);
	pause(ahci, 2);
	put(ahci, PORT_CONTROL, 0);
	(void)wait_for(ahci, PORT_STATUS, DETECT, DETECT_READY, ANSWER_MS);
}

static bool stop(const struct ahci *ahci)
{
	put(ahci, PORT_COMMAND, get(ahci, PORT_COMMAND) & ~(uint32_t)RUN);
	if (!wait_for(ahci, PORT_COMMAND, RUNS, 0, ANSWER_MS)) {
		reset_link(ahci);
		if (!wait_for(ahci, PORT_COMMAND, RUNS, 0, ANSWER_MS))
			return false;
	}
	put(ahci, PORT_COMMAND, get(ahci, PORT_COMMAND) & ~(uint32_t)RECEIVE);
	return wait_for(ahci, PORT_COMMAND, RECEIVES, 0, ANSWER_MS);
}

static void clear_events(const struct ahci *ahci)
{
	put(ahci, PORT_ERRORS, UINT32_MAX);
	put(ahci, PORT_EVENTS, UINT32_MAX);
	write32(&ahci->registers, PENDING, 1u << ahci->port);
}

/* The port from whatever state to one that takes commands. */
static bool start(const struct ahci *ahci)
{
	const struct dma_memory *dma = &ahci->registers.host->dma;

	if (!stop(ahci))
		return false;
	memset(memory_of(ahci), 0, sizeof(struct memory));
	write64(&ahci->registers, at(ahci, PORT_LIST), dma->physical + offsetof(struct memory, list));
	write64(&ahci->registers, at(ahci, PORT_RECEIVED), dma->physical + offsetof(struct memory, received));
	put(ahci, PORT_INTERRUPTS, 0);
	put(ahci, PORT_COMMAND, get(ahci, PORT_COMMAND) | SPIN_UP | POWER | RECEIVE);
	if ((get(ahci, PORT_STATUS) & DETECT) != DETECT_READY || get(ahci, PORT_TASK) & (TASK_BUSY | TASK_DATA))
		reset_link(ahci);
	clear_events(ahci);
	if ((get(ahci, PORT_STATUS) & DETECT) != DETECT_READY || !wait_for(ahci, PORT_TASK, TASK_BUSY | TASK_DATA, 0, DISK_COMMAND_MS))
		return false;
	put(ahci, PORT_COMMAND, get(ahci, PORT_COMMAND) | RUN);
	put(ahci, PORT_INTERRUPTS, ahci->interrupts ? EVENT_ANSWER | EVENT_ERRORS : 0);
	return true;
}

/* A sector of ranges, of which the first is used: 47:0 where, 63:48 how much. */
static struct disk_request discard_as_write(const struct ahci *ahci, const struct disk_request *r)
{
	uint64_t ranges[DISK_SECTOR_BYTES / 8] = { r->sector | (uint64_t)r->count << 48 };

	memcpy(ahci->disk.bounce, ranges, sizeof(ranges));
	return (struct disk_request){ .operation = DISK_WRITE, .count = 1 };
}

static void build(const struct ahci *ahci, const struct disk_request *r, uint8_t command)
{
	const struct dma_memory *dma = &ahci->registers.host->dma;
	struct memory *memory = memory_of(ahci);
	const uint8_t fis[FIS_WORDS * 4] = {
		0x27, 0x80, command, command == COMMAND_DATA_SET ? DATA_SET_TRIM : 0,
		(uint8_t)r->sector, (uint8_t)(r->sector >> 8), (uint8_t)(r->sector >> 16), 0x40,
		(uint8_t)(r->sector >> 24), (uint8_t)(r->sector >> 32), (uint8_t)(r->sector >> 40), 0, (uint8_t)r->count, (uint8_t)(r->count >> 8),
	};

	memcpy(memory->fis, fis, sizeof(fis));
	memory->piece.address = dma->physical + BOUNCE_OFFSET;
	memory->piece.bytes_less_one = r->count * DISK_SECTOR_BYTES - 1;
	memory->list[0] = (struct header){
		.flags = (uint16_t)(FIS_WORDS | (r->operation == DISK_WRITE ? HEADER_WRITE : 0)),
		.pieces = r->count ? 1 : 0,
		.table = dma->physical + offsetof(struct memory, fis),
	};
}

static bool begin_command(struct ahci *ahci, const struct disk_request *r, uint8_t command)
{
	ahci->command = command;
	build(ahci, r, command);
	clear_events(ahci);
	dma_barrier();
	put(ahci, PORT_ISSUE, 1);
	return true;
}

static bool begin(struct disk *disk, const struct disk_request *request)
{
	struct ahci *ahci = (struct ahci *)disk;
	struct disk_request r = request->operation == DISK_DISCARD ? discard_as_write(ahci, request) : *request;

	return begin_command(ahci, &r, commands[request->operation]);
}

static bool begin_identify(struct disk *disk, const struct disk_request *request)
{
	return begin_command((struct ahci *)disk, request, COMMAND_IDENTIFY);
}

static enum disk_progress look(struct disk *disk, const struct disk_request *r)
{
	struct ahci *ahci = (struct ahci *)disk;

	if (get(ahci, PORT_ISSUE) & 1 && !(get(ahci, PORT_EVENTS) & EVENT_ERRORS))
		return DISK_BUSY;
	dma_barrier();
	uint32_t events = get(ahci, PORT_EVENTS), task = get(ahci, PORT_TASK), moved = memory_of(ahci)->list[0].moved_bytes;
	bool is_whole = r->operation != DISK_READ || moved == r->count * DISK_SECTOR_BYTES;

	if (is_whole && !(events & EVENT_ERRORS) && !(task & (TASK_ERROR | TASK_FAULT | TASK_BUSY)))
		return DISK_GOOD;
	disk_failed(disk, "command %02x at sector %llu: status %02x, error %02x, %u bytes", ahci->command, (unsigned long long)r->sector,
		    (unsigned int)(task & 0xFF), (unsigned int)(task >> 8 & 0xFF), (unsigned int)moved);
	return DISK_BAD;
}

static void recover(struct disk *disk)
{
	(void)start((struct ahci *)disk);
}

static void close(struct disk *disk)
{
	put((struct ahci *)disk, PORT_INTERRUPTS, 0);
	(void)stop((struct ahci *)disk);
}

/* The firmware lets go of the controller, which then speaks AHCI. */
static bool take_over(const struct registers *r)
{
	if (read32(r, CAP2) & CAP2_HANDOFF && read32(r, CAP2) != UINT32_MAX) {
		write32(r, HANDOFF, read32(r, HANDOFF) | HANDOFF_SYSTEM);
		if (!registers_wait(r, HANDOFF, HANDOFF_FIRMWARE, 0, HANDOFF_MS))
			return false;
	}
	write32(r, GHC, (read32(r, GHC) | GHC_AHCI) & ~(uint32_t)GHC_INTERRUPTS);
	return read32(r, GHC) & GHC_AHCI && read32(r, GHC) != UINT32_MAX;
}

static uint64_t word(const uint8_t *identity, unsigned int number)
{
	return identity[2 * number] | (uint64_t)identity[2 * number + 1] << 8;
}

static bool take_identity(struct ahci *ahci, const uint8_t *identity)
{
	uint8_t model[DISK_MODEL_BYTES];
	uint64_t count = 0;

	for (unsigned int i = 4; i--;)
		count = count << 16 | word(identity, WORD_COUNT48 + i);
	for (size_t i = 0; i < DISK_MODEL_BYTES - 1; i++)
		model[i] = identity[2 * WORD_MODEL + (i ^ 1)];
	disk_text(ahci->disk.model, model, DISK_MODEL_BYTES - 1);
	if (!(word(identity, WORD_COMMANDS) & COMMANDS_LONG) || !count || count >> 48)
		return false;
	if ((word(identity, WORD_SECTOR) & 0xC000) == 0x4000 && word(identity, WORD_SECTOR) & SECTOR_IS_LARGER)
		return disk_unfit(&ahci->disk, DISK_LARGE_SECTORS);
	ahci->disk.begin = begin;
	ahci->disk.discard_sectors = word(identity, WORD_DATA_SET) & DATA_SET_TRIM ? DISCARD_SECTORS : 0;
	disk_offer(&ahci->disk, count);
	return true;
}

bool ahci_open(struct ahci *ahci, const struct pci_host *host, const struct pci_function *function, uint32_t port)
{
	const struct disk_request request = { .count = 1, .to = host->dma.bytes + BOUNCE_OFFSET };

	*ahci = (struct ahci){ .port = port, .registers.host = host };
	ahci->disk = (struct disk){ .begin = begin_identify, .look = look, .recover = recover, .sectors_at_once = SECTORS_AT_ONCE };
	disk_clock(&ahci->disk, host->ticks, host->context, host->ticks_hz);
	ahci->disk.bounce = host->dma.bytes + BOUNCE_OFFSET;
	snprintf(ahci->disk.where, sizeof(ahci->disk.where), "AHCI %02x:%02x.%x port %u", (unsigned int)(function->address >> 16 & 0xFF),
		 (unsigned int)(function->address >> 11 & 0x1F), (unsigned int)(function->address >> 8 & 7), (unsigned int)port);
	if (host->dma.size < BOUNCE_OFFSET + SECTORS_AT_ONCE * DISK_SECTOR_BYTES || !pci_map(host, function, 5, REGISTER_BYTES, &ahci->registers))
		return false;
	if (!take_over(&ahci->registers) || !(read32(&ahci->registers, IMPLEMENTED) >> port & 1) || !registers_have(&ahci->registers, at(ahci, 0), 0x80))
		return false;
	ahci->disk.close = close;
	ahci->interrupts = pci_messages_start(host, function) != PCI_MESSAGES_NONE;
	if (ahci->interrupts)
		write32(&ahci->registers, GHC, read32(&ahci->registers, GHC) | GHC_INTERRUPTS);
	put(ahci, PORT_COMMAND, get(ahci, PORT_COMMAND) | SPIN_UP | POWER);
	if (!wait_for(ahci, PORT_STATUS, DETECT, DETECT_READY, 20) || !start(ahci))
		return false;
	return get(ahci, PORT_SIGNATURE) == SIGNATURE_DISK && disk_run(&ahci->disk, &request) &&
	       take_identity(ahci, ahci->disk.bounce);
}
