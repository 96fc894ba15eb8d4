/* SPDX-License-Identifier: Apache-2.0 */
/* The common registers: features, status, queue setup, in the order a driver goes and in every other. */
#include "driver.h"

static struct virtio virtio;
static uint32_t notified, resets, raised, raised_vector;

static void notify(void *device, uint32_t queue)
{
	assert_ptr_equal(device, &notified);
	notified |= 1u << queue;
}

static void reset(void *device)
{
	resets++;
}

static void config(const void *device, uint8_t *bytes)
{
	memcpy(bytes, "0123456789", 10);
}

static const struct virtio_kind kind = {
	.type = 42, .queue_count = 3, .features = 0x21, .config_bytes = 10,
	.notify = notify, .reset = reset, .config = config,
};

static void raise(void *context, uint32_t vector)
{
	raised++;
	raised_vector = vector;
}

static int setup(void **state)
{
	struct virtio_host host = driver_start();
	const struct virtio_wiring wiring = {
		.memory = host.memory, .vector_count = 4, .raise = raise,
	};

	virtio_init(&virtio, &kind, &notified, &wiring);
	driver.virtio = &virtio;
	notified = resets = raised = 0;
	return 0;
}

static uint64_t get(uint32_t offset, uint32_t size)
{
	return virtio_common_read(&virtio, offset, size);
}

static void set(uint32_t offset, uint32_t size, uint64_t value)
{
	virtio_common_write(&virtio, offset, size, value);
}

static void features_are_offered_by_halves(void **state)
{
	assert_int_equal(get(4, 4), 0x10000021);
	set(0, 4, 1);
	assert_int_equal(get(4, 4), 1);
	set(0, 4, 2);
	assert_int_equal(get(4, 4), 0);
	set(8, 4, 0xFFFFFFFF);
	set(12, 4, 0xFFFFFFFF);
	assert_int_equal(virtio.driver_features, 0);
	assert_int_equal(get(18, 2), 3);
	assert_int_equal(get(21, 1), 0);
}

static void accept(uint64_t features)
{
	set(20, 1, 0);
	set(20, 1, 3);
	for (uint32_t i = 0; i < 2; i++) {
		set(8, 4, i);
		set(12, 4, (uint32_t)(features >> 32 * i));
	}
	set(20, 1, 11);
}

static void only_offered_features_are_ok(void **state)
{
	accept(VIRTIO_F_VERSION_1);
	assert_int_equal(get(20, 1), 11);
	set(12, 4, 0); /* too late */
	assert_true(virtio_has(&virtio, VIRTIO_F_VERSION_1));
	accept(VIRTIO_F_VERSION_1 | 2);
	assert_int_equal(get(20, 1), 3);
	set(20, 1, 15); /* DRIVER_OK does not help */
	assert_int_equal(get(20, 1), 3);
	accept(0x21); /* a driver of before 1.0 */
	assert_int_equal(get(20, 1), 3);
	accept(VIRTIO_F_VERSION_1 | 1ull << 63);
	assert_int_equal(get(20, 1), 3);
	assert_false(virtio_is_running(&virtio));
}

static void status_bits_stay_until_reset(void **state)
{
	set(20, 1, 1);
	set(20, 1, 2);
	assert_int_equal(get(20, 1), 3);
	set(20, 1, 64); /* the device's own bit alone is no status: a reset */
	assert_int_equal(get(20, 1), 0);
	assert_int_equal(resets, 1);
}

static void queues_are_set_up(void **state)
{
	driver_bring_up(&virtio, 0);
	assert_true(virtio_is_running(&virtio));
	set(22, 2, 1);
	assert_int_equal(get(24, 2), RING_SIZE);
	assert_int_equal(get(26, 2), 2);
	assert_int_equal(get(30, 2), 1);
	assert_int_equal(get(32, 8), driver_ring(1));
	assert_int_equal(get(36, 4), 0);
	set(24, 2, 8); /* fixed now */
	set(32, 8, 0);
	set(28, 2, 0);
	assert_int_equal(get(24, 2), RING_SIZE);
	assert_int_equal(get(32, 4), driver_ring(1));
	assert_int_equal(get(28, 2), 1);
	set(26, 2, 4); /* there are 4 vectors, 0 to 3 */
	assert_int_equal(get(26, 2), VIRTIO_NO_VECTOR);
	set(16, 2, 3);
	assert_int_equal(get(16, 2), 3);
	set(16, 2, 0x1003);
	assert_int_equal(get(16, 2), VIRTIO_NO_VECTOR);
	driver_kick(2);
	driver_kick(3);
	driver_kick(0xFFFFFFFF);
	assert_int_equal(notified, 4);
	set(22, 2, 3); /* no such queue */
	assert_int_equal(get(24, 8), 0);
	set(28, 2, 1);
	set(26, 2, 1);
	set(32, 8, 1);
	set(22, 2, 0xFFFF);
	set(24, 2, 1);
}

