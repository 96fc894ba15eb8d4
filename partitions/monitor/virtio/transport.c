/* SPDX-License-Identifier: Apache-2.0 */
/* Registers and status of a virtio device; see transport.h. */
#include "virtio/transport.h"

#include <string.h>

#include "image/bytes.h"

enum common_offset {
	OFFERED_SELECT = 0,
	OFFERED = 4,
	ACCEPTED_SELECT = 8,
	ACCEPTED = 12,
	CONFIG_VECTOR = 16,
	QUEUE_COUNT = 18,
	STATUS = 20,
	GENERATION = 21,
	QUEUE_SELECT = 22,
	QUEUE_SIZE = 24,
	QUEUE_VECTOR = 26,
	QUEUE_ENABLE = 28,
	QUEUE_NOTIFY_OFFSET = 30,
	QUEUE_DESCRIPTORS = 32,
	QUEUE_DRIVER = 40,
	QUEUE_DEVICE = 48,
};

#define TRANSPORT_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC)
#define MAX_CONFIG_BYTES 64u

void virtio_init(struct virtio *virtio, const struct virtio_kind *kind, void *device,
		 const struct virtio_wiring *wiring)
{
	memset(virtio, 0, sizeof(*virtio));
	virtio->kind = kind;
	virtio->device = device;
	virtio->features = kind->features | TRANSPORT_FEATURES;
	virtio->vector_count = wiring->vector_count;
	virtio->raise = wiring->raise;
	virtio->context = wiring->context;
	for (uint32_t i = 0; i < kind->queue_count; i++) {
		virtio->queues[i].memory = wiring->memory;
		virtio->queues[i].max_size = VIRTQUEUE_MAX_SIZE;
	}
	virtio_reset(virtio);
}

void virtio_reset(struct virtio *virtio)
{
	virtio->status = 0;
	virtio->isr = 0;
	virtio->driver_features = 0;
	virtio->offered_select = 0;
	virtio->accepted_select = 0;
	virtio->queue_select = 0;
	virtio->config_vector = VIRTIO_NO_VECTOR;
	for (uint32_t i = 0; i < virtio->kind->queue_count; i++) {
		virtio->vectors[i] = VIRTIO_NO_VECTOR;
		virtqueue_reset(&virtio->queues[i]);
	}
	virtio->kind->reset(virtio->device);
}

