/* SPDX-License-Identifier: Apache-2.0 */
/* Split virtqueues; see virtqueue.h. */
#include "virtio/virtqueue.h"

#include <string.h>

#include "image/bytes.h"

#define DESCRIPTOR_BYTES 16u
#define DESCRIPTOR_NEXT 1u
#define DESCRIPTOR_WRITE 2u
#define DESCRIPTOR_INDIRECT 4u

#define RING_FLAGS 0u
#define RING_INDEX 2u
#define RING_ENTRIES 4u
#define AVAILABLE_NO_INTERRUPT 1u

#define AVAILABLE_ENTRY_BYTES 2u
#define USED_ENTRY_BYTES 8u
#define RING_EXTRA_BYTES 6u /* flags, index, event index */

#define DESCRIPTORS_ALIGN 16u
#define AVAILABLE_ALIGN 2u
#define USED_ALIGN 4u

struct descriptor {
	uint64_t gpa;
	uint32_t count;
	uint16_t flags, next;
};

struct table {
	const uint8_t *bytes;
	uint32_t count;
	bool is_indirect;
};

/* One load each: what a guest changes afterwards does not matter. The rings are aligned. */
static uint16_t load16(const uint8_t *at)
{
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static void break_queue(struct virtqueue *queue)
{
	queue->is_broken = true;
}

void virtqueue_reset(struct virtqueue *queue)
{
	*queue = (struct virtqueue){
		.memory = queue->memory, .max_size = queue->max_size, .size = queue->max_size,
	};
}

static uint8_t *find(const struct virtqueue *queue, uint64_t gpa, uint32_t align, uint64_t count)
{
	return gpa % align ? NULL : queue->memory.at(queue->memory.context, gpa, count);
}

void virtqueue_enable(struct virtqueue *queue)
{
	uint64_t size = queue->size;

	queue->is_enabled = true;
	queue->descriptors = find(queue, queue->descriptor_gpa, DESCRIPTORS_ALIGN,
				  size * DESCRIPTOR_BYTES);
	queue->available = find(queue, queue->driver_gpa, AVAILABLE_ALIGN,
				size * AVAILABLE_ENTRY_BYTES + RING_EXTRA_BYTES);
	queue->used = find(queue, queue->device_gpa, USED_ALIGN,
			   size * USED_ENTRY_BYTES + RING_EXTRA_BYTES);
	if (!queue->descriptors || !queue->available || !queue->used)
		break_queue(queue);
}

uint32_t virtqueue_waiting(struct virtqueue *queue)
{
	uint16_t waiting;

	if (!queue->is_enabled || queue->is_broken)
		return 0;
	waiting = (uint16_t)(load16(queue->available + RING_INDEX) - queue->next_taken);
	if (waiting <= queue->size)
		return waiting;
	break_queue(queue);
	return 0;
}

static struct descriptor copy_descriptor(const struct table *table, uint32_t index)
{
	uint8_t bytes[DESCRIPTOR_BYTES];

	memcpy(bytes, table->bytes + (size_t)index * DESCRIPTOR_BYTES, sizeof(bytes));
	/* From here on the compiler cannot go back to the guest's bytes. */
	__asm__ volatile("" : "+m"(bytes) : : "memory");
	return (struct descriptor){
		.gpa = bytes_get64(bytes), .count = bytes_get32(bytes + 8),
		.flags = bytes_get16(bytes + 12), .next = bytes_get16(bytes + 14),
	};
}

static bool add_segment(const struct virtqueue *queue, struct virtqueue_chain *chain,
			const struct descriptor *descriptor)
{
	uint32_t at = (uint32_t)chain->readable + chain->writable;
	uint8_t *bytes;

	if (!(descriptor->flags & DESCRIPTOR_WRITE) && chain->writable)
		return false;
	if (!descriptor->count)
		return true;
	bytes = queue->memory.at(queue->memory.context, descriptor->gpa, descriptor->count);
	if (!bytes || at == VIRTQUEUE_MAX_SEGMENTS)
		return false;
	chain->segments[at] = (struct virtqueue_segment){ bytes, descriptor->count };
	if (descriptor->flags & DESCRIPTOR_WRITE) {
		chain->writable++;
		chain->write_bytes += descriptor->count;
	} else {
		chain->readable++;
		chain->read_bytes += descriptor->count;
	}
	return true;
}

/* The table an indirect descriptor names; it ends the chain of the one it stands in. */
static bool enter_indirect(const struct virtqueue *queue, const struct descriptor *descriptor,
			   struct table *table)
{
	uint32_t count = descriptor->count / DESCRIPTOR_BYTES;

	if (!queue->may_be_indirect || table->is_indirect ||
	    (descriptor->flags & DESCRIPTOR_NEXT) || descriptor->count % DESCRIPTOR_BYTES ||
	    !count || count > VIRTQUEUE_MAX_SIZE)
		return false;
	table->bytes = queue->memory.at(queue->memory.context, descriptor->gpa, descriptor->count);
	table->count = count;
	table->is_indirect = true;
	return table->bytes;
}

/* Walks at most as many descriptors as each table has, so that a loop ends. */
static bool walk(const struct virtqueue *queue, struct virtqueue_chain *chain)
{
	struct table table = { queue->descriptors, queue->size, false };
	uint32_t index = chain->head;
	uint32_t left = table.count;

	for (;;) {
		struct descriptor descriptor;

		if (index >= table.count || !left--)
			return false;
		descriptor = copy_descriptor(&table, index);
		if (descriptor.flags & DESCRIPTOR_INDIRECT) {
			if (!enter_indirect(queue, &descriptor, &table))
				return false;
			index = 0;
			left = table.count;
			continue;
		}
		if (!add_segment(queue, chain, &descriptor))
			return false;
		if (!(descriptor.flags & DESCRIPTOR_NEXT))
			return true;
		index = descriptor.next;
	}
}

enum virtqueue_result virtqueue_take(struct virtqueue *queue, struct virtqueue_chain *chain)
{
	uint32_t slot = queue->next_taken & (queue->size - 1u);

	if (!virtqueue_waiting(queue))
		return queue->is_broken ? VIRTQUEUE_BROKEN : VIRTQUEUE_EMPTY;
	chain->head = load16(queue->available + RING_ENTRIES + slot * AVAILABLE_ENTRY_BYTES);
	chain->readable = 0;
	chain->writable = 0;
	chain->read_bytes = 0;
	chain->write_bytes = 0;
	if (!walk(queue, chain)) {
		break_queue(queue);
		return VIRTQUEUE_BROKEN;
	}
	queue->next_taken++;
	return VIRTQUEUE_CHAIN;
}

void virtqueue_untake(struct virtqueue *queue)
{
	queue->next_taken--;
}

bool virtqueue_give(struct virtqueue *queue, uint16_t head, uint32_t written)
{
	uint32_t slot = queue->next_given & (queue->size - 1u);
	uint8_t *entry;

	if (!queue->is_enabled || queue->is_broken)
		return false;
	entry = queue->used + RING_ENTRIES + slot * USED_ENTRY_BYTES;
	bytes_put32(entry, head);
	bytes_put32(entry + 4, written);
	queue->next_given++;
	__atomic_store_n((uint16_t *)(void *)(queue->used + RING_INDEX), queue->next_given,
			 __ATOMIC_RELEASE);
	/* The driver turns interrupts on, then looks at the index; here it is the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !(load16(queue->available + RING_FLAGS) & AVAILABLE_NO_INTERRUPT);
}

struct span {
	const struct virtqueue_segment *segments;
	uint32_t count;
};

/* The part of [offset, offset + count) that lies in the first segment it touches. */
static uint8_t *piece(struct span span, uint64_t offset, size_t *count)
{
	for (uint32_t i = 0; i < span.count; i++) {
		const struct virtqueue_segment *segment = &span.segments[i];

		if (offset < segment->count) {
			if (*count > segment->count - offset)
				*count = (size_t)(segment->count - offset);
			return segment->bytes + offset;
		}
		offset -= segment->count;
	}
	return NULL;
}

uint8_t *virtqueue_readable_at(const struct virtqueue_chain *chain, uint64_t offset, size_t *count)
{
	return piece((struct span){ chain->segments, chain->readable }, offset, count);
}

uint8_t *virtqueue_writable_at(const struct virtqueue_chain *chain, uint64_t offset, size_t *count)
{
	return piece((struct span){ chain->segments + chain->readable, chain->writable }, offset,
		     count);
}

size_t virtqueue_copy_from(const struct virtqueue_chain *chain, uint64_t offset, void *bytes,
			   size_t count)
{
	size_t done = 0;

	while (done < count) {
		size_t part = count - done;
		const uint8_t *from = virtqueue_readable_at(chain, offset + done, &part);

		if (!from)
			break;
		memcpy((uint8_t *)bytes + done, from, part);
		done += part;
	}
	/* The copy is what counts from here on. */
	__asm__ volatile("" : : : "memory");
	return done;
}

size_t virtqueue_copy_to(const struct virtqueue_chain *chain, uint64_t offset, const void *bytes,
			 size_t count)
{
	size_t done = 0;

	while (done < count) {
		size_t part = count - done;
		uint8_t *to = virtqueue_writable_at(chain, offset + done, &part);

		if (!to)
			break;
		memcpy(to, (const uint8_t *)bytes + done, part);
		done += part;
	}
	return done;
}
