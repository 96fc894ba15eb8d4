/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk of any size in little memory: what was never written reads as zeros. It aborts when somebody reaches out of it.
 */
#ifndef TESTS_UNIT_UPDATE_SPARSE_DISK_H
#define TESTS_UNIT_UPDATE_SPARSE_DISK_H

#include "update/block.h"

#define SPARSE_BLOCKS 131072u /* a power of two: 17 bits of a hash; half of them may be used */

struct sparse_disk {
	struct block_device device;
	uint64_t lowest, highest; /* bytes that were written: [lowest, highest) */
	unsigned int count;
	uint64_t numbers[SPARSE_BLOCKS]; /* open addressing; block + 1, 0: free */
	uint8_t *blocks[SPARSE_BLOCKS];
};

void sparse_open(struct sparse_disk *disk, uint64_t sector_count, uint32_t sector_bytes);
void sparse_close(struct sparse_disk *disk);

#endif
