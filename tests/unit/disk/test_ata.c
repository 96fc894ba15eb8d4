/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ATA driver against a model of a disk behind its ports: commands, both address sizes, errors and retries, a disk that never answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bsp/disk/ata.h"
#include "bsp/newlib/sys_call.h"
#include "kernel/monitor_abi.h"

#define SECTORS 700u
#define HZ 1000000ull /* time-outs of seconds are over after so many TSC ticks each */

static struct {
	uint8_t bytes[SECTORS * DISK_SECTOR_BYTES];
	uint8_t fifo[2][5]; /* count, LBA low, middle, high: the last value and the one before it */
	uint8_t device, status, error, control;
	uint8_t command;
	uint8_t identity[DISK_SECTOR_BYTES];
	uint64_t first; /* sector that `bytes` start with */
	uint64_t at;	/* sector of the transfer under way */
	uint32_t left;
	bool is_absent, hangs, is_long, has_no_line;
	uint32_t fail_next, resets, flushes, commands, bad_accesses;
} disk;

static uint64_t address(void)
{
	uint64_t low = disk.fifo[0][1] | disk.fifo[0][2] << 8 | (uint32_t)disk.fifo[0][3] << 16;

	if (!disk.is_long)
		return low | (uint32_t)(disk.device & 0xF) << 24;
	return low | (uint64_t)disk.fifo[1][1] << 24 | (uint64_t)disk.fifo[1][2] << 32 | (uint64_t)disk.fifo[1][3] << 40;
}

static uint32_t count(void)
{
	uint32_t value = disk.fifo[0][0] | (disk.is_long ? disk.fifo[1][0] << 8 : 0);

	return value ? value : disk.is_long ? 65536 : 256;
}

static void start(uint8_t command)
{
	bool is_transfer = command == 0x20 || command == 0x24 || command == 0x30 || command == 0x34;

	disk.commands++;
	disk.command = command;
	disk.status = 0x40;
	disk.error = 0;
	disk.left = command == 0xEC ? 1 : is_transfer ? count() : 0;
	disk.at = is_transfer ? address() : 0;
	if ((command == 0x24 || command == 0x34 || command == 0xEA) && !disk.is_long)
		disk.status |= 1;
	if (disk.fail_next || (is_transfer && (disk.at < disk.first || disk.at + disk.left > disk.first + SECTORS))) {
		disk.fail_next -= disk.fail_next > 0;
		disk.status |= 1;
		disk.error = 0x40;
	}
	disk.flushes += !(disk.status & 1) && (command == 0xE7 || command == 0xEA);
	if (disk.left && !(disk.status & 1))
		disk.status |= 8;
	if (disk.hangs)
		disk.status = 0x80;
}

static uint64_t port_read(uint64_t port)
{
	if (disk.is_absent)
		return 0xFF;
	return port == 0x1F1 ? disk.error : disk.status;
}

static void port_write(uint64_t port, uint8_t value)
{
	if (port >= 0x1F2 && port <= 0x1F5) {
		disk.fifo[1][port - 0x1F2] = disk.fifo[0][port - 0x1F2];
		disk.fifo[0][port - 0x1F2] = value;
	} else if (port == 0x1F6) {
		disk.device = value;
	} else if (port == 0x1F7) {
		start(value);
	} else if (port == 0x3F6) {
		disk.resets += (value & 4) != 0;
		disk.control = value;
		disk.status = disk.hangs ? 0x80 : 0x40;
	} else {
		disk.bad_accesses++;
	}
}

static int64_t words(bool is_read, uint8_t *bytes, uint64_t length)
{
	uint8_t *sector = disk.command == 0xEC ? disk.identity : disk.bytes + (disk.at - disk.first) * DISK_SECTOR_BYTES;

	if (!(disk.status & 8) || length != DISK_SECTOR_BYTES) {
		disk.bad_accesses++;
		return -SYS_EFAULT;
	}
	if (is_read)
		memcpy(bytes, sector, length);
	else
		memcpy(sector, bytes, length);
	disk.at++;
	if (!--disk.left)
		disk.status &= (uint8_t)~8;
	return 0;
}

int64_t sys_call(uint64_t number, uint64_t first, uint64_t second, uint64_t third)
{
	switch (number) {
	case SYS_PORT_READ:
		return (int64_t)port_read(first);
	case SYS_PORT_WRITE:
		port_write(first, (uint8_t)third);
		return 0;
	case SYS_PORT_READ_WORDS:
	case SYS_PORT_WRITE_WORDS:
		return words(number == SYS_PORT_READ_WORDS, (uint8_t *)(uintptr_t)second, third);
	case SYS_IRQ_BIND:
		return first != DISK_HOST_IRQ || second || disk.has_no_line ? -SYS_EPERM : 0;
	default:
		return -SYS_EINVAL;
	}
}

