/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and comparing in pieces; see flash_write.h. */
#include "flash_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flash_progress.h"

#define PIECE_BYTES (4u << 20)
#define SYNC_EVERY_BYTES (64u << 20) /* keeps the progress honest */
#define LATE_BYTES (1u << 20)	     /* what makes the disk one that boots */
#define ALIGNMENT 4096u

typedef enum exit_code (*piece_function)(struct flash_job *job, uint64_t at, uint8_t *piece, size_t count);

/* What has to be at an offset: the image, with the partition table made for the target. */
static void piece_fill(const struct flash_job *job, uint64_t at, uint8_t *piece, size_t count)
{
	memcpy(piece, job->image->bytes + at, count);
	if (at < FLASH_HEAD_BYTES)
		memcpy(piece, job->head + at, count < FLASH_HEAD_BYTES - at ? count : (size_t)(FLASH_HEAD_BYTES - at));
}

static enum exit_code device_write(const struct flash_job *job, uint64_t at, const uint8_t *bytes, size_t count)
{
	while (count) {
		ssize_t written = pwrite(job->fd, bytes, count, (off_t)at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return report_system_error("cannot write %s at byte %" PRIu64, job->path, at);
		bytes += written;
		at += (uint64_t)written;
		count -= (size_t)written;
	}
	return EXIT_OK;
}

static enum exit_code device_read(const struct flash_job *job, uint64_t at, uint8_t *bytes, size_t count)
{
	while (count) {
		ssize_t got = pread(job->fd, bytes, count, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return report_system_error("cannot read %s back at byte %" PRIu64, job->path, at);
		bytes += got;
		at += (uint64_t)got;
		count -= (size_t)got;
	}
	return EXIT_OK;
}

static enum exit_code device_sync(const struct flash_job *job)
{
	return fsync(job->fd) ? report_system_error("%s did not take everything (sync)", job->path) : EXIT_OK;
}

/* Buffers of the page cache, which direct access needs. */
static uint8_t *piece_new(void)
{
	return aligned_alloc(ALIGNMENT, PIECE_BYTES);
}

/* Does something with each piece of the map inside [from, to). */
static enum exit_code for_each_piece(struct flash_job *job, uint64_t from, uint64_t to, piece_function function)
{
	uint8_t *piece = piece_new();
	enum exit_code code = piece ? EXIT_OK : report_system_error("no memory");

	for (size_t i = 0; !code && i < job->map->count; i++) {
		uint64_t at = job->map->ranges[i].first, end = job->map->ranges[i].end;

		at = at < from ? from : at;
		end = end > to ? to : end;
		for (uint64_t count; !code && at < end; at += count) {
			count = end - at < PIECE_BYTES ? end - at : PIECE_BYTES;
			code = function(job, at, piece, (size_t)count);
		}
	}
	free(piece);
	return code;
}

static struct flash_progress progress;

static enum exit_code piece_write(struct flash_job *job, uint64_t at, uint8_t *piece, size_t count)
{
	enum exit_code code;

	piece_fill(job, at, piece, count);
	code = device_write(job, at, piece, count);
	if (!code && progress.done / SYNC_EVERY_BYTES != (progress.done + count) / SYNC_EVERY_BYTES)
		code = device_sync(job);
	if (!code)
		flash_progress_add(&progress, count);
	return code;
}

static enum exit_code tail_write(const struct flash_job *job, const uint8_t *bytes)
{
	uint8_t *piece = piece_new();
	enum exit_code code;

	if (!piece)
		return report_system_error("no memory");
	memset(piece, 0, FLASH_TABLE_BYTES);
	if (bytes)
		memcpy(piece, bytes, FLASH_TABLE_BYTES);
	code = device_write(job, job->disk_bytes - FLASH_TABLE_BYTES, piece, FLASH_TABLE_BYTES);
	free(piece);
	return code;
}

/* The target's old tables: an interrupted flash must not look like the old disk, either. */
static enum exit_code tables_wipe(const struct flash_job *job)
{
	uint8_t *zeros = piece_new();
	enum exit_code code;

	if (!zeros)
		return report_system_error("no memory");
	memset(zeros, 0, LATE_BYTES);
	code = device_write(job, 0, zeros, LATE_BYTES);
	free(zeros);
	if (!code)
		code = tail_write(job, NULL);
	return code ? code : device_sync(job);
}

enum exit_code flash_write(struct flash_job *job)
{
	enum exit_code code = tables_wipe(job);

	flash_progress_start(&progress, "writing", job->map->bytes);
	if (!code)
		code = for_each_piece(job, LATE_BYTES, UINT64_MAX, piece_write);
	if (!code)
		code = tail_write(job, job->backup);
	if (!code)
		code = device_sync(job);
	if (!code)
		code = for_each_piece(job, 0, LATE_BYTES, piece_write);
	if (!code)
		code = device_sync(job);
	if (!code)
		flash_progress_end(&progress);
	return code;
}

static enum exit_code differs(const struct flash_job *job, uint64_t at)
{
	return report_error(EXIT_REFUSED,
			    "%s does not give back what was written, from byte %" PRIu64
			    " on: it is broken or not as large as it says; "
			    "use another one",
			    job->path, at);
}

static enum exit_code piece_compare(struct flash_job *job, uint64_t at, uint8_t *piece, size_t count)
{
	static uint8_t expected[PIECE_BYTES];
	enum exit_code code = device_read(job, at, piece, count);

	if (code)
		return code;
	piece_fill(job, at, expected, count);
	if (memcmp(expected, piece, count))
		return differs(job, at);
	flash_progress_add(&progress, count);
	return EXIT_OK;
}

static enum exit_code tail_compare(const struct flash_job *job)
{
	uint64_t at = job->disk_bytes - FLASH_TABLE_BYTES;
	uint8_t *piece = piece_new();
	enum exit_code code = piece ? device_read(job, at, piece, FLASH_TABLE_BYTES) : report_system_error("no memory");

	if (!code && memcmp(piece, job->backup, FLASH_TABLE_BYTES))
		code = differs(job, at);
	free(piece);
	return code;
}

enum exit_code flash_read_back(struct flash_job *job)
{
	enum exit_code code;

	/* what is in the page cache says nothing about the medium */
	posix_fadvise(job->fd, 0, 0, POSIX_FADV_DONTNEED);
	flash_progress_start(&progress, "checking", job->map->bytes);
	code = for_each_piece(job, 0, UINT64_MAX, piece_compare);
	if (!code)
		code = tail_compare(job);
	if (!code)
		flash_progress_end(&progress);
	return code;
}
