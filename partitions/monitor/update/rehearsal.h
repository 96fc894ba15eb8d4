/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that boot selection may write to without anything reaching the medium: what is written is kept in memory and read back from there. So a
 * box that must not decide anything can still say what it would have decided, by the code that decides.
 */
#ifndef UPDATE_REHEARSAL_H
#define UPDATE_REHEARSAL_H

#include "update/block.h"

/* Two records and two anchors: all that selection writes. */
#define REHEARSAL_BLOCKS 4u

struct rehearsal {
	struct block_device device;
	const struct block_device *disk; /* only ever read */
	unsigned int count;
	struct {
		uint64_t sector;
		uint8_t bytes[BLOCK_BYTES];
	} blocks[REHEARSAL_BLOCKS];
};

/*
 * The device to use in place of `disk`, which must stay. It reads as the disk does, takes writes of BLOCK_BYTES in at most REHEARSAL_BLOCKS places
 * that do not overlap, fails any other, and flushes always.
 */
const struct block_device *rehearsal_open(struct rehearsal *rehearsal, const struct block_device *disk);

#endif
