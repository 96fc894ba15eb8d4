/* SPDX-License-Identifier: Apache-2.0 */
/* The ATA driver; see ata.h. Owns the channel's registers. */
#include "bsp/disk/ata.h"

#include <string.h>

#include "bsp/newlib/sys_call.h"
#include "kernel/monitor_abi.h"

enum {
	ATA_DATA = 0x1F0,
	ATA_ERROR = 0x1F1,
	ATA_COUNT = 0x1F2,
	ATA_LBA_LOW = 0x1F3,
	ATA_LBA_MIDDLE = 0x1F4,
	ATA_LBA_HIGH = 0x1F5,
	ATA_DEVICE = 0x1F6,
	ATA_STATUS = 0x1F7, /* reading */
	ATA_COMMAND = 0x1F7, /* writing */
	ATA_ALTERNATE_STATUS = 0x3F6,
	ATA_CONTROL = 0x3F6,
};

enum { STATUS_ERROR = 0x01, STATUS_DATA = 0x08, STATUS_FAULT = 0x20, STATUS_READY = 0x40, STATUS_BUSY = 0x80 };
enum { CONTROL_NO_INTERRUPT = 0x02, CONTROL_RESET = 0x04 };
enum { DEVICE_LBA = 0x40 };

enum {
	COMMAND_READ = 0x20,
	COMMAND_READ_LONG = 0x24,
	COMMAND_WRITE = 0x30,
	COMMAND_WRITE_LONG = 0x34,
	COMMAND_FLUSH = 0xE7,
	COMMAND_FLUSH_LONG = 0xEA,
	COMMAND_IDENTIFY = 0xEC,
};

/* Words of IDENTIFY DEVICE data. */
enum { WORD_MODEL = 27, WORD_COUNT28 = 60, WORD_COMMANDS = 83, WORD_COUNT48 = 100, WORD_SECTOR = 106 };
enum { COMMANDS_LONG = 1 << 10, SECTOR_IS_LARGER = 1 << 12 };

#define SECTORS_AT_ONCE 128u
#define NEVER_READY 0xFF
#define SHORT_LIMIT (1ull << 28)

static uint8_t in(uint16_t port)
{
	return (uint8_t)sys_call(SYS_PORT_READ, port, 1, 0);
}

static void out(uint16_t port, uint8_t value)
{
	sys_call(SYS_PORT_WRITE, port, 1, value);
}

/* Until the disk is not busy and has `wanted`, or fails: its status, NEVER_READY when it is not there or takes too long. The alternate status is
 * read first: 400 ns have to pass. */
static uint8_t wait_for(const struct ata *ata, uint8_t wanted, uint32_t milliseconds)
{
	uint64_t start = __builtin_ia32_rdtsc(), ticks = ata->ticks_hz / 1000 * milliseconds;

	for (uint8_t status = in(ATA_ALTERNATE_STATUS);; status = in(ATA_STATUS)) {
		if (status == NEVER_READY)
			return status;
		if (!(status & STATUS_BUSY) && (status & (STATUS_ERROR | STATUS_FAULT) || (status & wanted) == wanted))
			return status;
		if (__builtin_ia32_rdtsc() - start > ticks)
			return NEVER_READY;
	}
}

static bool is_good(uint8_t status)
{
	return !(status & (STATUS_ERROR | STATUS_FAULT | STATUS_BUSY));
}

static void recover(struct disk *disk)
{
	const struct ata *ata = (struct ata *)disk;

	out(ATA_CONTROL, ata->control | CONTROL_RESET);
	for (uint64_t start = __builtin_ia32_rdtsc(); __builtin_ia32_rdtsc() - start < ata->ticks_hz / 100000;)
		;
	out(ATA_CONTROL, ata->control);
	(void)wait_for(ata, STATUS_READY, DISK_COMMAND_MS);
}

/* Commands by operation, for 28 and for 48 bits of address. */
static const uint8_t commands[][2] = {
	[DISK_READ] = { COMMAND_READ, COMMAND_READ_LONG },
	[DISK_WRITE] = { COMMAND_WRITE, COMMAND_WRITE_LONG },
	[DISK_FLUSH] = { COMMAND_FLUSH, COMMAND_FLUSH_LONG },
};

static void place(uint64_t sector, uint32_t count)
{
	out(ATA_COUNT, (uint8_t)count);
	out(ATA_LBA_LOW, (uint8_t)sector);
	out(ATA_LBA_MIDDLE, (uint8_t)(sector >> 8));
	out(ATA_LBA_HIGH, (uint8_t)(sector >> 16));
}

static uint8_t begin_registers(const struct ata *ata, const struct disk_request *r, uint8_t command)
{
	out(ATA_DEVICE, (uint8_t)(DEVICE_LBA | (ata->is_long ? 0 : r->sector >> 24 & 0xF)));
	uint8_t status = wait_for(ata, STATUS_READY, DISK_COMMAND_MS);

	if (!is_good(status))
		return status;
	if (ata->is_long)
		place(r->sector >> 24, r->count >> 8);
	place(r->sector, r->count);
	out(ATA_COMMAND, command);
	return status;
}

static bool sector_move(const struct disk_request *r, uint32_t index)
{
	static uint8_t bytes[DISK_SECTOR_BYTES]; /* the kernel reaches only the monitor's own memory */
	size_t offset = (size_t)index * DISK_SECTOR_BYTES;

	if (r->to) {
		if (sys_call(SYS_PORT_READ_WORDS, ATA_DATA, (uintptr_t)bytes, sizeof(bytes)))
			return false;
		memcpy(r->to + offset, bytes, sizeof(bytes));
		return true;
	}
	memcpy(bytes, r->from + offset, sizeof(bytes));
	return !sys_call(SYS_PORT_WRITE_WORDS, ATA_DATA, (uintptr_t)bytes, sizeof(bytes));
}

