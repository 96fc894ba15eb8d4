/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions: nothing reaches out of them, whatever is asked; checksums against published values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model_disk.h"
#include "update/crc.h"

static uint8_t bytes[3 << 20];

static void transfers_are_bounded(void **state)
{
	static const struct {
		uint64_t offset, count;
		bool is_good;
	} rows[] = {
		{ 0, 65536, true },
		{ 65536, 0, true },
		{ 65024, 512, true },
		{ 0, 65536 + 512, false },
		{ 65536, 512, false },
		{ 65024, 1024, false },
		{ 1, 512, false },
		{ 0, 511, false },
		{ 256, 256, false },
		{ UINT64_MAX - 511, 512, false },
		{ UINT64_MAX - 511, 1024, false },
		{ 512, UINT64_MAX - 511, false },
		{ 0x100000000ull, 512, false },
	};
	struct model_disk disk;
	struct block_region region;

	(void)state;
	disk_open(&disk, 1 << 20, 512);
	region = disk_region(&disk, 65536, 65536);
	memset(disk.bytes, 0x55, 1 << 20);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(block_read(&region, rows[i].offset, bytes, rows[i].count), rows[i].is_good);
		assert_int_equal(block_write(&region, rows[i].offset, bytes, rows[i].count), rows[i].is_good);
	}
	assert_true(block_zero(&region, 0, 65536));
	assert_int_equal(disk.bytes[65535], 0x55);
	assert_int_equal(disk.bytes[131072], 0x55);
	assert_int_equal(disk.bytes[65536], 0);
	assert_int_equal(disk.bytes[131071], 0);
	disk_close(&disk);
}

/* A region that a damaged table made larger than the disk, or that wraps. */
static void regions_beyond_the_disk_are_refused(void **state)
{
	struct model_disk disk;
	struct block_region region;

	(void)state;
	disk_open(&disk, 1 << 20, 512);
	region = (struct block_region){ &disk.device, 2047, 1024 };
	assert_false(block_read(&region, 0, bytes, 512));
	region = (struct block_region){ &disk.device, UINT64_MAX, 1024 };
	assert_false(block_write(&region, 512, bytes, 512));
	region = (struct block_region){ &disk.device, 2047, 512 };
	assert_true(block_read(&region, 0, bytes, 512));
	region = block_whole(&disk.device);
	assert_int_equal(region.bytes, 1 << 20);
	disk.device.sector_count = UINT64_MAX;
	region = block_whole(&disk.device);
	assert_int_equal(region.bytes, UINT64_MAX / 512 * 512);
	disk_close(&disk);
}

static void large_transfers_are_cut(void **state)
{
	struct model_disk disk;
	struct block_region region;

	(void)state;
	disk_open(&disk, 4 << 20, 4096);
	region = disk_region(&disk, 4096, 3 << 20);
	memset(bytes, 0xA7, sizeof(bytes));
	assert_true(block_write(&region, 0, bytes, sizeof(bytes)));
	assert_int_equal(disk.writes, 3);
	assert_memory_equal(disk.bytes + 4096, bytes, sizeof(bytes));
	disk.fail_write_at = 1;
	assert_false(block_write(&region, 0, bytes, sizeof(bytes)));
	disk_close(&disk);
}

static void zeros_are_not_written_again(void **state)
{
	struct model_disk disk;
	struct block_region region;

	(void)state;
	disk_open(&disk, 1 << 20, 512);
	region = disk_region(&disk, 0, 1 << 20);
	disk.bytes[8191] = 1;
	assert_true(block_zero(&region, 0, 65536));
	assert_int_equal(disk.writes, 1);
	assert_int_equal(disk.bytes[8191], 0);
	assert_false(block_zero(&region, 0, 512));
	disk.fail_read_to = 4096; /* what cannot be read may still be written */
	assert_true(block_zero(&region, 0, 8192));
	assert_int_equal(disk.writes, 2);
	disk.fail_write_at = 0;
	assert_false(block_zero(&region, 0, 8192));
	disk_close(&disk);
}

struct discarded {
	uint64_t sector;
	uint32_t count, calls;
};

static bool disk_discard(void *context, uint64_t sector, uint32_t count)
{
	struct discarded *d = context;

	*d = (struct discarded){ sector, count, d->calls + 1 };
	return sector != 700;
}

/* What need not be kept: inside the region only, and nothing happens on a disk that cannot. */
static void discards_are_bounded(void **state)
{
	struct model_disk disk;
	struct discarded d = { 0 };
	struct block_device device;
	struct block_region region;

	(void)state;
	disk_open(&disk, 1 << 20, 512);
	region = disk_region(&disk, 65536, 1 << 19);
	assert_true(block_discard(&region, 0, 512));
	device = disk.device;
	device.discard = disk_discard;
	device.context = &d;
	region.device = &device;
	assert_true(block_discard(&region, 1024, 2048));
	assert_int_equal(d.sector, 130);
	assert_int_equal(d.count, 4);
	assert_true(block_discard(&region, 1024, 0));
	assert_false(block_discard(&region, 1 << 19, 512));
	assert_false(block_discard(&region, UINT64_MAX - 511, 512));
	assert_false(block_discard(&region, 0, 0xFFFFFE00));
	assert_false(block_discard(&region, 0, 511));
	assert_int_equal(d.calls, 1);
	assert_false(block_discard(&region, (700 - 128) * 512, 512)); /* the disk says no */
	disk_close(&disk);
}

static void checksums_are_the_published_ones(void **state)
{
	static const uint8_t digits[] = "123456789";
	static const uint8_t zeros[32];
	uint8_t ones[32];

	(void)state;
	assert_int_equal(crc32_ieee(0, digits, 9), 0xCBF43926);
	assert_int_equal(crc32c(0, digits, 9), 0xE3069283);
	/* RFC 3720 appendix B.4, as numbers */
	assert_int_equal(crc32c(0, zeros, 32), 0x8A9136AA);
	memset(ones, 0xFF, 32);
	assert_int_equal(crc32c(0, ones, 32), 0x62A8AB43);
	assert_int_equal(crc32c(crc32c(0, digits, 4), digits + 4, 5), 0xE3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transfers_are_bounded),
		cmocka_unit_test(regions_beyond_the_disk_are_refused),
		cmocka_unit_test(large_transfers_are_cut),
		cmocka_unit_test(zeros_are_not_written_again),
		cmocka_unit_test(discards_are_bounded),
		cmocka_unit_test(checksums_are_the_published_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
