/* SPDX-License-Identifier: Apache-2.0 */
/* A board with one PCI function that a test plays; see board.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"

#define MESSAGE_ADDRESS 0xFEE03000u
#define MESSAGE_DATA 0xDEu
#define BAR_PHYSICAL(number) (0xE0000000u + (number) * 0x1000000u)

struct board board;
static uint8_t dma[96 * 1024] __attribute__((aligned(4096)));

static uint32_t config_read(void *context, uint32_t function, uint32_t offset)
{
	uint32_t value = UINT32_MAX;

	(void)context;
	if (function == BOARD_FUNCTION && offset < 256)
		memcpy(&value, board.config + (offset & ~3u), 4);
	return value;
}

static void config_write(void *context, uint32_t function, uint32_t offset, uint32_t value)
{
	uint32_t number = (offset - 0x10) / 4;

	(void)context;
	assert_int_equal(function, BOARD_FUNCTION);
	if (offset == 4) {
		board_set_config(4, 2, value & 0xFFFF);
	} else if (offset >= 0x10 && offset < 0x28 && board.bar_bytes[number]) {
		board.bad_accesses += (board.config[4] & 2) != 0; /* while its registers answer */
		board_set_config(offset, 4, value & ~(board.bar_bytes[number] - 1));
	} else if (board.messages.at && offset == board.messages.at) {
		board_set_config(offset + 2, 2, value >> 16);
	} else if (board.messages.at && offset > board.messages.at && offset < board.messages.at + 24) {
		board.bad_accesses += board.messages.is_msix; /* those are fixed */
		board_set_config(offset, 4, value);
	}
}

static uintptr_t map(void *context, uint64_t physical, uint32_t bytes)
{
	(void)context;
	board.bad_accesses += physical % 4096 || bytes % 4096;
	return board.refuses_maps ? 0 : (uintptr_t)physical;
}

/* A word of the table of messages; null: it is not there. */
static uint32_t *table_word(uint32_t bar, uint32_t offset)
{
	uint32_t within = offset - board.messages.offset;

	return board.messages.is_msix && bar == board.messages.bar && within < 16 ? &board.messages.entry[within / 4] : NULL;
}

static uint32_t reg_read(void *context, uintptr_t address, uint32_t size)
{
	uint32_t number = (uint32_t)(address - BAR_PHYSICAL(0)) / 0x1000000, offset = (uint32_t)(address - BAR_PHYSICAL(number));

	(void)context;
	if ((board.config[4] & 6) != 6 || offset >= board.bar_bytes[number]) {
		board.bad_accesses++;
		return UINT32_MAX;
	}
	const uint32_t *word = table_word(number, offset);

	if (word)
		return *word;
	return board.read(number, offset, size);
}

static void reg_write(void *context, uintptr_t address, uint32_t size, uint32_t value)
{
	uint32_t number = (uint32_t)(address - BAR_PHYSICAL(0)) / 0x1000000, offset = (uint32_t)(address - BAR_PHYSICAL(number));

	(void)context;
	if ((board.config[4] & 6) != 6 || offset >= board.bar_bytes[number])
		board.bad_accesses++;
	else if (table_word(number, offset))
		*table_word(number, offset) = value;
	else
		board.write(number, offset, size, value);
}

static uint64_t ticks(void *context)
{
	(void)context;
	return board.now_ms++;
}

void board_set_config(uint32_t offset, uint32_t size, uint32_t value)
{
	memcpy(board.config + offset, &value, size);
}

void board_set_bar(uint32_t number, uint32_t bytes)
{
	board.bar_bytes[number] = bytes;
	board_set_config(0x10 + 4 * number, 4, BAR_PHYSICAL(number));
}

void board_make(uint16_t vendor, uint16_t device, uint32_t class_code)
{
	memset(&board, 0, sizeof(board));
	memset(dma, 0x77, sizeof(dma));
	board.function = (struct pci_function){ BOARD_FUNCTION, vendor, device, class_code };
	board.host = (struct pci_host){
		.config_read = config_read, .config_write = config_write, .map = map, .read = reg_read, .write = reg_write, .ticks = ticks,
		.ticks_hz = 1000, .dma = { dma, BOARD_DMA_PHYSICAL, sizeof(dma) },
	};
	board_set_config(0, 4, (uint32_t)device << 16 | vendor);
	board_set_config(8, 4, class_code << 8);
	for (size_t i = 0; i < sizeof(board.medium); i++)
		board.medium[i] = (uint8_t)(i * 7 + i / DISK_SECTOR_BYTES);
}

static void set_messages(uint32_t at, uint32_t words)
{
	board_set_config(at, 4, words | (uint32_t)board.config[0x34] << 8);
	board_set_config(0x34, 1, at);
	board_set_config(6, 2, 0x10);
	board.messages.at = at;
	board.host.message.address = MESSAGE_ADDRESS;
	board.host.message.data = MESSAGE_DATA;
}

