/* SPDX-License-Identifier: Apache-2.0 */
/* The block device; see blk.h. */
#include "virtio/blk.h"

#include <string.h>

#include "image/bytes.h"

#define TYPE_BLOCK 2u
#define CLASS_STORAGE 0x018000u
#define QUEUE 0u

#define FEATURE_SEG_MAX (1ull << 2)
#define FEATURE_READ_ONLY (1ull << 5)
#define FEATURE_BLOCK_SIZE (1ull << 6)
#define FEATURE_FLUSH (1ull << 9)
#define FEATURE_DISCARD (1ull << 13)
#define FEATURE_ZEROES (1ull << 14)

enum config_offset {
	CONFIG_CAPACITY = 0,
	CONFIG_SEG_MAX = 12,
	CONFIG_BLOCK_SIZE = 20,
	CONFIG_DISCARD_SECTORS = 36,
	CONFIG_DISCARD_SEGMENTS = 40,
	CONFIG_DISCARD_ALIGNMENT = 44,
	CONFIG_ZEROES_SECTORS = 48,
	CONFIG_ZEROES_SEGMENTS = 52,
	CONFIG_BYTES = 60,
};

enum request_type {
	REQUEST_IN = 0,
	REQUEST_OUT = 1,
	REQUEST_FLUSH = 4,
	REQUEST_ID = 8,
	REQUEST_DISCARD = 11,
	REQUEST_ZEROES = 13,
};

enum status { STATUS_OK, STATUS_ERROR, STATUS_UNSUPPORTED, STATUS_LATER = 0x100 };

/* Header and status of a request take a segment each. */
#define DATA_SEGMENTS (VIRTQUEUE_MAX_SEGMENTS - 2)
#define HEADER_BYTES 16u
#define STATUS_BYTES 1u
#define RANGE_BYTES 16u
#define RANGE_UNMAP 1u

/* In one go, then about a millisecond later: whoever holds the monitor holds up the guest. */
#define BURST_BYTES (1u << 20)
#define REQUEST_COST 4096u /* of one that moves nothing */

uint8_t *disk_job_at(const struct disk_job *job, uint32_t offset, size_t *count)
{
	if (offset >= job->bytes)
		return NULL;
	if (*count > job->bytes - offset)
		*count = job->bytes - offset;
	return job->operation == DISK_WRITE ?
	       virtqueue_readable_at(&job->chain, (uint64_t)offset + HEADER_BYTES, count) :
	       virtqueue_writable_at(&job->chain, offset, count);
}

static void start(struct disk_job *job)
{
	const struct disk_backend *backend = job->blk->backend;

	backend->start(backend->context, job);
}

static void finish(struct disk_job *job, enum status status)
{
	const struct virtqueue_chain *chain = &job->chain;
	uint8_t byte = (uint8_t)status;
	uint32_t written = chain->write_bytes == STATUS_BYTES;

	if (status == STATUS_OK && job->operation == DISK_READ)
		written = job->bytes + STATUS_BYTES;
	virtqueue_copy_to(chain, chain->write_bytes - STATUS_BYTES, &byte, STATUS_BYTES);
	job->is_busy = false;
	virtio_give(&job->blk->function.virtio, QUEUE, chain->head, written);
}

static bool is_inside(const struct disk_backend *backend, uint64_t sector, uint32_t bytes)
{
	return range_fits(sector, bytes / DISK_SECTOR_BYTES, backend->sectors) &&
	       !(bytes % backend->block_bytes) &&
	       !(sector * DISK_SECTOR_BYTES % backend->block_bytes);
}

static enum status begin(struct disk_job *job, enum disk_operation operation, uint64_t sector,
			 uint64_t bytes)
{
	const struct disk_backend *backend = job->blk->backend;

	if (operation != DISK_READ && backend->is_read_only)
		return STATUS_ERROR;
	if (bytes > BLK_MAX_BYTES || !is_inside(backend, sector, (uint32_t)bytes))
		return STATUS_ERROR;
	job->operation = operation;
	job->sector = sector;
	job->bytes = (uint32_t)bytes;
	if (!bytes && operation != DISK_FLUSH)
		return STATUS_OK;
	/* A driver that knows no flush takes what is written for safe. */
	job->is_through = operation != DISK_READ && operation != DISK_FLUSH &&
			  !virtio_has(&job->blk->function.virtio, FEATURE_FLUSH);
	start(job);
	return STATUS_LATER;
}