static void identity_word(unsigned int word, uint16_t value)
{
	disk.identity[2 * word] = (uint8_t)value;
	disk.identity[2 * word + 1] = (uint8_t)(value >> 8);
}

static int plug_in(void **state)
{
	(void)state;
	memset(&disk, 0, sizeof(disk));
	disk.status = 0x40;
	disk.is_long = true;
	memset(disk.identity + 2 * 10, ' ', 20);
	memset(disk.identity + 2 * 27, ' ', 40);
	memcpy(disk.identity + 2 * 27, "oMed liDks", 10);
	memcpy(disk.identity + 2 * 10, "21", 2);
	identity_word(60, SECTORS);
	identity_word(83, 1 << 10);
	identity_word(100, SECTORS);
	for (size_t i = 0; i < sizeof(disk.bytes); i++)
		disk.bytes[i] = (uint8_t)(i * 7 + i / DISK_SECTOR_BYTES);
	return 0;
}

static struct ata ata;

static void finds_the_disk(void **state)
{
	(void)state;
	assert_true(ata_open(&ata, HZ));
	assert_string_equal(ata.disk.model, "Model Disk");
	assert_int_equal(ata.disk.device.sector_count, SECTORS);
	assert_int_equal(ata.disk.device.sector_bytes, 512);
	assert_true(ata.is_long);
	assert_int_equal(disk.control, 0);
}

static void refuses_what_it_cannot_drive(void **state)
{
	(void)state;
	disk.is_absent = true;
	assert_false(ata_open(&ata, HZ));
	plug_in(state);
	identity_word(106, 0x4000 | 1 << 12);
	assert_false(ata_open(&ata, HZ));
	assert_string_equal(ata.disk.unfit, DISK_LARGE_SECTORS);
	plug_in(state);
	identity_word(100, 0);
	assert_false(ata_open(&ata, HZ));
}

static void moves_sectors(bool is_long)
{
	static uint8_t bytes[SECTORS * DISK_SECTOR_BYTES];
	const struct block_device *device = &ata.disk.device;

	disk.is_long = is_long;
	identity_word(83, is_long ? 1 << 10 : 0);
	assert_true(ata_open(&ata, HZ));
	assert_true(device->read(device->context, 0, SECTORS, bytes));
	assert_memory_equal(bytes, disk.bytes, sizeof(bytes));
	memset(bytes, 0xA5, sizeof(bytes));
	assert_true(device->write(device->context, 3, 300, bytes));
	assert_int_equal(disk.bytes[3 * DISK_SECTOR_BYTES - 1], (uint8_t)((3 * DISK_SECTOR_BYTES - 1) * 7 + 2));
	assert_memory_equal(disk.bytes + 3 * DISK_SECTOR_BYTES, bytes, 300 * DISK_SECTOR_BYTES);
	assert_int_not_equal(disk.bytes[303 * DISK_SECTOR_BYTES], 0xA5);
	assert_true(device->flush(device->context));
	assert_int_equal(disk.flushes, 1);
	assert_true(device->read(device->context, SECTORS - 1, 1, bytes));
	assert_memory_equal(bytes, disk.bytes + (SECTORS - 1) * DISK_SECTOR_BYTES, DISK_SECTOR_BYTES);
	assert_int_equal(disk.bad_accesses, 0);
	assert_int_equal(ata.disk.failures, 0);
}

static void moves_sectors_48(void **state)
{
	(void)state;
	moves_sectors(true);
}

static void moves_sectors_28(void **state)
{
	(void)state;
	moves_sectors(false);
}

/* Across sector 2^28, where the short commands end, and 2^32: the model has sectors there only. */
static void reaches_sectors_above_32_bits(void **state)
{
	static const uint64_t borders[] = { 1ull << 28, 1ull << 32, 1ull << 40 };
	static uint8_t bytes[SECTORS * DISK_SECTOR_BYTES];

	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
		plug_in(state);
		identity_word(100, 0);
		identity_word(102, 0x200); /* 2^41 sectors */
		disk.first = borders[i] - 300;
		assert_true(ata_open(&ata, HZ));
		assert_true(ata.disk.device.sector_count == 1ull << 41);
		assert_true(ata.disk.device.read(&ata, disk.first, SECTORS, bytes));
		assert_memory_equal(bytes, disk.bytes, sizeof(bytes));
		memset(bytes, 0x5C, sizeof(bytes));
		assert_true(ata.disk.device.write(&ata, borders[i] - 1, 2, bytes));
		assert_memory_equal(disk.bytes + 299 * DISK_SECTOR_BYTES, bytes, 2 * DISK_SECTOR_BYTES);
		assert_false(ata.disk.device.read(&ata, (1ull << 41) - 1, 2, bytes));
	}
	assert_int_equal(disk.bad_accesses, 0);
}