static void sizes_are_powers_of_two(void **state)
{
	static const uint16_t bad[] = { 0, 3, 127, 129, 256, 0x8000, 0xFFFF };

	set(22, 2, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set(24, 2, bad[i]);
		assert_int_equal(get(24, 2), VIRTQUEUE_MAX_SIZE);
	}
	set(24, 2, 1);
	assert_int_equal(get(24, 2), 1);
	set(32, 4, 0x89ABCDEF); /* addresses by halves */
	set(36, 4, 0x01234567);
	assert_int_equal(get(32, 8), 0x0123456789ABCDEF);
}

static void no_queue_before_features(void **state)
{
	set(20, 1, 3);
	set(22, 2, 0);
	set(28, 2, 1);
	assert_int_equal(get(28, 2), 0);
	driver_kick(0);
	assert_int_equal(notified, 0);
}

static void a_queue_outside_ram_needs_reset(void **state)
{
	driver_bring_up(&virtio, 0);
	set(20, 1, 0);
	assert_int_equal(resets, 2);
	accept(VIRTIO_F_VERSION_1);
	set(22, 2, 0);
	set(32, 8, RAM_BYTES);
	set(28, 2, 1);
	assert_int_equal(get(20, 1), 11 | VIRTIO_NEEDS_RESET);
	set(20, 1, 15);
	assert_false(virtio_is_running(&virtio));
	driver_bring_up(&virtio, 0);
	assert_true(virtio_is_running(&virtio));
}

static void a_broken_ring_stops_the_device(void **state)
{
	struct virtqueue_chain chain;

	driver_bring_up(&virtio, 0);
	set(16, 2, 0);
	driver_offer(0, RING_SIZE);
	assert_false(virtio_take(&virtio, 0, &chain));
	assert_int_equal(get(20, 1), 15 | VIRTIO_NEEDS_RESET);
	assert_int_equal(raised, 1);
	assert_int_equal(raised_vector, 0);
	assert_int_equal(virtio_isr_read(&virtio), VIRTIO_ISR_CONFIG);
	assert_int_equal(virtio_isr_read(&virtio), 0);
	virtio_fail(&virtio);
	assert_int_equal(raised, 1);
	driver_kick(1);
	assert_int_equal(notified, 0);
	virtio_give(&virtio, 1, 0, 0);
	assert_int_equal(raised, 1);
}

static void answers_interrupt_by_the_queues_vector(void **state)
{
	uint32_t head, written;
	struct virtqueue_chain chain;

	driver_bring_up(&virtio, 0);
	driver_descriptor(driver_ring(2), 5, DATA_GPA, DESCRIPTOR(1, WRITE, 0));
	driver_offer(2, 5);
	assert_int_equal(virtio_waiting(&virtio, 2), 1);
	assert_true(virtio_take(&virtio, 2, &chain));
	virtio_give(&virtio, 2, chain.head, 1);
	assert_int_equal(raised, 1);
	assert_int_equal(raised_vector, 3);
	assert_true(driver_used(2, &head, &written));
	assert_int_equal(head, 5);
	assert_int_equal(written, 1);
	assert_int_equal(virtio_isr_read(&virtio), VIRTIO_ISR_QUEUE);
}

static void the_configuration_ends_where_it_ends(void **state)
{
	assert_int_equal(virtio_config_read(&virtio, 0, 4), 0x33323130);
	assert_int_equal(virtio_config_read(&virtio, 8, 8), 0x3938);
	assert_int_equal(virtio_config_read(&virtio, 10, 4), 0);
	assert_int_equal(virtio_config_read(&virtio, 0xFFFFFFFF, 8), 0);
	assert_int_equal(get(VIRTIO_COMMON_BYTES, 4), 0);
	assert_int_equal(get(VIRTIO_COMMON_BYTES - 1, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(features_are_offered_by_halves, setup),
		cmocka_unit_test_setup(only_offered_features_are_ok, setup),
		cmocka_unit_test_setup(status_bits_stay_until_reset, setup),
		cmocka_unit_test_setup(queues_are_set_up, setup),
		cmocka_unit_test_setup(sizes_are_powers_of_two, setup),
		cmocka_unit_test_setup(no_queue_before_features, setup),
		cmocka_unit_test_setup(a_queue_outside_ram_needs_reset, setup),
		cmocka_unit_test_setup(a_broken_ring_stops_the_device, setup),
		cmocka_unit_test_setup(answers_interrupt_by_the_queues_vector, setup),
		cmocka_unit_test_setup(the_configuration_ends_where_it_ends, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