/* Discards or zeroes the one range that a request may have. */
static enum status begin_range(struct disk_job *job, enum disk_operation operation,
			       uint64_t feature)
{
	uint8_t range[RANGE_BYTES];
	uint32_t flags;

	if (!virtio_has(&job->blk->function.virtio, feature))
		return STATUS_UNSUPPORTED;
	if (job->chain.read_bytes != HEADER_BYTES + RANGE_BYTES)
		return STATUS_ERROR;
	virtqueue_copy_from(&job->chain, HEADER_BYTES, range, sizeof(range));
	flags = bytes_get32(range + 12);
	if (flags & ~(operation == DISK_ZERO ? RANGE_UNMAP : 0u))
		return STATUS_UNSUPPORTED;
	return begin(job, operation, bytes_get64(range),
		     (uint64_t)bytes_get32(range + 8) * DISK_SECTOR_BYTES);
}

static enum status tell_serial(struct disk_job *job)
{
	char serial[DISK_SERIAL_BYTES] = { 0 };
	uint64_t room = job->chain.write_bytes - STATUS_BYTES;

	memcpy(serial, job->blk->backend->serial,
	       strnlen(job->blk->backend->serial, sizeof(serial)));
	job->operation = DISK_READ;
	job->bytes = room < sizeof(serial) ? (uint32_t)room : (uint32_t)sizeof(serial);
	virtqueue_copy_to(&job->chain, 0, serial, job->bytes);
	return STATUS_OK;
}

static enum status serve(struct disk_job *job, uint32_t type, uint64_t sector)
{
	switch (type) {
	case REQUEST_IN:
		return begin(job, DISK_READ, sector, job->chain.write_bytes - STATUS_BYTES);
	case REQUEST_OUT:
		return begin(job, DISK_WRITE, sector, job->chain.read_bytes - HEADER_BYTES);
	case REQUEST_FLUSH:
		return begin(job, DISK_FLUSH, 0, 0);
	case REQUEST_DISCARD:
		return begin_range(job, DISK_DISCARD, FEATURE_DISCARD);
	case REQUEST_ZEROES:
		return begin_range(job, DISK_ZERO, FEATURE_ZEROES);
	case REQUEST_ID:
		return tell_serial(job);
	default:
		return STATUS_UNSUPPORTED;
	}
}

/* A job whose request has been taken. One without header or room for a status is a driver's error. */
static void take_on(struct disk_job *job)
{
	struct virtio_blk *blk = job->blk;
	uint8_t header[HEADER_BYTES];
	enum status status;

	job->is_busy = true;
	job->operation = DISK_FLUSH;
	job->bytes = 0;
	if (!job->chain.write_bytes ||
	    virtqueue_copy_from(&job->chain, 0, header, sizeof(header)) < sizeof(header)) {
		job->is_busy = false;
		virtio_fail(&blk->function.virtio);
		return;
	}
	status = serve(job, bytes_get32(header), bytes_get64(header + 8));
	if (status != STATUS_LATER)
		finish(job, status);
}

static struct disk_job *free_job(struct virtio_blk *blk)
{
	for (uint32_t i = 0; i < DISK_JOBS; i++)
		if (!blk->jobs[i].is_busy)
			return &blk->jobs[i];
	return NULL;
}

static void pay(struct virtio_blk *blk, const struct virtqueue_chain *chain)
{
	uint64_t cost = chain->read_bytes + chain->write_bytes + REQUEST_COST;

	blk->budget = cost < blk->budget ? blk->budget - (uint32_t)cost : 0;
}

