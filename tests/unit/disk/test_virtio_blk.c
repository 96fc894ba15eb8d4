/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio block driver against a device that is played: capabilities, handshake, the queue's wrap, errors, answers that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "bsp/disk/virtio_blk.h"

#define BAR 4u
#define COMMON 0x0000u
#define OWN 0x2000u
#define NOTIFY 0x3000u
#define ENTRIES 8u
#define FLUSH (1ull << 9)
#define BLOCK_SIZE (1ull << 6)

static struct {
	uint64_t offered, taken;
	uint32_t feature_select, driver_select, status, queue_size, is_on, resets, flushes, block_bytes, discard_sectors;
	uint64_t addresses[3], sectors;
	uint16_t seen;
	uint16_t config_vector, vector;
	bool has_no_vectors, refuses_features, answers_twice, answers_another, never_resets;
} dev;

static struct virtio_blk blk;

struct descriptor { uint64_t address; uint32_t bytes; uint16_t flags, next; };

static uint8_t serve(const uint32_t *header, uint8_t *data, uint32_t bytes, bool device_writes)
{
	uint64_t sector = header[2] | (uint64_t)header[3] << 32;
	uint8_t *medium = board_sectors(sector, bytes / 512);

	if (board.fail_next) {
		board.fail_next--;
		return 1;
	}
	if (header[0] == 11) {
		uint64_t range[2];

		if (!data || bytes != 16 || device_writes || header[2] || header[3])
			return 1;
		memcpy(range, data, 16);
		board_discard(range[0], (uint32_t)range[1]);
		return (uint32_t)range[1] > dev.discard_sectors || range[1] >> 32;
	}
	dev.flushes += header[0] == 4;
	if (header[0] == 4)
		return 0;
	if (!medium || !data || bytes % 512 || device_writes != (header[0] == 0))
		return 1;
	memcpy(header[0] ? medium : data, header[0] ? data : medium, bytes);
	return 0;
}

static void notified(void)
{
	const struct descriptor *table = board_dma(dev.addresses[0], ENTRIES * 16);
	const uint16_t *available = board_dma(dev.addresses[1], 4 + 2 * ENTRIES);
	uint8_t *used = board_dma(dev.addresses[2], 4 + 8 * ENTRIES);

	while (table && available && used && !board.hangs && dev.is_on && dev.seen != available[1]) {
		const struct descriptor *d = &table[available[2 + dev.seen % ENTRIES]], *data = NULL;
		const uint32_t *header = board_dma(d->address, 16);
		uint32_t place = dev.seen % ENTRIES, head = dev.answers_another ? 5 : 0;
		uint16_t next;

		board.bad_accesses += d->bytes != 16 || d->flags != 1;
		d = &table[d->next % ENTRIES];
		if (d->flags & 1) {
			data = d;
			d = &table[d->next % ENTRIES];
		}
		board.bad_accesses += d->bytes != 1 || d->flags != 2;
		uint8_t *status = board_dma(d->address, 1);

		if (!header || !status)
			return;
		*status = serve(header, data ? board_dma(data->address, data->bytes) : NULL, data ? data->bytes : 0, data && data->flags & 2);
		memcpy(used + 4 + 8 * place, &head, 4);
		next = (uint16_t)(++dev.seen + dev.answers_twice);
		memcpy(used + 2, &next, 2);
		if (!(available[0] & 1) && !dev.vector)
			board_interrupt();
	}
}

static uint32_t common_read(uint32_t offset)
{
	switch (offset) {
	case 0x04:
		return (uint32_t)(dev.offered >> 32 * (dev.feature_select & 1));
	case 0x12:
		return 1;
	case 0x14:
		return dev.status;
	case 0x18:
		return dev.queue_size;
	case 0x1A:
		return dev.vector;
	case 0x1E:
		return 3;
	default:
		return 0;
	}
}

static void set_status(uint32_t value)
{
	if (!value) {
		dev.resets++;
		dev.seen = 0;
		dev.is_on = 0;
		dev.taken = 0;
		dev.queue_size = 256;
		dev.config_vector = dev.vector = UINT16_MAX;
		dev.status = dev.never_resets ? 4 : 0;
		return;
	}
	dev.status = value;
	if (value & 8 && (dev.refuses_features || dev.taken & ~dev.offered))
		dev.status &= ~8u;
	board.bad_accesses += value & 4 && !dev.is_on;
}

