/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting an image on a disk so that a power cut on the way leaves nothing that looks whole: the target's old partition tables go first, the
 * new first megabyte comes last, and everything is read back from the medium.
 */
#ifndef NESTBOX_FLASH_WRITE_H
#define NESTBOX_FLASH_WRITE_H

#include "file.h"
#include "flash_gpt.h"
#include "flash_map.h"

#define FLASH_HEAD_BYTES (FLASH_SECTOR + FLASH_TABLE_BYTES)

struct flash_job {
	const struct input_file *image;
	const struct flash_map *map;
	const char *path;		   /* of the target, for messages */
	int fd;				   /* of the target, open for reading and writing, for itself alone */
	uint64_t disk_bytes;		   /* of the target */
	uint8_t head[FLASH_HEAD_BYTES];	   /* flash_gpt_move()'s: takes the place of the image's */
	uint8_t backup[FLASH_TABLE_BYTES]; /* the same: the target's last sectors */
};

/* Writes, syncs, shows progress. */
enum exit_code flash_write(struct flash_job *job);

/* Reads all that was written back from the medium and compares. EXIT_REFUSED when it is not the same. */
enum exit_code flash_read_back(struct flash_job *job);

#endif
