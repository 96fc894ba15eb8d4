/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk in memory that can fail: for tests of what is done with it.
 */
#ifndef TESTS_UNIT_UPDATE_MODEL_DISK_H
#define TESTS_UNIT_UPDATE_MODEL_DISK_H

#include "update/block.h"

struct model_disk {
	struct block_device device;
	uint8_t *bytes;
	uint64_t size;
	unsigned int writes, flushes, reads;
	int64_t fail_write_at;		       /* the n-th write from now fails; negative: none */
	int64_t fail_flush_at, fail_read_at;   /* likewise */
	uint64_t fail_read_from, fail_read_to; /* reads that touch these bytes fail */
	bool loses_writes;		       /* says yes, writes nothing */
};

void disk_open(struct model_disk *disk, uint64_t size, uint32_t sector_bytes);
void disk_close(struct model_disk *disk);

/* Bytes [from, from + count) as a region. */
struct block_region disk_region(const struct model_disk *disk, uint64_t from, uint64_t count);

#endif
