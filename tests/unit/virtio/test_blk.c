/* SPDX-License-Identifier: Apache-2.0 */
/* The block device: requests of every kind, good and hostile, over a backend that ends them when the test says. */
#include "driver.h"
#include "virtio/blk.h"

#define SECTORS 1000u
#define FLUSH_FEATURE (1ull << 9)

static struct virtio_blk blk;
static struct disk_backend backend;

static struct {
	struct disk_job *jobs[64];
	uint32_t begun, canceled;
	bool ends_at_once;
} disk;

static void start(void *context, struct disk_job *job)
{
	assert_ptr_equal(context, &disk);
	disk.jobs[disk.begun++ % 64] = job;
	if (disk.ends_at_once)
		disk_done(job, true);
}

static void cancel(void *context)
{
	disk.canceled++;
}

static void power_on(bool is_read_only)
{
	struct virtio_host host = driver_start();

	memset(&disk, 0, sizeof(disk));
	backend = (struct disk_backend){
		.sectors = SECTORS, .block_bytes = 512, .may_discard = true, .is_read_only = is_read_only,
		.serial = "serial of more than twenty", .start = start, .cancel = cancel, .context = &disk,
	};
	virtio_blk_init(&blk, &host, &backend);
	driver_bring_up(&blk.function.virtio, 0);
	disk.canceled = 0;
}

static int setup(void **state)
{
	power_on(false);
	return 0;
}

#define HEADER(slot) (DATA_GPA + 0x1000 * (slot))
#define DATA(slot) (HEADER(slot) + 0x200)
#define STATUS(slot) (HEADER(slot) + 0x100)

static void header(uint32_t slot, uint32_t type, uint64_t sector)
{
	bytes_put32(driver.ram + HEADER(slot), type);
	bytes_put32(driver.ram + HEADER(slot) + 4, 0);
	bytes_put64(driver.ram + HEADER(slot) + 8, sector);
	driver.ram[STATUS(slot)] = 0xEE;
}

/* Header, `bytes` of data, status, as Linux builds them. Slots 0 to 4 use descriptors of their own. */
static void request(uint32_t slot, uint32_t type, uint64_t sector, uint32_t bytes)
{
	uint32_t at = 3 * slot;
	bool is_read = type == 0 || type == 8;

	header(slot, type, sector);
	driver_descriptor(driver_ring(0), at, HEADER(slot), DESCRIPTOR(16, NEXT, at + 1));
	driver_descriptor(driver_ring(0), at + 1, DATA(slot),
			  DESCRIPTOR(bytes, NEXT | (is_read ? WRITE : READ), at + 2));
	driver_descriptor(driver_ring(0), at + 2, STATUS(slot), DESCRIPTOR(1, WRITE, 0));
	driver_offer(0, (uint16_t)at);
	driver_kick(0);
}

static void ends_with(uint32_t slot, uint8_t status, uint32_t written)
{
	uint32_t head, count;

	assert_true(driver_used(0, &head, &count));
	assert_int_equal(head, 3 * slot);
	assert_int_equal(count, written);
	assert_int_equal(driver.ram[STATUS(slot)], status);
}

static bool nothing_ends(void)
{
	uint32_t head, count;

	return !driver_used(0, &head, &count);
}

static void reads_and_writes(void **state)
{
	size_t count = 4096;

	request(0, 1, 7, 1024);
	assert_int_equal(disk.begun, 1);
	assert_int_equal(disk.jobs[0]->operation, DISK_WRITE);
	assert_int_equal(disk.jobs[0]->sector, 7);
	assert_int_equal(disk.jobs[0]->bytes, 1024);
	assert_ptr_equal(disk_job_at(disk.jobs[0], 512, &count), driver.ram + DATA(0) + 512);
	assert_int_equal(count, 512);
	assert_null(disk_job_at(disk.jobs[0], 1024, &count));
	assert_true(nothing_ends());
	disk_done(disk.jobs[0], true);
	ends_with(0, 0, 1);
	request(0, 0, SECTORS - 1, 512);
	count = 4096;
	assert_ptr_equal(disk_job_at(disk.jobs[1], 0, &count), driver.ram + DATA(0));
	disk_done(disk.jobs[1], true);
	ends_with(0, 0, 513);
	request(0, 0, 0, 512);
	disk_done(disk.jobs[2], false);
	ends_with(0, 1, 0);
}

