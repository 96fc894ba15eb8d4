/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs on a block device that makes nobody wait; see disk_queue.h. */
#include "virtio/disk_queue.h"

#include <string.h>

#define LOOKS 32u	   /* of a microsecond or two each, before the guest goes on without it */
#define PIECES_AT_ONCE 16u /* that were over at once, before others have their turn */

static const enum block_operation operations[] = {
	[DISK_READ] = BLOCK_READ, [DISK_WRITE] = BLOCK_WRITE, [DISK_FLUSH] = BLOCK_FLUSH, [DISK_ZERO] = BLOCK_WRITE, [DISK_DISCARD] = BLOCK_DISCARD,
};

/* Between the piece's bytes and the guest's. False: the guest has taken them away. */
static bool copy(struct disk_queue *q, const struct disk_job *job)
{
	for (uint32_t done = 0; done < q->piece_bytes;) {
		size_t part = q->piece_bytes - done;
		uint8_t *guest = disk_job_at(job, q->offset + done, &part);

		if (!guest)
			return false;
		memcpy(job->operation == DISK_READ ? guest : q->bytes + done, job->operation == DISK_READ ? q->bytes + done : guest, part);
		done += (uint32_t)part;
	}
	return true;
}

static void finish(struct disk_queue *q, bool is_good)
{
	struct disk_job *job = q->jobs[q->first];

	q->first = (q->first + 1) % DISK_JOBS;
	q->count--;
	q->offset = 0;
	q->is_telling = true;
	disk_done(job, is_good);
	q->is_telling = false;
}

static void piece_done(void *context, bool is_good)
{
	struct disk_queue *q = context;

	q->is_under_way = false;
	if (q->is_orphan) {
		q->is_orphan = false;
		return;
	}
	const struct disk_job *job = q->jobs[q->first];

	is_good = is_good && (job->operation != DISK_READ || copy(q, job));
	q->offset += q->piece_bytes;
	if (!is_good || q->offset >= job->bytes)
		finish(q, is_good);
}

static uint32_t piece_most(const struct block_device *device, enum disk_operation operation)
{
	uint64_t sectors = operation == DISK_DISCARD ? device->discard_sectors : device->start_sectors;
	uint64_t most = sectors * device->sector_bytes, limit = operation == DISK_DISCARD ? 1u << 31 : DISK_QUEUE_BYTES;

	return (uint32_t)(most < limit ? most : limit);
}

/* The next piece of the first job. */
static void launch(struct disk_queue *q)
{
	const struct block_device *device = q->region->device;
	const struct disk_job *job = q->jobs[q->first];
	uint32_t left = job->operation == DISK_FLUSH ? 0 : job->bytes - q->offset, most = piece_most(device, job->operation);

	q->piece_bytes = left < most ? left : most;
	struct block_request request = {
		.operation = operations[job->operation],
		.sector = q->region->first + (job->sector * DISK_SECTOR_BYTES + q->offset) / device->sector_bytes,
		.count = q->piece_bytes / device->sector_bytes,
		.bytes = q->bytes,
		.done = piece_done,
		.context = q,
	};

	if (job->operation == DISK_ZERO)
		memset(q->bytes, 0, q->piece_bytes);
	q->is_under_way = true;
	q->is_left = false;
	q->pieces++;
	if ((job->operation != DISK_WRITE || copy(q, job)) && device->start(device->context, &request))
		return;
	q->is_under_way = false;
	finish(q, false);
}

static void run(void *context)
{
	struct disk_queue *q = context;
	const struct block_device *device = q->region->device;

	if (q->is_telling)
		return;
	for (uint32_t pieces = 0; pieces < PIECES_AT_ONCE && (q->count || q->is_under_way); pieces++) {
		if (!q->is_under_way)
			launch(q);
		for (uint32_t looks = 0; q->is_under_way && looks < LOOKS; looks++)
			device->step(device->context);
		if (q->is_under_way) {
			q->waits += !q->is_left;
			q->is_left = true;
			return;
		}
	}
}

/* As many jobs as there are fit. */
static void start(void *context, struct disk_job *job)
{
	struct disk_queue *q = context;

	q->jobs[(q->first + q->count++) % DISK_JOBS] = job;
	run(q);
}

static bool is_busy(const void *context)
{
	const struct disk_queue *q = context;

	return q->count || q->is_under_way;
}

static void cancel(void *context)
{
	struct disk_queue *q = context;

	q->is_orphan = q->is_under_way;
	q->count = 0;
	q->offset = 0;
}

void disk_queue_settle(struct disk_queue *queue)
{
	const struct block_device *device = queue->region->device;

	cancel(queue);
	while (queue->is_under_way)
		device->step(device->context);
}

struct disk_backend disk_queue_backend(struct disk_queue *queue, const struct block_region *region, const char *serial)
{
	memset(queue, 0, sizeof(*queue));
	queue->region = region;
	return (struct disk_backend){
		.sectors = region->bytes / DISK_SECTOR_BYTES,
		.block_bytes = region->device->sector_bytes,
		.may_discard = region->device->discard_sectors,
		.serial = serial,
		.start = start,
		.cancel = cancel,
		.run = run,
		.is_busy = is_busy,
		.context = queue,
	};
}
