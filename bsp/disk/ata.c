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
enum { WORD_SERIAL = 10, WORD_MODEL = 27, WORD_COUNT28 = 60, WORD_COMMANDS = 83, WORD_COUNT48 = 100, WORD_SECTOR = 106 };
enum { COMMANDS_LONG = 1 << 10, SECTOR_IS_LARGER = 1 << 12 };

#define TRIES 3
#define COMMAND_SECONDS 10u
#define FLUSH_SECONDS 60u /* a disk may have a large cache to write */
#define SECTORS_AT_ONCE 128u
#define SHORT_LIMIT (1ull << 28)

static uint8_t in(uint16_t port)
{
	return (uint8_t)sys_call(SYS_PORT_READ, port, 1, 0);
}

static void out(uint16_t port, uint8_t value)
{
	sys_call(SYS_PORT_WRITE, port, 1, value);
}

static bool fail(struct ata *ata, uint8_t status)
{
	ata->last.status = status;
	ata->last.error = status == 0xFF ? 0 : in(ATA_ERROR);
	return false;
}

/* Until the disk is not busy and has `wanted`. The alternate status is read first: 400 ns have to pass. */
static bool wait_for(struct ata *ata, uint8_t wanted, uint32_t seconds)
{
	uint64_t start = __builtin_ia32_rdtsc();

	for (uint8_t status = in(ATA_ALTERNATE_STATUS);; status = in(ATA_STATUS)) {
		if (status == 0xFF)
			return fail(ata, status);
		if (!(status & STATUS_BUSY)) {
			if (status & (STATUS_ERROR | STATUS_FAULT))
				return fail(ata, status);
			if ((status & wanted) == wanted)
				return true;
		}
		if (__builtin_ia32_rdtsc() - start > seconds * ata->ticks_hz)
			return fail(ata, 0xFF);
	}
}

static void reset(struct ata *ata)
{
	out(ATA_CONTROL, CONTROL_NO_INTERRUPT | CONTROL_RESET);
	for (uint64_t start = __builtin_ia32_rdtsc(); __builtin_ia32_rdtsc() - start < ata->ticks_hz / 100000;)
		;
	out(ATA_CONTROL, CONTROL_NO_INTERRUPT);
	(void)wait_for(ata, STATUS_READY, COMMAND_SECONDS);
}

struct transfer {
	uint64_t sector;
	uint32_t count; /* at most SECTORS_AT_ONCE */
	uint8_t short_command, long_command;
	uint8_t *to; /* one of the two, or none */
	const uint8_t *from;
};

static void place(uint64_t sector, uint32_t count)
{
	out(ATA_COUNT, (uint8_t)count);
	out(ATA_LBA_LOW, (uint8_t)sector);
	out(ATA_LBA_MIDDLE, (uint8_t)(sector >> 8));
	out(ATA_LBA_HIGH, (uint8_t)(sector >> 16));
}

static bool begin(struct ata *ata, const struct transfer *t)
{
	uint8_t command = ata->is_long ? t->long_command : t->short_command;

	ata->last = (struct ata_failure){ .sector = t->sector, .command = command };
	out(ATA_DEVICE, (uint8_t)(DEVICE_LBA | (ata->is_long ? 0 : t->sector >> 24 & 0xF)));
	if (!wait_for(ata, STATUS_READY, COMMAND_SECONDS))
		return false;
	if (ata->is_long)
		place(t->sector >> 24, t->count >> 8);
	place(t->sector, t->count);
	out(ATA_COMMAND, command);
	return true;
}

static bool sector_move(const struct transfer *t, uint32_t index)
{
	static uint8_t bytes[ATA_SECTOR_BYTES]; /* the kernel reaches only the monitor's own memory */
	size_t offset = (size_t)index * ATA_SECTOR_BYTES;

	if (t->to) {
		if (sys_call(SYS_PORT_READ_WORDS, ATA_DATA, (uintptr_t)bytes, sizeof(bytes)))
			return false;
		memcpy(t->to + offset, bytes, sizeof(bytes));
		return true;
	}
	memcpy(bytes, t->from + offset, sizeof(bytes));
	return !sys_call(SYS_PORT_WRITE_WORDS, ATA_DATA, (uintptr_t)bytes, sizeof(bytes));
}