static void common_write(uint32_t offset, uint32_t value)
{
	switch (offset) {
	case 0x00:
		dev.feature_select = value;
		break;
	case 0x08:
		dev.driver_select = value;
		break;
	case 0x0C:
		dev.taken |= (uint64_t)value << 32 * (dev.driver_select & 1);
		break;
	case 0x10:
		dev.config_vector = (uint16_t)value;
		break;
	case 0x1A:
		dev.vector = dev.has_no_vectors ? UINT16_MAX : (uint16_t)value;
		break;
	case 0x14:
		set_status(value);
		break;
	case 0x18:
		dev.queue_size = value;
		break;
	case 0x1C:
		dev.is_on = value;
		break;
	default:
		if (offset >= 0x20 && offset < 0x38)
			memcpy((uint8_t *)dev.addresses + (offset - 0x20), &value, 4);
	}
}

static uint32_t own_read(uint32_t offset)
{
	switch (offset) {
	case 0:
		return (uint32_t)dev.sectors;
	case 4:
		return (uint32_t)(dev.sectors >> 32);
	case 20:
		return dev.block_bytes;
	case 36:
		return dev.discard_sectors;
	default:
		return 0;
	}
}

static uint32_t dev_read(uint32_t bar, uint32_t offset, uint32_t size)
{
	static const uint8_t sizes[0x20] = { [0x04] = 4, [0x12] = 2, [0x14] = 1, [0x18] = 2, [0x1A] = 2, [0x1E] = 2 };

	board.bad_accesses += bar != BAR || (offset < 0x20 && sizes[offset] != size);
	if (offset < OWN)
		return common_read(offset);
	return own_read(offset - OWN);
}

static void dev_write(uint32_t bar, uint32_t offset, uint32_t size, uint32_t value)
{
	board.bad_accesses += bar != BAR;
	if (offset < OWN)
		common_write(offset, value);
	else if (offset == NOTIFY + 3 * 4 && size == 2 && value == 0)
		notified();
	else
		board.bad_accesses++;
}

static void capability(uint32_t at, uint32_t next, uint32_t kind, uint32_t offset, uint32_t bytes)
{
	board_set_config(at, 4, 0x09 | next << 8 | 20 << 16 | kind << 24);
	board_set_config(at + 4, 4, BAR);
	board_set_config(at + 8, 4, offset);
	board_set_config(at + 12, 4, bytes);
	board_set_config(at + 16, 4, 4);
}

static int plug_in(void **state)
{
	(void)state;
	board_make(VIRTIO_VENDOR, VIRTIO_BLK_DEVICE, 0x010000);
	board.read = dev_read;
	board.write = dev_write;
	board_set_bar(BAR, 0x4000);
	pci_enable(&board.host, &board.function);
	board_set_config(6, 2, 0x10);
	board_set_config(0x34, 1, 0x40);
	board_set_config(0x40, 4, 0x11 | 0x50 << 8); /* MSI-X, which is none of ours */
	capability(0x50, 0x64, 5, 0, 0);
	capability(0x64, 0x78, 1, COMMON, 0x1000);
	capability(0x78, 0x8C, 4, OWN, 0x1000);
	capability(0x8C, 0, 2, NOTIFY, 0x1000);
	memset(&dev, 0, sizeof(dev));
	dev.offered = VIRTIO_FEATURE_MODERN | FLUSH | BLOCK_SIZE | 1ull << 28;
	dev.status = 15; /* the firmware has left it running */
	dev.queue_size = 256;
	dev.block_bytes = 512;
	dev.sectors = BOARD_SECTORS;
	return 0;
}

static bool open(void)
{
	return virtio_blk_open(&blk, &board.host, &board.function);
}

static void drives_a_disk(void **state)
{
	(void)state;
	assert_true(open());
	assert_string_equal(blk.disk.where, "virtio 00:03.0");
	assert_true(dev.taken == (VIRTIO_FEATURE_MODERN | FLUSH | BLOCK_SIZE));
	board_check_transfers(&blk.disk);
	assert_int_equal(dev.flushes, 1);
	blk.disk.close(&blk.disk);
	assert_int_equal(dev.status, 0);
}