bool virtio_is_running(const struct virtio *virtio)
{
	return (virtio->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

bool virtio_has(const struct virtio *virtio, uint64_t feature)
{
	return virtio->driver_features & feature;
}

static void interrupt(struct virtio *virtio, uint8_t cause, uint16_t vector)
{
	virtio->isr |= cause;
	if (vector != VIRTIO_NO_VECTOR)
		virtio->raise(virtio->context, vector);
}

void virtio_fail(struct virtio *virtio)
{
	if (virtio->status & VIRTIO_NEEDS_RESET)
		return;
	virtio->status |= VIRTIO_NEEDS_RESET;
	if (virtio->status & VIRTIO_DRIVER_OK)
		interrupt(virtio, VIRTIO_ISR_CONFIG, virtio->config_vector);
}

void virtio_config_changed(struct virtio *virtio)
{
	virtio->generation++;
	if (virtio_is_running(virtio))
		interrupt(virtio, VIRTIO_ISR_CONFIG, virtio->config_vector);
}

static struct virtqueue *selected(struct virtio *virtio)
{
	return virtio->queue_select < virtio->kind->queue_count ?
	       &virtio->queues[virtio->queue_select] : NULL;
}

static void put_queue(const struct virtio *virtio, uint8_t *bytes)
{
	const struct virtqueue *queue = &virtio->queues[virtio->queue_select];

	bytes_put16(bytes + QUEUE_SIZE, queue->size);
	bytes_put16(bytes + QUEUE_VECTOR, virtio->vectors[virtio->queue_select]);
	bytes_put16(bytes + QUEUE_ENABLE, queue->is_enabled);
	bytes_put16(bytes + QUEUE_NOTIFY_OFFSET, virtio->queue_select);
	bytes_put64(bytes + QUEUE_DESCRIPTORS, queue->descriptor_gpa);
	bytes_put64(bytes + QUEUE_DRIVER, queue->driver_gpa);
	bytes_put64(bytes + QUEUE_DEVICE, queue->device_gpa);
}

/* The half of a feature word that a select register picks. */
static uint32_t half(uint64_t features, uint32_t select)
{
	return select < 2 ? (uint32_t)(features >> 32 * select) : 0;
}

static uint64_t cut(const uint8_t *bytes, uint32_t count, uint32_t offset, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < size && i < 8 && offset < count && i < count - offset; i++)
		value |= (uint64_t)bytes[offset + i] << 8 * i;
	return value;
}

uint64_t virtio_common_read(const struct virtio *virtio, uint32_t offset, uint32_t size)
{
	uint8_t bytes[VIRTIO_COMMON_BYTES] = { 0 };

	bytes_put32(bytes + OFFERED_SELECT, virtio->offered_select);
	bytes_put32(bytes + OFFERED, half(virtio->features, virtio->offered_select));
	bytes_put32(bytes + ACCEPTED_SELECT, virtio->accepted_select);
	bytes_put32(bytes + ACCEPTED, half(virtio->driver_features, virtio->accepted_select));
	bytes_put16(bytes + CONFIG_VECTOR, virtio->config_vector);
	bytes_put16(bytes + QUEUE_COUNT, virtio->kind->queue_count);
	bytes[STATUS] = virtio->status;
	bytes[GENERATION] = virtio->generation;
	bytes_put16(bytes + QUEUE_SELECT, virtio->queue_select);
	if (virtio->queue_select < virtio->kind->queue_count)
		put_queue(virtio, bytes);
	return cut(bytes, sizeof(bytes), offset, size);
}

static void accept_features(struct virtio *virtio, uint32_t value)
{
	uint32_t shift = 32 * virtio->accepted_select;

	if (virtio->accepted_select > 1 || (virtio->status & VIRTIO_FEATURES_OK))
		return;
	virtio->driver_features &= ~(0xFFFFFFFFull << shift);
	virtio->driver_features |= (uint64_t)value << shift;
}

static bool are_features_good(const struct virtio *virtio)
{
	return !(virtio->driver_features & ~virtio->features) &&
	       virtio_has(virtio, VIRTIO_F_VERSION_1);
}

/* Bits come and stay until a reset; a driver that wants what is not offered sees no FEATURES_OK. */
static void write_status(struct virtio *virtio, uint8_t value)
{
	value &= (uint8_t)~VIRTIO_NEEDS_RESET;
	if (!value) {
		virtio_reset(virtio);
		return;
	}
	if ((value & VIRTIO_FEATURES_OK) && !are_features_good(virtio))
		value &= (uint8_t)~VIRTIO_FEATURES_OK;
	if (!((value | virtio->status) & VIRTIO_FEATURES_OK))
		value &= (uint8_t)~VIRTIO_DRIVER_OK;
	virtio->status |= value;
}

static uint16_t known_vector(const struct virtio *virtio, uint16_t vector)
{
	return vector < virtio->vector_count ? vector : VIRTIO_NO_VECTOR;
}

static void set_size(struct virtqueue *queue, uint16_t size)
{
	if (size && size <= queue->max_size && !(size & (size - 1)))
		queue->size = size;
}

static void enable_queue(struct virtio *virtio, struct virtqueue *queue)
{
	if (!(virtio->status & VIRTIO_FEATURES_OK))
		return;
	queue->may_be_indirect = virtio_has(virtio, VIRTIO_F_INDIRECT_DESC);
	virtqueue_enable(queue);
	if (queue->is_broken)
		virtio_fail(virtio);
}

static void write_gpa(uint64_t *gpa, uint32_t offset, uint32_t size, uint64_t value)
{
	uint32_t shift = 8 * (offset & 4);

	if (size == 8 && !shift)
		*gpa = value;
	else if (size == 4)
		*gpa = (*gpa & ~(0xFFFFFFFFull << shift)) | (value & 0xFFFFFFFF) << shift;
}

/* What describes a queue is fixed while it is enabled. */
static void write_queue(struct virtio *virtio, uint32_t offset, uint32_t size, uint64_t value)
{
	struct virtqueue *queue = selected(virtio);

	if (!queue || queue->is_enabled)
		return;
	if (offset == QUEUE_SIZE && size == 2)
		set_size(queue, (uint16_t)value);
	else if (offset == QUEUE_ENABLE && size == 2 && value == 1)
		enable_queue(virtio, queue);
	else if ((offset & ~4u) == QUEUE_DESCRIPTORS)
		write_gpa(&queue->descriptor_gpa, offset, size, value);
	else if ((offset & ~4u) == QUEUE_DRIVER)
		write_gpa(&queue->driver_gpa, offset, size, value);
	else if ((offset & ~4u) == QUEUE_DEVICE)
		write_gpa(&queue->device_gpa, offset, size, value);
}

static void write_selected_vector(struct virtio *virtio, uint16_t value)
{
	if (selected(virtio))
		virtio->vectors[virtio->queue_select] = known_vector(virtio, value);
}

void virtio_common_write(struct virtio *virtio, uint32_t offset, uint32_t size, uint64_t value)
{
	switch (offset << 4 | size) {
	case OFFERED_SELECT << 4 | 4:
		virtio->offered_select = (uint32_t)value;
		break;
	case ACCEPTED_SELECT << 4 | 4:
		virtio->accepted_select = (uint32_t)value;
		break;
	case ACCEPTED << 4 | 4:
		accept_features(virtio, (uint32_t)value);
		break;
	case CONFIG_VECTOR << 4 | 2:
		virtio->config_vector = known_vector(virtio, (uint16_t)value);
		break;
	case STATUS << 4 | 1:
		write_status(virtio, (uint8_t)value);
		break;
	case QUEUE_SELECT << 4 | 2:
		virtio->queue_select = (uint16_t)value;
		break;
	case QUEUE_VECTOR << 4 | 2:
		write_selected_vector(virtio, (uint16_t)value);
		break;
	default:
		write_queue(virtio, offset, size, value);
		break;
	}
}

uint64_t virtio_config_read(const struct virtio *virtio, uint32_t offset, uint32_t size)
{
	uint8_t bytes[MAX_CONFIG_BYTES] = { 0 };

	if (!virtio->kind->config)
		return 0;
	virtio->kind->config(virtio->device, bytes);
	return cut(bytes, virtio->kind->config_bytes, offset, size);
}

uint8_t virtio_isr_read(struct virtio *virtio)
{
	uint8_t isr = virtio->isr;

	virtio->isr = 0;
	return isr;
}

void virtio_notify(struct virtio *virtio, uint32_t queue)
{
	if (queue < virtio->kind->queue_count && virtio_is_running(virtio) &&
	    virtio->queues[queue].is_enabled)
		virtio->kind->notify(virtio->device, queue);
}

uint32_t virtio_waiting(struct virtio *virtio, uint32_t queue)
{
	uint32_t waiting;

	if (!virtio_is_running(virtio))
		return 0;
	waiting = virtqueue_waiting(&virtio->queues[queue]);
	if (virtio->queues[queue].is_broken)
		virtio_fail(virtio);
	return waiting;
}

bool virtio_take(struct virtio *virtio, uint32_t queue, struct virtqueue_chain *chain)
{
	enum virtqueue_result result;

	if (!virtio_is_running(virtio))
		return false;
	result = virtqueue_take(&virtio->queues[queue], chain);
	if (result == VIRTQUEUE_BROKEN)
		virtio_fail(virtio);
	return result == VIRTQUEUE_CHAIN;
}

void virtio_give(struct virtio *virtio, uint32_t queue, uint16_t head, uint32_t written)
{
	if (!virtio_is_running(virtio))
		return;
	if (virtqueue_give(&virtio->queues[queue], head, written))
		interrupt(virtio, VIRTIO_ISR_QUEUE, virtio->vectors[queue]);
}
