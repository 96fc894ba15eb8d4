/* SPDX-License-Identifier: Apache-2.0 */
/* The AHCI driver against a controller that is played: start-up from the firmware's state, commands, errors, ports without a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "bsp/disk/ahci.h"

#define PORT 1u

static struct {
	uint32_t global, handoff;
	uint32_t list, received, interrupts, pending, events, command, task, errors, issue, control;
	uint32_t detect, signature;
	uint8_t identity[512];
	bool is_short, keeps_firmware, is_stuck; /* stuck: it runs until its link is reset */
	uint32_t link_resets, flushes, starts;
} hba;

static struct ahci ahci;

static void happen(uint32_t event)
{
	hba.events |= event;
	if (!(hba.events & hba.interrupts))
		return;
	if (!hba.pending && hba.global & 2)
		board_interrupt();
	hba.pending = 1u << PORT;
}

static void run(void)
{
	const uint32_t *header = board_dma(hba.list, 32);
	uint8_t *table = header ? board_dma(header[2], 0x90) : NULL;
	uint64_t lba = 0, at;
	uint32_t count, bytes;

	if (!table || (header[0] & 0x1F) != 5 || table[0] != 0x27 || table[1] != 0x80 || !(hba.command & 1) || !(hba.command & 0x10)) {
		board.bad_accesses++;
		return;
	}
	for (unsigned int i = 0; i < 3; i++)
		lba |= (uint64_t)table[4 + i] << 8 * i | (uint64_t)table[8 + i] << (24 + 8 * i);
	memcpy(&at, table + 0x80, 8);
	memcpy(&bytes, table + 0x8C, 4);
	count = table[12] | (uint32_t)table[13] << 8;
	bool has_data = header[0] >> 16;
	uint8_t *memory = has_data ? board_dma(at, (uint64_t)bytes + 1) : NULL;
	uint8_t *medium = table[2] == 0xEC ? hba.identity : board_sectors(lba, count);

	hba.task = 0x50;
	if (board.hangs) {
		hba.task = 0xD0;
		hba.issue |= 1;
		return;
	}
	if (table[2] == 0x06 && !board.fail_next && table[3] == 1 && count == 1 && !lba && memory && bytes == 511 && header[0] >> 6 & 1) {
		uint64_t range;

		memcpy(&range, memory, 8);
		board_discard(range & ((1ull << 48) - 1), range >> 48);
		happen(1);
		return;
	}
	bool is_write = table[2] == 0x35, is_known = table[2] == 0x25 || is_write || table[2] == 0xEC || table[2] == 0xEA;

	if (board.fail_next || !is_known || (has_data && (!medium || !memory || bytes + 1 != count * 512 || is_write != (header[0] >> 6 & 1)))) {
		board.fail_next -= board.fail_next > 0;
		hba.task = 0x4041;
		happen(1u << 30);
		return;
	}
	hba.flushes += table[2] == 0xEA;
	if (has_data && is_write)
		memcpy(medium, memory, bytes + 1);
	else if (has_data)
		memcpy(memory, medium, bytes + 1);
	((uint32_t *)(uintptr_t)header)[1] = has_data ? (hba.is_short ? bytes : bytes + 1) : 0;
	happen(1);
}

static uint32_t port_read(uint32_t offset)
{
	switch (offset) {
	case 0x10:
		return hba.events;
	case 0x18:
		return hba.command | (hba.command & 1 || hba.is_stuck) << 15 | (hba.command & 0x10) << 10;
	case 0x20:
		return hba.task;
	case 0x24:
		return hba.signature;
	case 0x28:
		return hba.detect;
	case 0x2C:
		return hba.control;
	case 0x38:
		return hba.issue;
	default:
		return 0;
	}
}

static void port_write(uint32_t offset, uint32_t value)
{
	switch (offset) {
	case 0x00:
		board.bad_accesses += (hba.command & 1) != 0; /* not while it runs */
		hba.list = value;
		break;
	case 0x08:
		hba.received = value;
		break;
	case 0x10:
		hba.events &= ~value;
		break;
	case 0x14:
		hba.interrupts = value;
		break;
	case 0x18:
		hba.starts += value & ~hba.command & 1;
		hba.command = value & 0x17;
		hba.issue &= value & 1 ? hba.issue : 0;
		break;
	case 0x2C:
		hba.link_resets += value == 1;
		hba.is_stuck = false;
		hba.task = hba.detect == 3 ? 0x50 : hba.task;
		break;
	case 0x38:
		if (value != 1)
			board.bad_accesses++;
		run();
		break;
	default:
		break;
	}
}

static uint32_t hba_read(uint32_t bar, uint32_t offset, uint32_t size)
{
	board.bad_accesses += bar != 5 || size != 4;
	if (offset >= 0x100)
		return offset / 0x80 - 2 == PORT ? port_read(offset % 0x80) : 0;
	return offset == 4 ? hba.global : offset == 0xC ? 1u << PORT : offset == 0x24 ? 1 : offset == 0x28 ? hba.handoff : 0;
}

static void hba_write(uint32_t bar, uint32_t offset, uint32_t size, uint32_t value)
{
	board.bad_accesses += bar != 5 || size != 4;
	if (offset >= 0x100 && offset / 0x80 - 2 == PORT)
		port_write(offset % 0x80, value);
	else if (offset == 4)
		hba.global = value;
	else if (offset == 8)
		hba.pending = hba.events & hba.interrupts ? hba.pending : hba.pending & ~value;
	else if (offset == 0x28)
		hba.handoff = value & 2 && !hba.keeps_firmware ? 2 : value;
}