static void a_disk_without_a_cache_needs_no_flush(void **state)
{
	(void)state;
	dev.offered &= ~FLUSH;
	assert_true(open());
	assert_true(blk.disk.device.flush(&blk));
	assert_int_equal(dev.flushes, 0);
}

static void recovers(void **state)
{
	(void)state;
	assert_true(open());
	board_check_failures(&blk.disk);
	assert_in_range(dev.resets, 2, 10);
}

static void interrupts(void **state)
{
	(void)state;
	board_set_bar(2, 0x1000);
	board_set_msix(0xA8, 2, 0x800);
	assert_true(open());
	board_check_interrupts(&blk.disk);
	/* after a reset, too */
	board.hangs = true;
	assert_false(blk.disk.device.flush(&blk));
	board.hangs = false;
	blk.disk.failures = 0;
	board_check_interrupts(&blk.disk);
	/* one that has none to give works all the same */
	plug_in(state);
	board_set_bar(2, 0x1000);
	board_set_msix(0xA8, 2, 0x800);
	dev.has_no_vectors = true;
	assert_true(open());
	board_check_transfers(&blk.disk);
	assert_int_equal(board.message_count, 0);
}

static void discards(void **state)
{
	(void)state;
	dev.discard_sectors = 100;
	assert_true(open());
	assert_null(blk.disk.device.discard);
	dev.offered |= 1ull << 13;
	assert_true(open());
	board_check_discards(&blk.disk, 100);
}

static void outlives_the_indexes_wrap(void **state)
{
	uint8_t bytes[DISK_SECTOR_BYTES];

	(void)state;
	assert_true(open());
	for (uint32_t i = 0; i < 66000; i++)
		assert_true(blk.disk.device.read(&blk, i % BOARD_SECTORS, 1, bytes));
	assert_memory_equal(bytes, board.medium + 65999 % BOARD_SECTORS * DISK_SECTOR_BYTES, sizeof(bytes));
	assert_int_equal(blk.disk.failures, 0);
}

static void believes_no_absurd_answer(void **state)
{
	bool *const absurd[] = { &dev.answers_twice, &dev.answers_another };
	uint8_t bytes[DISK_SECTOR_BYTES];

	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		plug_in(state);
		assert_true(open());
		*absurd[i] = true;
		assert_false(blk.disk.device.read(&blk, 0, 1, bytes));
		*absurd[i] = false;
		assert_true(blk.disk.device.read(&blk, 0, 1, bytes));
	}
}

static void refuse_legacy(void) { dev.offered &= ~VIRTIO_FEATURE_MODERN; }
static void refuse_read_only(void) { dev.offered |= 1ull << 5; }
static void refuse_large_sectors(void) { dev.block_bytes = 4096; }
static void refuse_empty(void) { dev.sectors = 0; }
static void refuse_features(void) { dev.refuses_features = true; }
static void refuse_stuck(void) { dev.never_resets = true; }
static void refuse_no_capabilities(void) { board_set_config(6, 2, 0); }
static void refuse_loop(void) { capability(0x64, 0x50, 5, 0, 0); }
static void refuse_outside(void) { capability(0x64, 0x78, 1, 0x4000, 0x1000); }
static void refuse_short(void) { capability(0x64, 0x78, 1, 0, 0x10); }
static void refuse_wild_bar(void) { board_set_config(0x64 + 4, 4, 0xFF); }

static void refuses_what_it_cannot_drive(void **state)
{
	static void (*const causes[])(void) = { refuse_legacy, refuse_read_only, refuse_large_sectors, refuse_empty, refuse_features, refuse_stuck,
						refuse_no_capabilities, refuse_loop, refuse_outside, refuse_short, refuse_wild_bar };

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		plug_in(state);
		causes[i]();
		assert_false(open());
		assert_true(board.now_ms < 60000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(drives_a_disk, plug_in),
		cmocka_unit_test_setup(a_disk_without_a_cache_needs_no_flush, plug_in),
		cmocka_unit_test_setup(recovers, plug_in),
		cmocka_unit_test_setup(interrupts, plug_in),
		cmocka_unit_test_setup(discards, plug_in),
		cmocka_unit_test_setup(outlives_the_indexes_wrap, plug_in),
		cmocka_unit_test_setup(believes_no_absurd_answer, plug_in),
		cmocka_unit_test_setup(refuses_what_it_cannot_drive, plug_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
