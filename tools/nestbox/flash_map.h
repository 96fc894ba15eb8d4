/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bytes of a disk image have to be on a disk: its partition table, what its partitions hold, and zeros where something old could be
 * taken for new. The rest is left as it is on the target. Pure, but for asking the file where its holes are.
 *
 *	outside of the partitions     all
 *	slots of a guest              the image in it, from its manifest; the first megabyte where there is none
 *	data                          what the file holds, and the first and last megabyte, where file systems have their headers
 *	any other partition           all: a hole in the file stands for zeros there
 */
#ifndef NESTBOX_FLASH_MAP_H
#define NESTBOX_FLASH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "update/gpt.h"

#define FLASH_MAX_RANGES 4096u

struct flash_range {
	uint64_t first, end; /* bytes; multiples of 4096 but for the disk's end */
};

struct flash_map {
	size_t count;
	struct flash_range ranges[FLASH_MAX_RANGES]; /* in order, apart */
	uint64_t bytes;				     /* of all */
};

/* The file: its bytes, and where its next data and next hole from an offset on are (the file's size if there is none). */
struct flash_file {
	const uint8_t *bytes;
	uint64_t size;
	uint64_t (*next_data)(const void *context, uint64_t from);
	uint64_t (*next_hole)(const void *context, uint64_t from);
	const void *context;
};

/* False for more pieces than FLASH_MAX_RANGES. `gpt` is the file's own; its second table, at the end, is left out: it moves. */
bool flash_map_make(struct flash_map *map, const struct flash_file *file, const struct gpt *gpt);

#endif