static void several_at_a_time_in_any_order(void **state)
{
	for (uint32_t slot = 0; slot < 4; slot++)
		request(slot, 1, slot, 512);
	assert_int_equal(disk.begun, 4);
	disk_done(disk.jobs[2], true);
	ends_with(2, 0, 1);
	disk_done(disk.jobs[0], false);
	ends_with(0, 1, 1);
	disk_done(disk.jobs[3], true);
	disk_done(disk.jobs[1], true);
	ends_with(3, 0, 1);
	ends_with(1, 0, 1);
}

static void more_than_there_are_jobs_wait(void **state)
{
	request(0, 1, 0, 512);
	for (uint32_t i = 1; i < RING_SIZE; i++)
		driver_offer(0, 0);
	driver_kick(0);
	assert_int_equal(disk.begun, RING_SIZE);
	/* A hostile driver that offers the same chain again and again, without waiting. */
	for (uint32_t i = 0; i < 3; i++)
		driver_offer(0, 0);
	driver_kick(0);
	assert_int_equal(disk.begun, DISK_JOBS);
	disk_done(disk.jobs[0], true);
	assert_int_equal(disk.begun, DISK_JOBS + 1);
	for (uint32_t i = 1; i < DISK_JOBS + 3; i++)
		disk_done(disk.jobs[i], true);
	assert_int_equal(disk.begun, DISK_JOBS + 3);
}

