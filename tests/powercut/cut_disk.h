/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that remembers: what was written in which order, to play it back in part, as a power cut
 * does; and what was there before, to undo it.
 */
#ifndef TESTS_POWERCUT_CUT_DISK_H
#define TESTS_POWERCUT_CUT_DISK_H

#include "update/block.h"

#define CUT_SECTOR 512u
#define CUT_MAX_EVENTS 4096u
#define CUT_MAX_UNDOS 16384u

/* A write, or with count 0 a flush. */
struct cut_event {
	uint64_t offset, count;
	uint8_t *bytes;
};

struct cut_undo {
	uint64_t offset, count;
	uint8_t *before;
};

struct cut_disk {
	struct block_device device;
	uint64_t size;
	uint8_t *bytes;
	uint64_t *hashes; /* of each sector; a slot's contents are known by their sum */
	bool is_recording;
	size_t event_count, undo_count;
	struct cut_event events[CUT_MAX_EVENTS];
	struct cut_undo undos[CUT_MAX_UNDOS];
	uint64_t bad_offset, bad_count; /* cannot be read until it is written */
};

void cut_disk_open(struct cut_disk *disk, uint64_t size);
void cut_disk_close(struct cut_disk *disk);

/* From now on events are kept, instead of those before. */
void cut_disk_record(struct cut_disk *disk);
void cut_disk_stop(struct cut_disk *disk);
void cut_disk_forget(struct cut_event *events, size_t count);

/* Writes bytes [from, to) of a recorded write. */
void cut_disk_play(struct cut_disk *disk, const struct cut_event *event, uint64_t from, uint64_t to);

/* Back to when cut_disk_mark() gave the value; everything readable again. */
size_t cut_disk_mark(const struct cut_disk *disk);
void cut_disk_undo(struct cut_disk *disk, size_t mark);

/* Forgets how to undo. */
void cut_disk_settle(struct cut_disk *disk);

/* Tells contents of a range of sectors apart, with what cannot be read. */
uint64_t cut_disk_hash(const struct cut_disk *disk, uint64_t offset, uint64_t count);

#endif