static enum disk_progress complain(struct ata *ata, const struct disk_request *r, uint8_t status)
{
	disk_failed(&ata->disk, "command %02x at sector %llu: status %02x, error %02x", ata->command, (unsigned long long)r->sector, status,
		    status == NEVER_READY ? 0 : in(ATA_ERROR));
	return DISK_BAD;
}

/* What a write begins with is asked for without an interrupt. */
static bool begin_command(struct ata *ata, const struct disk_request *r, uint8_t command)
{
	ata->command = command;
	ata->moved = 0;
	uint8_t status = begin_registers(ata, r, command);

	if (is_good(status) && r->operation == DISK_WRITE)
		status = wait_for(ata, STATUS_DATA, DISK_COMMAND_MS);
	if (is_good(status) && r->operation == DISK_WRITE && !sector_move(r, ata->moved++))
		status = NEVER_READY;
	return is_good(status) || complain(ata, r, status) != DISK_BAD;
}

static bool begin(struct disk *disk, const struct disk_request *request)
{
	struct ata *ata = (struct ata *)disk;

	return begin_command(ata, request, commands[request->operation][ata->is_long]);
}

static bool begin_identify(struct disk *disk, const struct disk_request *request)
{
	return begin_command((struct ata *)disk, request, COMMAND_IDENTIFY);
}

/* Moves the sectors that it is ready for. */
static enum disk_progress look(struct disk *disk, const struct disk_request *r)
{
	struct ata *ata = (struct ata *)disk;

	(void)in(ATA_ALTERNATE_STATUS); /* 400 ns have to pass after a command and after a sector */
	for (uint8_t status = in(ATA_STATUS);; status = (in(ATA_ALTERNATE_STATUS), in(ATA_STATUS))) {
		if (status == NEVER_READY)
			return complain(ata, r, status);
		if (status & STATUS_BUSY)
			return DISK_BUSY;
		if (!is_good(status))
			return complain(ata, r, status);
		if (ata->moved == r->count)
			return r->operation == DISK_READ || status & STATUS_READY ? DISK_GOOD : DISK_BUSY;
		if (!(status & STATUS_DATA))
			return DISK_BUSY;
		if (!sector_move(r, ata->moved++))
			return complain(ata, r, NEVER_READY);
		if (r->operation == DISK_READ && ata->moved == r->count)
			return DISK_GOOD;
	}
}

/* Text in IDENTIFY data: two characters a word, the first in the high byte. */
static void text_copy(char *to, const uint8_t *words, size_t bytes)
{
	uint8_t text[DISK_MODEL_BYTES];

	for (size_t i = 0; i < bytes; i++)
		text[i] = words[i ^ 1];
	disk_text(to, text, bytes);
}

static uint64_t number(const uint8_t *identity, unsigned int word, unsigned int words)
{
	uint64_t value = 0;

	for (unsigned int i = words; i--;)
		value = value << 16 | (uint64_t)identity[2 * (word + i) + 1] << 8 | identity[2 * (word + i)];
	return value;
}

/* A channel without a disk reads as all ones or as zeros; a disk is ready, or busy getting there. */
static bool is_there(uint8_t status)
{
	return status != 0xFF && status & (STATUS_BUSY | STATUS_READY);
}

static uint64_t ticks(void *context)
{
	(void)context;
	return __builtin_ia32_rdtsc();
}

bool ata_open(struct ata *ata, uint64_t ticks_hz)
{
	uint8_t identity[DISK_SECTOR_BYTES];
	const struct disk_request request = { .count = 1, .to = identity };

	memset(ata, 0, sizeof(*ata));
	ata->ticks_hz = ticks_hz;
	ata->disk = (struct disk){ .begin = begin_identify, .look = look, .recover = recover, .sectors_at_once = SECTORS_AT_ONCE, .where = "IDE channel 1" };
	disk_clock(&ata->disk, ticks, NULL, ticks_hz);
	/* where the line cannot be had somebody has to look after the disk */
	ata->control = sys_call(SYS_IRQ_BIND, DISK_HOST_IRQ, false, 0) < 0 ? CONTROL_NO_INTERRUPT : 0;
	out(ATA_CONTROL, ata->control);
	out(ATA_DEVICE, DEVICE_LBA);
	if (!is_there(in(ATA_ALTERNATE_STATUS)) || !disk_run(&ata->disk, &request))
		return false;
	uint64_t sector = number(identity, WORD_SECTOR, 1);

	text_copy(ata->disk.model, identity + 2 * WORD_MODEL, DISK_MODEL_BYTES - 1);
	if ((sector & 0xC000) == 0x4000 && sector & SECTOR_IS_LARGER)
		return disk_unfit(&ata->disk, DISK_LARGE_SECTORS);
	ata->is_long = number(identity, WORD_COMMANDS, 1) & COMMANDS_LONG;
	uint64_t count = ata->is_long ? number(identity, WORD_COUNT48, 4) : number(identity, WORD_COUNT28, 2);

	ata->disk.begin = begin;
	disk_offer(&ata->disk, ata->is_long || count < SHORT_LIMIT ? count : SHORT_LIMIT - 1);
	return count != 0;
}