static void serve_queue(struct virtio_blk *blk)
{
	struct virtio *virtio = &blk->function.virtio;
	uint32_t waiting = virtio_waiting(virtio, QUEUE);

	blk->is_serving = true;
	for (; waiting; waiting--) {
		struct disk_job *job = free_job(blk);

		blk->is_stalled = !blk->budget;
		if (!job || !blk->budget || !virtio_take(virtio, QUEUE, &job->chain))
			break;
		pay(blk, &job->chain);
		take_on(job);
	}
	blk->is_serving = false;
}

void disk_done(struct disk_job *job, bool is_good)
{
	struct virtio_blk *blk = job->blk;

	if (is_good && job->is_through) {
		job->is_through = false;
		job->operation = DISK_FLUSH;
		start(job);
		return;
	}
	finish(job, is_good ? STATUS_OK : STATUS_ERROR);
	if (!blk->is_serving)
		serve_queue(blk);
}

static void notify(void *device, uint32_t queue)
{
	struct virtio_blk *blk = device;

	(void)queue;
	if (blk->is_stalled)
		return; /* its turn comes */
	blk->budget = BURST_BYTES;
	serve_queue(blk);
}

bool virtio_blk_wants_time(const struct virtio_blk *blk)
{
	return blk->is_stalled || (blk->backend && blk->backend->is_busy && blk->backend->is_busy(blk->backend->context));
}

void virtio_blk_run(struct virtio_blk *blk)
{
	if (blk->backend && blk->backend->run)
		blk->backend->run(blk->backend->context);
	if (!blk->is_stalled)
		return;
	blk->is_stalled = false;
	blk->budget = BURST_BYTES;
	serve_queue(blk);
}

void virtio_blk_close(struct virtio_blk *blk)
{
	const struct disk_backend *backend = blk->backend;

	if (backend && backend->cancel)
		backend->cancel(backend->context);
	for (uint32_t i = 0; i < DISK_JOBS; i++)
		blk->jobs[i].is_busy = false;
	blk->is_stalled = false;
}

static void reset(void *device)
{
	virtio_blk_close(device);
}

static void config(const void *device, uint8_t *bytes)
{
	const struct virtio_blk *blk = device;
	uint32_t block_sectors = blk->backend->block_bytes / DISK_SECTOR_BYTES;

	bytes_put64(bytes + CONFIG_CAPACITY, blk->backend->sectors);
	bytes_put32(bytes + CONFIG_SEG_MAX, DATA_SEGMENTS);
	bytes_put32(bytes + CONFIG_BLOCK_SIZE, blk->backend->block_bytes);
	bytes_put32(bytes + CONFIG_DISCARD_SECTORS, BLK_MAX_BYTES / DISK_SECTOR_BYTES);
	bytes_put32(bytes + CONFIG_DISCARD_SEGMENTS, 1);
	bytes_put32(bytes + CONFIG_DISCARD_ALIGNMENT, block_sectors);
	bytes_put32(bytes + CONFIG_ZEROES_SECTORS, BLK_MAX_BYTES / DISK_SECTOR_BYTES);
	bytes_put32(bytes + CONFIG_ZEROES_SEGMENTS, 1);
}

static const struct virtio_kind kind = {
	.type = TYPE_BLOCK, .class = CLASS_STORAGE, .queue_count = 1,
	.features = FEATURE_SEG_MAX | FEATURE_READ_ONLY | FEATURE_BLOCK_SIZE | FEATURE_FLUSH |
		    FEATURE_DISCARD | FEATURE_ZEROES,
	.config_bytes = CONFIG_BYTES, .notify = notify, .reset = reset, .config = config,
};

void virtio_blk_init(struct virtio_blk *blk, const struct virtio_host *host,
		     const struct disk_backend *backend)
{
	memset(blk, 0, sizeof(*blk));
	blk->backend = backend;
	for (uint32_t i = 0; i < DISK_JOBS; i++)
		blk->jobs[i].blk = blk;
	virtio_function_init(&blk->function, &kind, blk, host);
	blk->function.virtio.features &= ~(backend->is_read_only ? FEATURE_DISCARD | FEATURE_ZEROES :
							     FEATURE_READ_ONLY);
	if (!backend->may_discard)
		blk->function.virtio.features &= ~FEATURE_DISCARD;
}
