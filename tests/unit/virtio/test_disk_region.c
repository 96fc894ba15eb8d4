/* SPDX-License-Identifier: Apache-2.0 */
/* A region as the disk: what is written comes back however it is cut, nothing beside it is touched, errors are told. */
#include "driver.h"
#include "virtio/blk.h"
#include "virtio/disk_region.h"
#include "virtio/ram_disk.h"

#define DISK_BYTES 0x10000u
#define FIRST 16u /* sector of the region */
#define REGION_BYTES 0x8000u

static uint8_t bytes[DISK_BYTES], before[DISK_BYTES];
static struct block_device device;
static struct block_region region;
static struct disk_backend backend;
static struct virtio_blk blk;
static uint32_t flushes;
static bool is_broken;

static bool (*ram_write)(void *context, uint64_t sector, uint32_t count, const void *from);

static bool write_or_fail(void *context, uint64_t sector, uint32_t count, const void *from)
{
	return !is_broken && ram_write(context, sector, count, from);
}

static bool flush(void *context)
{
	flushes++;
	return !is_broken;
}

static int setup(void **state)
{
	struct virtio_host host = driver_start();

	for (uint32_t i = 0; i < DISK_BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(before, bytes, sizeof(bytes));
	device = ram_disk(bytes, sizeof(bytes));
	ram_write = device.write;
	device.write = write_or_fail;
	device.flush = flush;
	region = (struct block_region){ &device, FIRST, REGION_BYTES };
	backend = disk_region_backend(&region, "test");
	flushes = 0;
	is_broken = false;
	virtio_blk_init(&blk, &host, &backend);
	driver_bring_up(&blk.function.virtio, 0);
	return 0;
}

/* One request with its data cut at `cut`; its status. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t count, uint32_t cut)
{
	uint16_t direction = type ? READ : WRITE;
	uint32_t head, written;

	bytes_put64(driver.ram + DATA_GPA, type);
	bytes_put64(driver.ram + DATA_GPA + 8, sector);
	driver_descriptor(driver_ring(0), 0, DATA_GPA, DESCRIPTOR(16, NEXT, 1));
	driver_descriptor(driver_ring(0), 1, DATA_GPA + 0x100, DESCRIPTOR(cut, NEXT | direction, 2));
	driver_descriptor(driver_ring(0), 2, DATA_GPA + 0x10000, DESCRIPTOR(count - cut, NEXT | direction, 3));
	driver_descriptor(driver_ring(0), 3, DATA_GPA + 16, DESCRIPTOR(1, WRITE, 0));
	driver_offer(0, 0);
	driver_kick(0);
	assert_true(driver_used(0, &head, &written));
	return driver.ram[DATA_GPA + 16];
}

static uint8_t *data(uint32_t at, uint32_t cut)
{
	return driver.ram + DATA_GPA + (at < cut ? 0x100 + at : 0x10000 + at - cut);
}

static void what_is_written_comes_back(void **state)
{
	static const uint32_t cuts[] = { 0, 1, 511, 512, 513, 1000, 2047, 2048 };

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		setup(NULL);
		for (uint32_t at = 0; at < 2048; at++)
			*data(at, cuts[i]) = (uint8_t)(at * 3 + 1);
		assert_int_equal(request(1, 9, 2048, cuts[i]), 0);
		for (uint32_t at = 0; at < DISK_BYTES; at++) {
			uint32_t inside = at - (FIRST + 9) * 512;

			assert_int_equal(bytes[at], inside < 2048 ? (uint8_t)(inside * 3 + 1) : before[at]);
		}
		memset(data(0, cuts[i]), 0, cuts[i]);
		assert_int_equal(request(0, 8, 2048, cuts[i]), 0);
		for (uint32_t at = 0; at < 2048; at++)
			assert_int_equal(*data(at, cuts[i]), bytes[(FIRST + 8) * 512 + at]);
	}
}

static void the_region_is_the_disk(void **state)
{
	assert_int_equal(virtio_config_read(&blk.function.virtio, 0, 8), REGION_BYTES / 512);
	assert_int_equal(request(1, REGION_BYTES / 512 - 1, 512, 512), 0);
	assert_int_equal(request(1, REGION_BYTES / 512, 512, 512), 1);
	assert_int_equal(request(0, REGION_BYTES / 512 - 1, 1024, 512), 1);
	assert_memory_equal(bytes, before, FIRST * 512);
	assert_memory_equal(bytes + FIRST * 512 + REGION_BYTES, before + FIRST * 512 + REGION_BYTES,
			    DISK_BYTES - FIRST * 512 - REGION_BYTES);
}

static uint8_t on_range(uint32_t type, uint64_t sector, uint32_t sectors)
{
	bytes_put64(driver.ram + DATA_GPA + 0x100, sector);
	bytes_put64(driver.ram + DATA_GPA + 0x108, sectors);
	return request(type, 0, 16, 16);
}

static void zeroes_and_discards_what_is_named(void **state)
{
	static const uint32_t types[] = { 11, 13 };

	for (uint32_t i = 0; i < 2; i++) {
		setup(NULL);
		assert_int_equal(on_range(types[i], 3, 11), 0);
		for (uint32_t at = 0; at < DISK_BYTES; at++)
			assert_int_equal(bytes[at], at - (FIRST + 3) * 512 < 11 * 512 ? 0 : before[at]);
	}
	device.discard = NULL;
	assert_false(disk_region_backend(&region, "").may_discard);
}

static void errors_are_told(void **state)
{
	assert_int_equal(request(4, 0, 0, 0), 0);
	assert_int_equal(flushes, 1);
	is_broken = true;
	assert_int_equal(request(4, 0, 0, 0), 1);
	assert_int_equal(request(1, 0, 512, 512), 1);
	assert_int_equal(request(1, 0, 512, 100), 1);
	assert_int_equal(on_range(13, 0, 1), 1);
	assert_int_equal(request(0, 0, 512, 100), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_written_comes_back, setup),
		cmocka_unit_test_setup(the_region_is_the_disk, setup),
		cmocka_unit_test_setup(zeroes_and_discards_what_is_named, setup),
		cmocka_unit_test_setup(errors_are_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