void board_set_msi(uint32_t at, uint32_t control)
{
	set_messages(at, 0x05 | control << 16);
	memset(board.config + at + 4, 0xFF, 20); /* as the firmware may have left it */
}

void board_set_msix(uint32_t at, uint32_t bar, uint32_t offset)
{
	set_messages(at, 0x11 | 3 << 16);
	board_set_config(at + 4, 4, offset | bar);
	board.messages.is_msix = true;
	board.messages.bar = bar;
	board.messages.offset = offset;
	memset(board.messages.entry, 0xFF, sizeof(board.messages.entry));
}

static uint32_t config_word(uint32_t offset)
{
	uint32_t value;

	memcpy(&value, board.config + offset, 4);
	return value;
}

void board_interrupt(void)
{
	uint32_t at = board.messages.at, control = at ? config_word(at) >> 16 : 0, high = 0, data = at + 8;
	const uint32_t *entry = board.messages.entry;

	if (board.messages.is_msix) {
		board.message_count += control >> 14 == 2 && !(entry[3] & 1) && entry[0] == MESSAGE_ADDRESS && !entry[1] && entry[2] == MESSAGE_DATA;
		return;
	}
	if (!(control & 1))
		return;
	if (control & 0x80) {
		high = config_word(data);
		data += 4;
	}
	bool is_masked = control & 0x100 && config_word(data + 4) & 1;

	board.message_count += !is_masked && !(control & 0x70) && !high && config_word(at + 4) == MESSAGE_ADDRESS &&
			       (config_word(data) & 0xFFFF) == MESSAGE_DATA;
}

void *board_dma(uint64_t physical, uint64_t bytes)
{
	if (physical < BOARD_DMA_PHYSICAL || bytes > sizeof(dma) || physical - BOARD_DMA_PHYSICAL > sizeof(dma) - bytes) {
		board.bad_accesses++;
		return NULL;
	}
	return dma + (physical - BOARD_DMA_PHYSICAL);
}

uint8_t *board_sectors(uint64_t sector, uint64_t count)
{
	if (sector < board.first || count > BOARD_SECTORS || sector - board.first > BOARD_SECTORS - count)
		return NULL;
	return board.medium + (sector - board.first) * DISK_SECTOR_BYTES;
}

void board_check_transfers(struct disk *disk)
{
	static uint8_t bytes[BOARD_SECTORS * DISK_SECTOR_BYTES];
	const struct block_device *device = &disk->device;

	assert_int_equal(device->sector_bytes, DISK_SECTOR_BYTES);
	assert_int_equal(device->sector_count, BOARD_SECTORS);
	assert_true(device->read(device->context, 0, BOARD_SECTORS, bytes));
	assert_memory_equal(bytes, board.medium, sizeof(bytes));
	memset(bytes, 0xA5, sizeof(bytes));
	assert_true(device->write(device->context, 3, 300, bytes));
	assert_int_equal(board.medium[3 * DISK_SECTOR_BYTES - 1], (uint8_t)((3 * DISK_SECTOR_BYTES - 1) * 7 + 2));
	assert_memory_equal(board.medium + 3 * DISK_SECTOR_BYTES, bytes, 300 * DISK_SECTOR_BYTES);
	assert_int_equal(board.medium[303 * DISK_SECTOR_BYTES], (uint8_t)(303 * DISK_SECTOR_BYTES * 7 + 303));
	/* one page, two pages, and the last sector */
	for (uint32_t count = 1; count <= 24; count++) {
		assert_true(device->read(device->context, BOARD_SECTORS - count, count, bytes));
		assert_memory_equal(bytes, board.medium + (BOARD_SECTORS - count) * DISK_SECTOR_BYTES, count * DISK_SECTOR_BYTES);
	}
	assert_true(device->flush(device->context));
	assert_false(device->read(device->context, BOARD_SECTORS, 1, bytes));
	assert_false(device->write(device->context, BOARD_SECTORS - 1, 2, bytes));
	assert_false(device->read(device->context, UINT64_MAX, 1, bytes));
	assert_int_equal(disk->failures, 0);
	assert_int_equal(board.bad_accesses, 0);
}

