/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device as a driver sees it, through its PCI function. */
#include "driver.h"
#include "virtio/rng.h"

static struct virtio_rng rng;
static uint8_t next;

static void random_bytes(void *context, void *bytes, uint32_t count)
{
	uint8_t *p = bytes;

	assert_ptr_equal(context, &next);
	while (count--)
		*p++ = ++next;
}

static int setup(void **state)
{
	struct virtio_host host = driver_start();

	next = 0;
	rng.random = random_bytes;
	rng.context = &next;
	virtio_rng_init(&rng, &host);
	driver_bring_up(&rng.function.virtio, 0);
	return 0;
}

static void fills_what_is_offered(void **state)
{
	uint32_t head, written;

	driver_descriptor(driver_ring(0), 0, DATA_GPA, DESCRIPTOR(3, WRITE | NEXT, 1));
	driver_descriptor(driver_ring(0), 1, DATA_GPA + 8, DESCRIPTOR(2, WRITE, 0));
	driver_descriptor(driver_ring(0), 2, DATA_GPA + 0x1000, DESCRIPTOR(0x10000, WRITE, 0));
	driver_offer(0, 0);
	driver_offer(0, 2);
	driver_kick(0);
	assert_true(driver_used(0, &head, &written));
	assert_int_equal(head, 0);
	assert_int_equal(written, 5);
	assert_memory_equal(driver.ram + DATA_GPA, "\1\2\3\0\0\0\0\0\4\5\0", 11);
	assert_true(driver_used(0, &head, &written));
	assert_int_equal(head, 2);
	assert_int_equal(written, RNG_MAX_BYTES);
	assert_int_equal(driver.ram[DATA_GPA + 0x1000], 6);
	assert_int_equal(driver.ram[DATA_GPA + 0x1000 + RNG_MAX_BYTES], 0);
	assert_false(driver_used(0, &head, &written));
}

static void a_request_without_room_gets_nothing(void **state)
{
	uint32_t head, written;

	driver_descriptor(driver_ring(0), 0, DATA_GPA, DESCRIPTOR(3, READ, 0));
	driver_offer(0, 0);
	driver_kick(0);
	assert_true(driver_used(0, &head, &written));
	assert_int_equal(written, 0);
	assert_int_equal(driver.ram[DATA_GPA], 0);
}

static void chains_before_a_bad_one_are_served(void **state)
{
	uint32_t head, written;

	driver_descriptor(driver_ring(0), 0, DATA_GPA, DESCRIPTOR(3, WRITE, 0));
	driver_descriptor(driver_ring(0), 1, RAM_BYTES, DESCRIPTOR(3, WRITE, 0));
	driver_offer(0, 0);
	driver_offer(0, 1);
	driver_offer(0, 0);
	driver_kick(0);
	assert_true(driver_used(0, &head, &written));
	assert_false(driver_used(0, &head, &written));
	assert_true(rng.function.virtio.status & VIRTIO_NEEDS_RESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fills_what_is_offered, setup),
		cmocka_unit_test_setup(a_request_without_room_gets_nothing, setup),
		cmocka_unit_test_setup(chains_before_a_bad_one_are_served, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