static bool attempt(struct ata *ata, const struct transfer *t)
{
	if (!begin(ata, t))
		return false;
	for (uint32_t i = 0; (t->to || t->from) && i < t->count; i++)
		if (!wait_for(ata, STATUS_DATA, COMMAND_SECONDS) || !sector_move(t, i))
			return false;
	return t->to || wait_for(ata, STATUS_READY, t->from ? COMMAND_SECONDS : FLUSH_SECONDS);
}

static bool run(struct ata *ata, const struct transfer *t)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		if (attempt(ata, t))
			return true;
		ata->failures++;
		struct ata_failure failure = ata->last;

		reset(ata);
		ata->last = failure;
	}
	return false;
}

static bool run_pieces(struct ata *ata, struct transfer t, uint32_t count)
{
	while (count) {
		t.count = count < SECTORS_AT_ONCE ? count : SECTORS_AT_ONCE;
		if (!run(ata, &t))
			return false;
		t.sector += t.count;
		count -= t.count;
		if (t.to)
			t.to += t.count * ATA_SECTOR_BYTES;
		else
			t.from += t.count * ATA_SECTOR_BYTES;
	}
	return true;
}

static bool is_on_disk(const struct ata *ata, uint64_t sector, uint32_t count)
{
	return sector <= ata->device.sector_count && count <= ata->device.sector_count - sector;
}

static bool ata_read(void *context, uint64_t sector, uint32_t count, void *bytes)
{
	struct ata *ata = context;
	struct transfer t = { .sector = sector, .short_command = COMMAND_READ, .long_command = COMMAND_READ_LONG, .to = bytes };

	return is_on_disk(ata, sector, count) && run_pieces(ata, t, count);
}

static bool ata_write(void *context, uint64_t sector, uint32_t count, const void *bytes)
{
	struct ata *ata = context;
	struct transfer t = { .sector = sector, .short_command = COMMAND_WRITE, .long_command = COMMAND_WRITE_LONG, .from = bytes };

	return is_on_disk(ata, sector, count) && run_pieces(ata, t, count);
}

static bool ata_flush(void *context)
{
	struct transfer t = { .short_command = COMMAND_FLUSH, .long_command = COMMAND_FLUSH_LONG };

	return run(context, &t);
}

/* Text in IDENTIFY data: two characters a word, the first in the high byte, spaces behind. */
static void text_copy(char *to, const uint8_t *words, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		char c = (char)words[i ^ 1];

		to[i] = c >= ' ' && c <= '~' ? c : '?';
	}
	to[bytes] = 0;
	for (size_t i = bytes; i && to[i - 1] == ' '; i--)
		to[i - 1] = 0;
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

bool ata_open(struct ata *ata, uint64_t ticks_hz)
{
	uint8_t identity[ATA_SECTOR_BYTES];
	struct transfer identify = { .count = 1, .short_command = COMMAND_IDENTIFY, .to = identity };

	memset(ata, 0, sizeof(*ata));
	ata->ticks_hz = ticks_hz;
	out(ATA_CONTROL, CONTROL_NO_INTERRUPT);
	out(ATA_DEVICE, DEVICE_LBA);
	if (!is_there(in(ATA_ALTERNATE_STATUS)) || !run(ata, &identify))
		return false;
	uint64_t sector = number(identity, WORD_SECTOR, 1);

	if ((sector & 0xC000) == 0x4000 && sector & SECTOR_IS_LARGER)
		return false;
	text_copy(ata->model, identity + 2 * WORD_MODEL, ATA_MODEL_BYTES - 1);
	text_copy(ata->serial, identity + 2 * WORD_SERIAL, ATA_SERIAL_BYTES - 1);
	ata->is_long = number(identity, WORD_COMMANDS, 1) & COMMANDS_LONG;
	uint64_t count = ata->is_long ? number(identity, WORD_COUNT48, 4) : number(identity, WORD_COUNT28, 2);

	ata->device = (struct block_device){
		.read = ata_read, .write = ata_write, .flush = ata_flush, .context = ata,
		.sector_bytes = ATA_SECTOR_BYTES,
		.sector_count = ata->is_long || count < SHORT_LIMIT ? count : SHORT_LIMIT - 1,
	};
	return count != 0;
}
