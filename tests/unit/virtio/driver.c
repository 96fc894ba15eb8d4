/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' virtio driver; see driver.h. */
#include "driver.h"

struct driver driver;

static void *at(void *context, uint64_t gpa, uint64_t count)
{
	return gpa <= RAM_BYTES && count <= RAM_BYTES - gpa ? driver.ram + gpa : NULL;
}

static void msi(void *context, uint64_t address, uint32_t data)
{
	driver.messages++;
	driver.message_address = address;
	driver.message_data = data;
}

struct virtio_host driver_start(void)
{
	memset(&driver, 0, sizeof(driver));
	return (struct virtio_host){ .memory = { at, NULL }, .msi = msi };
}

uint64_t driver_ring(uint32_t queue)
{
	return (queue + 1ull) * QUEUE_AREA;
}

/* Descriptors, available ring and used ring of a queue share its area. */
static uint64_t available(uint32_t queue)
{
	return driver_ring(queue) + 0x400;
}

static uint64_t used(uint32_t queue)
{
	return driver_ring(queue) + 0x800;
}

void driver_bring_up(struct virtio *virtio, uint64_t without)
{
	uint64_t features = virtio->features & ~without;

	driver.virtio = virtio;
	memset(driver.put, 0, sizeof(driver.put));
	memset(driver.seen, 0, sizeof(driver.seen));
	memset(driver.ram, 0, DATA_GPA);
	virtio_common_write(virtio, 20, 1, 0);
	virtio_common_write(virtio, 20, 1, 3);
	for (uint32_t i = 0; i < 2; i++) {
		virtio_common_write(virtio, 8, 4, i);
		virtio_common_write(virtio, 12, 4, (uint32_t)(features >> 32 * i));
	}
	virtio_common_write(virtio, 20, 1, 11);
	assert_int_equal(virtio_common_read(virtio, 20, 1), 11);
	for (uint32_t i = 0; i < virtio->kind->queue_count; i++) {
		virtio_common_write(virtio, 22, 2, i);
		virtio_common_write(virtio, 24, 2, RING_SIZE);
		virtio_common_write(virtio, 26, 2, i + 1);
		virtio_common_write(virtio, 32, 8, driver_ring(i));
		virtio_common_write(virtio, 40, 8, available(i));
		virtio_common_write(virtio, 48, 8, used(i));
		virtio_common_write(virtio, 28, 2, 1);
		assert_int_equal(virtio_common_read(virtio, 28, 2), 1);
	}
	virtio_common_write(virtio, 20, 1, 15);
	assert_int_equal(virtio_common_read(virtio, 20, 1), 15);
}

void driver_descriptor(uint64_t table, uint32_t index, uint64_t gpa, uint64_t count_flags_next)
{
	bytes_put64(driver.ram + table + 16 * index, gpa);
	bytes_put64(driver.ram + table + 16 * index + 8, count_flags_next);
}

void driver_offer(uint32_t queue, uint16_t head)
{
	uint8_t *ring = driver.ram + available(queue);

	bytes_put16(ring + 4 + 2 * (driver.put[queue] % RING_SIZE), head);
	bytes_put16(ring + 2, ++driver.put[queue]);
}

void driver_kick(uint32_t queue)
{
	virtio_notify(driver.virtio, queue);
}

bool driver_used(uint32_t queue, uint32_t *head, uint32_t *written)
{
	const uint8_t *ring = driver.ram + used(queue);
	const uint8_t *entry = ring + 4 + 8 * (driver.seen[queue] % RING_SIZE);

	if (bytes_get16(ring + 2) == driver.seen[queue])
		return false;
	*head = bytes_get32(entry);
	*written = bytes_get32(entry + 4);
	driver.seen[queue]++;
	return true;
}