static void stays_on_the_disk(void **state)
{
	static const struct { uint64_t sector; uint32_t count; } outside[] = {
		{ SECTORS, 1 }, { SECTORS - 1, 2 }, { 0, SECTORS + 1 }, { UINT64_MAX, 1 }, { UINT64_MAX - 1, UINT32_MAX },
	};
	uint8_t bytes[2 * DISK_SECTOR_BYTES];

	(void)state;
	assert_true(ata_open(&ata, HZ));
	uint32_t before = disk.commands;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		assert_false(ata.disk.device.read(&ata, outside[i].sector, outside[i].count, bytes));
		assert_false(ata.disk.device.write(&ata, outside[i].sector, outside[i].count, bytes));
	}
	assert_int_equal(disk.commands, before);
}

static void tries_three_times(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	assert_true(ata_open(&ata, HZ));
	disk.fail_next = 2;
	assert_true(ata.disk.device.read(&ata, 5, 1, bytes));
	assert_memory_equal(bytes, disk.bytes + 5 * DISK_SECTOR_BYTES, sizeof(bytes));
	assert_int_equal(ata.disk.failures, 2);
	assert_int_equal(disk.resets, 2);
	disk.fail_next = 3;
	assert_false(ata.disk.device.write(&ata, 6, 1, bytes));
	assert_int_equal(ata.disk.failures, 5);
	assert_string_equal(ata.disk.last_failure, "command 34 at sector 6: status 41, error 40");
	disk.fail_next = 3;
	assert_false(ata.disk.device.flush(&ata));
	assert_int_equal(disk.flushes, 0);
}

static void a_disk_that_hangs_is_given_up(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	assert_true(ata_open(&ata, HZ));
	disk.hangs = true;
	assert_false(ata.disk.device.read(&ata, 0, 1, bytes));
	assert_string_equal(ata.disk.last_failure, "command 24 at sector 0: status ff, error 00");
	disk.is_absent = true; /* and one that is pulled out, at once */
	assert_false(ata.disk.device.flush(&ata));
}

static void note(void *context, bool is_good)
{
	*(uint32_t *)context |= is_good ? 1 : 2;
}

static void interrupts_where_somebody_listens(void **state)
{
	static uint8_t bytes[2 * DISK_SECTOR_BYTES];
	uint32_t ended = 0;
	const struct block_request read = { BLOCK_READ, 4, 2, bytes, note, &ended }, outside = { BLOCK_READ, SECTORS - 1, 2, bytes, note, &ended };

	(void)state;
	disk.has_no_line = true;
	assert_true(ata_open(&ata, HZ));
	assert_int_equal(disk.control, 2);
	plug_in(state);
	assert_true(ata_open(&ata, HZ));
	assert_int_equal(disk.control, 0);
	assert_true(ata.disk.device.start(&ata, &read));
	assert_int_equal(ended, 0);
	assert_false(ata.disk.device.start(&ata, &read));
	while (!ended)
		ata.disk.device.step(&ata);
	assert_int_equal(ended, 1);
	assert_memory_equal(bytes, disk.bytes + 4 * DISK_SECTOR_BYTES, sizeof(bytes));
	assert_false(ata.disk.device.start(&ata, &outside));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_the_disk, plug_in),
		cmocka_unit_test_setup(refuses_what_it_cannot_drive, plug_in),
		cmocka_unit_test_setup(moves_sectors_48, plug_in),
		cmocka_unit_test_setup(moves_sectors_28, plug_in),
		cmocka_unit_test_setup(reaches_sectors_above_32_bits, plug_in),
		cmocka_unit_test_setup(stays_on_the_disk, plug_in),
		cmocka_unit_test_setup(tries_three_times, plug_in),
		cmocka_unit_test_setup(a_disk_that_hangs_is_given_up, plug_in),
		cmocka_unit_test_setup(interrupts_where_somebody_listens, plug_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
