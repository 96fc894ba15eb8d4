/* SPDX-License-Identifier: Apache-2.0 */
/* The disk that makes nobody wait, over a device that ends its pieces when the test says: pieces, order, errors, a guest that goes in between. */
#include "driver.h"
#include "virtio/blk.h"
#include "virtio/disk_queue.h"

#define SECTORS 2048u /* of the device */
#define FIRST 100u    /* sector of the region */
#define REGION_BYTES 0x80000u
#define LARGE (3 * DISK_QUEUE_BYTES / 2)

static struct virtio_blk blk;
static struct disk_queue queue;
static struct disk_backend backend;
static struct block_region region;

static struct {
	struct block_device device;
	uint8_t bytes[SECTORS * 512u];
	struct block_request request;
	bool is_busy, ends_at_once, ready, fails, refuses;
	uint32_t begun, steps, flushes;
} disk;

static bool start(void *context, const struct block_request *request)
{
	assert_ptr_equal(context, &disk);
	assert_false(disk.is_busy);
	if (request->operation == BLOCK_DISCARD)
		assert_in_range(request->count, 1, disk.device.discard_sectors);
	else
		assert_true(request->count * 512u <= DISK_QUEUE_BYTES && request->count <= disk.device.start_sectors);
	assert_true(request->operation == BLOCK_FLUSH || (request->sector >= FIRST && request->sector + request->count <= FIRST + REGION_BYTES / 512));
	if (disk.refuses)
		return false;
	disk.request = *request;
	disk.is_busy = true;
	disk.begun++;
	return true;
}

static void step(void *context)
{
	const struct block_request *r = &disk.request;
	uint8_t *at = disk.bytes + r->sector * 512;

	(void)context;
	disk.steps++;
	if (!disk.is_busy || !(disk.ready || disk.ends_at_once))
		return;
	disk.ready = disk.is_busy = false;
	disk.flushes += r->operation == BLOCK_FLUSH;
	if (!disk.fails && r->operation == BLOCK_READ)
		memcpy(r->bytes, at, r->count * 512);
	if (!disk.fails && r->operation == BLOCK_WRITE)
		memcpy(at, r->bytes, r->count * 512);
	if (r->operation == BLOCK_DISCARD)
		memset(at, 0xDD, r->count * 512);
	r->done(r->context, !disk.fails);
}

static int setup(void **state)
{
	struct virtio_host host = driver_start();

	(void)state;
	memset(&disk, 0, sizeof(disk));
	for (uint32_t i = 0; i < sizeof(disk.bytes); i++)
		disk.bytes[i] = (uint8_t)(i * 7 + i / 512);
	disk.device = (struct block_device){
		.start = start, .step = step, .start_sectors = 200, .discard_sectors = 300, .context = &disk, .sector_bytes = 512, .sector_count = SECTORS,
	};
	region = (struct block_region){ &disk.device, FIRST, REGION_BYTES };
	backend = disk_queue_backend(&queue, &region, "test");
	virtio_blk_init(&blk, &host, &backend);
	driver_bring_up(&blk.function.virtio, 0);
	return 0;
}

#define HEADER(slot) (DATA_GPA + 32 * (slot))
#define STATUS(slot) (HEADER(slot) + 16)
#define DATA (DATA_GPA + 0x1000)

/* Slots 0 to 4 use descriptors of their own. */
static void request_at(uint32_t slot, uint32_t type, uint64_t sector, uint32_t bytes)
{
	uint32_t at = 3 * slot;

	bytes_put64(driver.ram + HEADER(slot), type);
	bytes_put64(driver.ram + HEADER(slot) + 8, sector);
	driver.ram[STATUS(slot)] = 0xEE;
	driver_descriptor(driver_ring(0), at, HEADER(slot), DESCRIPTOR(16, NEXT, bytes ? at + 1 : at + 2));
	driver_descriptor(driver_ring(0), at + 1, DATA, DESCRIPTOR(bytes, NEXT | (type ? READ : WRITE), at + 2));
	driver_descriptor(driver_ring(0), at + 2, STATUS(slot), DESCRIPTOR(1, WRITE, 0));
	driver_offer(0, (uint16_t)at);
	driver_kick(0);
}

static bool has_ended(uint32_t slot, uint8_t status)
{
	uint32_t head, count;

	return driver_used(0, &head, &count) && head == 3 * slot && driver.ram[STATUS(slot)] == status;
}

static bool nothing_ends(void)
{
	uint32_t head, count;

	return !driver_used(0, &head, &count);
}

/* The disk is ready, and interrupts. */
static void interrupt(void)
{
	disk.ready = true;
	virtio_blk_run(&blk);
}

static void the_guest_goes_on_meanwhile(void **state)
{
	(void)state;
	request_at(0, 0, 5, 1024);
	assert_int_equal(disk.begun, 1);
	assert_in_range(disk.steps, 1, 1000);
	assert_true(nothing_ends());
	assert_true(virtio_blk_wants_time(&blk));
	virtio_blk_run(&blk); /* too early */
	assert_true(nothing_ends());
	interrupt();
	assert_true(has_ended(0, 0));
	assert_memory_equal(driver.ram + DATA, disk.bytes + (FIRST + 5) * 512, 1024);
	assert_false(virtio_blk_wants_time(&blk));
	assert_int_equal(queue.pieces, 1);
	assert_int_equal(queue.waits, 1);
}

static void what_is_over_at_once_is_waited_for(void **state)
{
	(void)state;
	disk.ends_at_once = true;
	memset(driver.ram + DATA, 0x5A, LARGE);
	request_at(0, 1, 7, LARGE);
	assert_true(has_ended(0, 0));
	assert_memory_equal(disk.bytes + (FIRST + 7) * 512, driver.ram + DATA, LARGE);
	assert_int_equal(disk.begun, 2);
	assert_int_equal(queue.waits, 0);
	assert_false(virtio_blk_wants_time(&blk));
}