static void identity_word(unsigned int word, uint16_t value)
{
	memcpy(hba.identity + 2 * word, &value, 2);
}

static int plug_in(void **state)
{
	(void)state;
	board_make(0x8086, 0x2922, AHCI_CLASS);
	board.read = hba_read;
	board.write = hba_write;
	board_set_bar(5, 0x1000);
	pci_enable(&board.host, &board.function);
	memset(&hba, 0, sizeof(hba));
	hba.detect = 3;
	hba.signature = 0x101;
	hba.handoff = 1;
	hba.command = 0x11; /* the firmware has left it running */
	hba.task = 0x50;
	memset(hba.identity + 2 * 27, ' ', 40);
	memcpy(hba.identity + 2 * 27, "oMed liDks", 10);
	identity_word(83, 1 << 10);
	identity_word(100, BOARD_SECTORS);
	return 0;
}

static bool open(void)
{
	return ahci_open(&ahci, &board.host, &board.function, PORT);
}

static void drives_a_disk(void **state)
{
	(void)state;
	assert_true(open());
	assert_string_equal(ahci.disk.model, "Model Disk");
	assert_string_equal(ahci.disk.where, "AHCI 00:03.0 port 1");
	assert_int_equal(hba.handoff & 1, 0);
	assert_true(hba.global >> 31);
	board_check_transfers(&ahci.disk);
	assert_int_equal(hba.flushes, 1);
	ahci.disk.close(&ahci.disk);
	assert_int_equal(hba.command & 0x11, 0);
}

static void recovers(void **state)
{
	(void)state;
	assert_true(open());
	board_check_failures(&ahci.disk);
	assert_int_not_equal(hba.link_resets, 0); /* it was busy for ever */
}

static void interrupts(void **state)
{
	(void)state;
	board_set_msi(0x80, 0x1B0); /* 64 bits, masks, eight messages where one is wanted, and the firmware's */
	assert_true(open());
	board_check_interrupts(&ahci.disk);
	ahci.disk.close(&ahci.disk);
	assert_int_equal(hba.interrupts, 0);
	/* one that cannot stays silent */
	plug_in(state);
	hba.global = 2;
	assert_true(open());
	assert_int_equal(hba.global & 2, 0);
	assert_int_equal(hba.interrupts, 0);
}

static void discards(void **state)
{
	(void)state;
	assert_true(open());
	assert_null(ahci.disk.device.discard);
	identity_word(169, 1);
	assert_true(open());
	board_check_discards(&ahci.disk, 65535);
}

/* Beyond 2^32 sectors the model has some only. */
static void reaches_sectors_above_32_bits(void **state)
{
	uint8_t bytes[4 * DISK_SECTOR_BYTES];

	(void)state;
	identity_word(102, 0x200);
	board.first = (1ull << 32) - 2;
	assert_true(open());
	assert_true(ahci.disk.device.read(&ahci, board.first, 4, bytes));
	assert_memory_equal(bytes, board.medium, sizeof(bytes));
}

static void believes_no_short_read(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	assert_true(open());
	hba.is_short = true;
	assert_false(ahci.disk.device.read(&ahci, 0, 1, bytes));
	assert_non_null(strstr(ahci.disk.last_failure, "511 bytes"));
}

static void a_port_that_does_not_stop_is_reset(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	hba.is_stuck = true;
	assert_true(open());
	hba.is_stuck = true;
	board.fail_next = 1;
	assert_true(ahci.disk.device.read(&ahci, 0, 1, bytes));
	assert_int_equal(hba.link_resets, 2);
}

static void refuse_busy(void) { hba.task = 0x80; hba.detect = 1; }
static void refuse_absent(void) { hba.detect = 0; }
static void refuse_optical(void) { hba.signature = 0xEB140101; }
static void refuse_firmware(void) { hba.keeps_firmware = true; }
static void refuse_large_sectors(void) { identity_word(106, 0x5000); }
static void refuse_short_commands(void) { identity_word(83, 0); }
static void refuse_no_sectors(void) { identity_word(100, 0); }
static void refuse_map(void) { board.refuses_maps = true; }
static void refuse_small_bar(void) { board_set_bar(5, 0x100); }

static void refuses_what_it_cannot_drive(void **state)
{
	static void (*const causes[])(void) = { refuse_busy, refuse_absent, refuse_optical, refuse_firmware, refuse_large_sectors, refuse_short_commands,
						refuse_no_sectors, refuse_map, refuse_small_bar };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		plug_in(state);
		causes[i]();
		assert_false(open());
		assert_true(board.now_ms < 60000);
	}
	plug_in(state);
	assert_false(ahci_open(&ahci, &board.host, &board.function, 0)); /* not implemented */
	assert_false(ahci_open(&ahci, &board.host, &board.function, 31)); /* behind the registers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(drives_a_disk, plug_in),
		cmocka_unit_test_setup(recovers, plug_in),
		cmocka_unit_test_setup(interrupts, plug_in),
		cmocka_unit_test_setup(discards, plug_in),
		cmocka_unit_test_setup(reaches_sectors_above_32_bits, plug_in),
		cmocka_unit_test_setup(believes_no_short_read, plug_in),
		cmocka_unit_test_setup(a_port_that_does_not_stop_is_reset, plug_in),
		cmocka_unit_test_setup(refuses_what_it_cannot_drive, plug_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