static void bad_ranges_fail(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t bytes;
	} bad[] = {
		{ SECTORS, 512 }, { SECTORS - 1, 1024 }, { UINT64_MAX, 512 }, { UINT64_MAX / 512 + 1, 512 },
		{ 0, 511 }, { 0, 513 }, { 0, 1 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (uint32_t type = 0; type < 2; type++) {
			request(0, type, bad[i].sector, bad[i].bytes);
			ends_with(0, 1, type);
		}
	assert_int_equal(disk.begun, 0);
	request(0, 0, 5, 0); /* nothing to do */
	ends_with(0, 0, 1);
	assert_int_equal(disk.begun, 0);
}

static void a_request_of_gigabytes_fails(void **state)
{
	header(0, 1, 0);
	backend.sectors = UINT64_MAX / 512;
	for (uint32_t i = 0; i < 12; i++)
		driver_descriptor(driver_ring(0), 2 + i, 0, DESCRIPTOR(RAM_BYTES, NEXT, i < 11 ? 3 + i : 1));
	driver_descriptor(driver_ring(0), 0, HEADER(0), DESCRIPTOR(16, NEXT, 2));
	driver_descriptor(driver_ring(0), 1, STATUS(0), DESCRIPTOR(1, WRITE, 0));
	driver_offer(0, 0);
	driver_kick(0);
	ends_with(0, 1, 1);
	assert_int_equal(disk.begun, 0);
}

static void large_blocks_are_kept_to(void **state)
{
	backend.block_bytes = 4096;
	request(0, 1, 8, 4096);
	request(1, 1, 4, 4096);
	ends_with(1, 1, 1);
	request(1, 1, 8, 2048);
	ends_with(1, 1, 1);
	assert_int_equal(disk.begun, 1);
}

static void flush_and_what_is_written_through(void **state)
{
	header(0, 4, 0);
	driver_descriptor(driver_ring(0), 0, HEADER(0), DESCRIPTOR(16, NEXT, 2));
	driver_descriptor(driver_ring(0), 2, STATUS(0), DESCRIPTOR(1, WRITE, 0));
	driver_offer(0, 0);
	driver_kick(0);
	assert_int_equal(disk.jobs[0]->operation, DISK_FLUSH);
	disk_done(disk.jobs[0], true);
	ends_with(0, 0, 1);
	request(1, 1, 0, 512);
	disk_done(disk.jobs[1], true);
	ends_with(1, 0, 1);
	driver_bring_up(&blk.function.virtio, FLUSH_FEATURE);
	request(1, 1, 0, 512);
	disk_done(disk.jobs[2], true);
	assert_true(nothing_ends());
	assert_int_equal(disk.begun, 4);
	assert_int_equal(disk.jobs[3]->operation, DISK_FLUSH);
	disk_done(disk.jobs[3], false);
	ends_with(1, 1, 1);
	request(1, 0, 0, 512);
	disk_done(disk.jobs[4], true);
	ends_with(1, 0, 513);
}

static void range(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	bytes_put64(driver.ram + DATA(0), sector);
	bytes_put32(driver.ram + DATA(0) + 8, sectors);
	bytes_put32(driver.ram + DATA(0) + 12, flags);
	request(0, type, 0, 16);
}

static void discards_and_zeroes(void **state)
{
	range(11, 10, 20, 0);
	assert_int_equal(disk.jobs[0]->operation, DISK_DISCARD);
	assert_int_equal(disk.jobs[0]->sector, 10);
	assert_int_equal(disk.jobs[0]->bytes, 20 * 512);
	disk_done(disk.jobs[0], true);
	ends_with(0, 0, 1);
	range(13, 10, 20, 1);
	assert_int_equal(disk.jobs[1]->operation, DISK_ZERO);
	disk_done(disk.jobs[1], true);
	ends_with(0, 0, 1);
	range(11, 10, 20, 1);
	ends_with(0, 2, 1);
	range(13, 10, 20, 2);
	ends_with(0, 2, 1);
	range(11, SECTORS, 1, 0);
	ends_with(0, 1, 1);
	range(13, 0, 0xFFFFFFFF, 0);
	ends_with(0, 1, 1);
	request(0, 11, 0, 32); /* two ranges: one more than was told */
	ends_with(0, 1, 1);
	request(0, 11, 0, 15);
	ends_with(0, 1, 1);
	assert_int_equal(disk.begun, 2);
	driver_bring_up(&blk.function.virtio, 1ull << 13);
	range(11, 10, 20, 0);
	ends_with(0, 2, 1);
}

static void says_who_it_is(void **state)
{
	request(0, 8, 0, 20);
	ends_with(0, 0, 21);
	assert_memory_equal(driver.ram + DATA(0), "serial of more than \0", 21);
	request(0, 8, 0, 4);
	ends_with(0, 0, 5);
	request(0, 99, 0, 512);
	ends_with(0, 2, 1);
	assert_int_equal(virtio_config_read(&blk.function.virtio, 0, 8), SECTORS);
	assert_int_equal(virtio_config_read(&blk.function.virtio, 20, 4), 512);
	assert_true(virtio_config_read(&blk.function.virtio, 12, 4) + 2 <= VIRTQUEUE_MAX_SEGMENTS);
}

static void a_disk_that_may_not_be_written(void **state)
{
	power_on(true);
	assert_true(virtio_has(&blk.function.virtio, 1 << 5));
	request(0, 1, 0, 512);
	ends_with(0, 1, 1);
	range(11, 0, 1, 0);
	ends_with(0, 2, 1);
	request(0, 0, 0, 512);
	assert_int_equal(disk.begun, 1);
}

static void offer_bare(uint64_t rest, uint64_t more)
{
	driver_bring_up(&blk.function.virtio, 0);
	driver_descriptor(driver_ring(0), 0, HEADER(0), rest);
	driver_descriptor(driver_ring(0), 1, DATA(0), more);
	driver_offer(0, 0);
	driver_kick(0);
	assert_true(blk.function.virtio.status & VIRTIO_NEEDS_RESET);
	assert_true(nothing_ends());
}

static void requests_without_header_or_status(void **state)
{
	offer_bare(DESCRIPTOR(16, READ, 0), 0);
	offer_bare(DESCRIPTOR(15, NEXT, 1), DESCRIPTOR(1, WRITE, 0));
	offer_bare(DESCRIPTOR(1, WRITE, 0), 0);
	offer_bare(DESCRIPTOR(0, READ, 0), 0);
	assert_int_equal(disk.begun, 0);
	driver_bring_up(&blk.function.virtio, 0);
	request(0, 0, 0, 512);
	assert_int_equal(disk.begun, 1);
}

/* Header, data and status may be cut at any byte. */
static void segments_lie_as_the_driver_likes(void **state)
{
	size_t count = 512;

	header(0, 0, 3);
	driver_descriptor(driver_ring(0), 0, HEADER(0), DESCRIPTOR(5, NEXT, 1));
	driver_descriptor(driver_ring(0), 1, HEADER(0) + 5, DESCRIPTOR(11, NEXT, 2));
	driver_descriptor(driver_ring(0), 2, DATA(0), DESCRIPTOR(100, NEXT | WRITE, 3));
	driver_descriptor(driver_ring(0), 3, DATA(0) + 0x300, DESCRIPTOR(413, WRITE, 0));
	driver_offer(0, 0);
	driver_kick(0);
	assert_int_equal(disk.jobs[0]->sector, 3);
	assert_int_equal(disk.jobs[0]->bytes, 512);
	assert_ptr_equal(disk_job_at(disk.jobs[0], 0, &count), driver.ram + DATA(0));
	assert_int_equal(count, 100);
	count = 512;
	assert_ptr_equal(disk_job_at(disk.jobs[0], 100, &count), driver.ram + DATA(0) + 0x300);
	assert_int_equal(count, 412);
	disk_done(disk.jobs[0], true);
	assert_int_equal(driver.ram[DATA(0) + 0x300 + 412], 0);
}

static void a_reset_forgets_what_is_in_flight(void **state)
{
	for (uint32_t slot = 0; slot < 4; slot++)
		request(slot, 1, slot, 512);
	driver_bring_up(&blk.function.virtio, 0);
	assert_int_equal(disk.canceled, 1);
	assert_true(nothing_ends());
	for (uint32_t i = 0; i < DISK_JOBS; i++)
		assert_false(blk.jobs[i].is_busy);
	request(0, 0, 1, 512);
	disk_done(disk.jobs[4], true);
	ends_with(0, 0, 513);
}

static void much_at_once_waits_for_its_turn(void **state)
{
	uint32_t turns = 0;

	disk.ends_at_once = true;
	backend.sectors = 1u << 20;
	header(0, 1, 0);
	driver_descriptor(driver_ring(0), 0, HEADER(0), DESCRIPTOR(16, NEXT, 1));
	for (uint32_t i = 1; i <= 8; i++)
		driver_descriptor(driver_ring(0), i, 0, DESCRIPTOR(RAM_BYTES, NEXT, i < 8 ? i + 1 : 15));
	driver_descriptor(driver_ring(0), 15, STATUS(0), DESCRIPTOR(1, WRITE, 0));
	for (uint32_t i = 0; i < RING_SIZE; i++)
		driver_offer(0, 0);
	driver_kick(0);
	while (virtio_blk_wants_time(&blk)) {
		uint32_t begun = disk.begun;

		driver_kick(0); /* no way past it */
		assert_int_equal(disk.begun, begun);
		virtio_blk_run(&blk);
		turns++;
	}
	assert_int_equal(disk.begun, RING_SIZE);
	assert_in_range(turns, 3, RING_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_and_writes, setup),
		cmocka_unit_test_setup(several_at_a_time_in_any_order, setup),
		cmocka_unit_test_setup(more_than_there_are_jobs_wait, setup),
		cmocka_unit_test_setup(bad_ranges_fail, setup),
		cmocka_unit_test_setup(a_request_of_gigabytes_fails, setup),
		cmocka_unit_test_setup(large_blocks_are_kept_to, setup),
		cmocka_unit_test_setup(flush_and_what_is_written_through, setup),
		cmocka_unit_test_setup(discards_and_zeroes, setup),
		cmocka_unit_test_setup(says_who_it_is, setup),
		cmocka_unit_test_setup(a_disk_that_may_not_be_written, setup),
		cmocka_unit_test_setup(requests_without_header_or_status, setup),
		cmocka_unit_test_setup(segments_lie_as_the_driver_likes, setup),
		cmocka_unit_test_setup(a_reset_forgets_what_is_in_flight, setup),
		cmocka_unit_test_setup(much_at_once_waits_for_its_turn, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