void board_check_failures(struct disk *disk)
{
	const struct block_device *device = &disk->device;
	uint8_t bytes[DISK_SECTOR_BYTES];

	board.fail_next = 2;
	assert_true(device->read(device->context, 5, 1, bytes));
	assert_memory_equal(bytes, board.medium + 5 * DISK_SECTOR_BYTES, sizeof(bytes));
	assert_int_equal(disk->failures, 2);
	board.fail_next = 3;
	assert_false(device->write(device->context, 6, 1, bytes));
	assert_int_equal(disk->failures, 5);
	assert_non_null(strstr(disk->last_failure, "sector 6"));
	board.fail_next = 3;
	assert_false(device->flush(device->context));
	assert_true(device->flush(device->context));
	/* one that does not answer is given up in a time, and comes back */
	board.hangs = true;
	uint64_t start = board.now_ms;
	assert_false(device->read(device->context, 0, 1, bytes));
	assert_in_range(board.now_ms - start, DISK_COMMAND_MS, 6 * DISK_COMMAND_MS);
	board.hangs = false;
	(void)device->read(device->context, 0, 1, bytes); /* the reset */
	assert_true(device->read(device->context, 7, 1, bytes));
	assert_memory_equal(bytes, board.medium + 7 * DISK_SECTOR_BYTES, sizeof(bytes));
	assert_int_equal(board.bad_accesses, 0);
}

static void note(void *context, bool is_good)
{
	*(uint32_t *)context |= is_good ? 1 : 2;
}

/* 1: good, 2: failed, after so many interrupts. */
static uint32_t interrupted(struct disk *disk, struct block_request *request, uint32_t times)
{
	const struct block_device *device = &disk->device;
	uint32_t ended = 0;

	request->done = note;
	request->context = &ended;
	board.message_count = 0;
	assert_true(device->start(device->context, request));
	for (uint32_t i = 1; i <= times; i++) {
		assert_int_equal(board.message_count, i);
		assert_int_equal(ended, 0);
		assert_false(device->start(device->context, request)); /* one at a time */
		device->step(device->context);
	}
	assert_int_equal(board.message_count, times);
	device->step(device->context); /* with nothing under way */
	return ended;
}

void board_check_interrupts(struct disk *disk)
{
	static uint8_t bytes[24 * DISK_SECTOR_BYTES];
	struct block_request request = { .operation = BLOCK_READ, .sector = 7, .count = 24, .bytes = bytes };

	assert_int_equal(interrupted(disk, &request, 1), 1);
	assert_memory_equal(bytes, board.medium + 7 * DISK_SECTOR_BYTES, sizeof(bytes));
	memset(bytes, 0x3C, sizeof(bytes));
	request.operation = BLOCK_WRITE;
	request.sector = BOARD_SECTORS - 24;
	assert_int_equal(interrupted(disk, &request, 1), 1);
	assert_memory_equal(board.medium + (BOARD_SECTORS - 24) * DISK_SECTOR_BYTES, bytes, sizeof(bytes));
	board.fail_next = 2;
	assert_int_equal(interrupted(disk, &request, 3), 1);
	board.fail_next = 3;
	assert_int_equal(interrupted(disk, &request, 3), 2);
	request.sector++;
	assert_false(disk->device.start(disk->device.context, &request)); /* behind the end */
	request = (struct block_request){ .operation = BLOCK_FLUSH };
	assert_int_equal(interrupted(disk, &request, 1), 1);
	assert_int_equal(disk->failures, 5);
	assert_int_equal(board.bad_accesses, 0);
}

void board_discard(uint64_t sector, uint64_t count)
{
	uint8_t *medium = board_sectors(sector, count);

	board.discards++;
	if (medium)
		memset(medium, DISCARDED, count * DISK_SECTOR_BYTES);
	else
		board.bad_accesses++;
}

void board_check_discards(struct disk *disk, uint32_t at_once)
{
	const struct block_device *device = &disk->device;
	uint32_t ended = 0;
	struct block_request request = { BLOCK_DISCARD, 1, 3, NULL, note, &ended };

	assert_int_equal(device->discard_sectors, at_once);
	assert_true(device->discard(device->context, 10, BOARD_SECTORS - 20));
	assert_int_equal(board.discards, (BOARD_SECTORS - 20 + at_once - 1) / at_once);
	for (uint32_t i = 0; i < BOARD_SECTORS; i++)
		if (i >= 10 && i < BOARD_SECTORS - 10)
			assert_int_equal(board.medium[i * DISK_SECTOR_BYTES + 511], DISCARDED);
		else
			assert_int_equal(board.medium[i * DISK_SECTOR_BYTES + 511], (uint8_t)((i * DISK_SECTOR_BYTES + 511) * 7 + i));
	assert_false(device->discard(device->context, BOARD_SECTORS - 1, 2));
	assert_true(device->start(device->context, &request));
	device->step(device->context);
	assert_int_equal(ended, 1);
	assert_int_equal(board.medium[DISK_SECTOR_BYTES], DISCARDED);
	request.count = at_once + 1;
	assert_false(device->start(device->context, &request));
	board.fail_next = 3;
	assert_false(device->discard(device->context, 0, 1));
	assert_int_equal(board.bad_accesses, 0);
}
