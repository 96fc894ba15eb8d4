/* SPDX-License-Identifier: Apache-2.0 */
/* A board with one PCI function that a test plays; see board.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"

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
	}
}

static uintptr_t map(void *context, uint64_t physical, uint32_t bytes)
{
	(void)context;
	board.bad_accesses += physical % 4096 || bytes % 4096;
	return board.refuses_maps ? 0 : (uintptr_t)physical;
}

static uint32_t reg_read(void *context, uintptr_t address, uint32_t size)
{
	uint32_t number = (uint32_t)(address - BAR_PHYSICAL(0)) / 0x1000000, offset = (uint32_t)(address - BAR_PHYSICAL(number));

	(void)context;
	if ((board.config[4] & 6) != 6 || offset >= board.bar_bytes[number]) {
		board.bad_accesses++;
		return UINT32_MAX;
	}
	return board.read(number, offset, size);
}

static void reg_write(void *context, uintptr_t address, uint32_t size, uint32_t value)
{
	uint32_t number = (uint32_t)(address - BAR_PHYSICAL(0)) / 0x1000000, offset = (uint32_t)(address - BAR_PHYSICAL(number));

	(void)context;
	if ((board.config[4] & 6) != 6 || offset >= board.bar_bytes[number])
		board.bad_accesses++;
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