static void large_ones_go_in_pieces(void **state)
{
	(void)state;
	disk.device.start_sectors = 40; /* less than the queue's own bytes */
	request_at(0, 0, 9, LARGE);
	for (uint32_t done = 0; done < LARGE; done += 40 * 512) {
		assert_true(nothing_ends());
		interrupt();
	}
	assert_true(has_ended(0, 0));
	assert_memory_equal(driver.ram + DATA, disk.bytes + (FIRST + 9) * 512, LARGE);
}

static void one_after_the_other(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < 4; slot++)
		request_at(slot, slot == 2 ? 4 : 1, slot, slot == 2 ? 0 : 512);
	assert_int_equal(disk.begun, 1);
	for (uint32_t slot = 0; slot < 4; slot++) {
		assert_int_equal(disk.request.operation, slot == 2 ? BLOCK_FLUSH : BLOCK_WRITE);
		interrupt();
		assert_true(has_ended(slot, 0));
		assert_true(nothing_ends());
	}
	assert_int_equal(disk.flushes, 1);
	assert_false(virtio_blk_wants_time(&blk));
}

static void discards(void **state)
{
	(void)state;
	disk.ends_at_once = true;
	bytes_put64(driver.ram + DATA, 4);
	bytes_put64(driver.ram + DATA + 8, 700); /* sectors, no flags */
	request_at(0, 11, 0, 16);
	assert_true(has_ended(0, 0));
	assert_int_equal(disk.begun, 3);
	for (uint32_t sector = 0; sector < SECTORS; sector++)
		assert_int_equal(disk.bytes[sector * 512] == 0xDD && disk.bytes[sector * 512 + 1] == 0xDD, sector >= FIRST + 4 && sector < FIRST + 704);
	bytes_put64(driver.ram + DATA, 0);
	bytes_put64(driver.ram + DATA + 8, 100);
	request_at(1, 13, 0, 16); /* zeroes */
	assert_true(has_ended(1, 0));
	for (uint32_t i = 0; i < 100 * 512; i++)
		assert_int_equal(disk.bytes[FIRST * 512 + i], 0);
}

static void errors_end_a_request(void **state)
{
	(void)state;
	request_at(0, 0, 0, LARGE);
	request_at(1, 1, 0, 512);
	disk.fails = true;
	interrupt();
	assert_true(has_ended(0, 1));
	disk.fails = false;
	interrupt();
	assert_true(has_ended(1, 0));
	assert_int_equal(disk.begun, 2);
	disk.refuses = true;
	request_at(2, 1, 0, 512);
	assert_true(has_ended(2, 1));
	assert_false(virtio_blk_wants_time(&blk));
}

static void a_reset_forgets_what_is_under_way(void **state)
{
	(void)state;
	request_at(0, 0, 5, 1024);
	request_at(1, 1, 5, 1024);
	driver_bring_up(&blk.function.virtio, 0);
	memset(driver.ram + DATA, 0x77, 1024);
	assert_true(virtio_blk_wants_time(&blk)); /* the disk is still at it */
	request_at(2, 1, 8, 512);
	assert_int_equal(disk.begun, 1);
	interrupt();
	assert_int_equal(disk.begun, 2);
	assert_int_equal(driver.ram[DATA], 0x77);
	assert_int_equal(driver.ram[STATUS(0)], 0xEE);
	interrupt();
	assert_true(has_ended(2, 0));
	assert_true(nothing_ends());
	assert_int_equal(disk.bytes[(FIRST + 8) * 512], 0x77);
	assert_int_not_equal(disk.bytes[(FIRST + 5) * 512], 0x77);
}

/* Somebody else uses the disk and waits for it: done() comes from there, and may not begin what it makes room for. */
static void somebody_else_may_end_it(void **state)
{
	(void)state;
	request_at(0, 1, 1, 512);
	for (uint32_t i = 1; i < DISK_JOBS + 2; i++) { /* more than there are jobs */
		driver_offer(0, 0);
		driver_kick(0);
	}
	disk.ready = true;
	step(&disk);
	assert_true(has_ended(0, 0));
	assert_int_equal(disk.begun, 1);
	assert_true(virtio_blk_wants_time(&blk));
	disk.ends_at_once = true;
	while (virtio_blk_wants_time(&blk))
		virtio_blk_run(&blk);
	assert_int_equal(disk.begun, DISK_JOBS + 2);
}

static void ends_with_the_guest(void **state)
{
	(void)state;
	disk_queue_settle(&queue);
	request_at(0, 0, 5, 1024);
	request_at(1, 0, 5, 1024);
	disk.ends_at_once = true;
	disk_queue_settle(&queue);
	assert_false(disk.is_busy);
	assert_false(backend.is_busy(backend.context));
	assert_true(nothing_ends());
	assert_int_equal(disk.begun, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_guest_goes_on_meanwhile, setup),
		cmocka_unit_test_setup(what_is_over_at_once_is_waited_for, setup),
		cmocka_unit_test_setup(large_ones_go_in_pieces, setup),
		cmocka_unit_test_setup(one_after_the_other, setup),
		cmocka_unit_test_setup(discards, setup),
		cmocka_unit_test_setup(errors_end_a_request, setup),
		cmocka_unit_test_setup(a_reset_forgets_what_is_under_way, setup),
		cmocka_unit_test_setup(somebody_else_may_end_it, setup),
		cmocka_unit_test_setup(ends_with_the_guest, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
