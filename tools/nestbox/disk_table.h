/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new disk: which partitions it has, where they lie, and its partition table. Pure: the same input gives the same bytes.
 * UEFI 2.10 section 5.3 "GUID Partition Table (GPT) Disk Layout".
 */
#ifndef NESTBOX_DISK_TABLE_H
#define NESTBOX_DISK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_gpt.h"
#include "image/uuid.h"

#define DISK_PARTITIONS_MAX 8u
#define DISK_ALIGNMENT (1u << 20)
#define DISK_HEAD_BYTES ((FLASH_TABLE_SECTORS + 1) * FLASH_SECTOR)

extern const uint8_t disk_type_bios_boot[UUID_BYTES]; /* where GRUB's core lies for a BIOS */
extern const uint8_t disk_type_esp[UUID_BYTES];	      /* EFI system partition */

struct disk_partition {
	const char *name; /* ASCII, at most 36 characters */
	const uint8_t *type;
	uint64_t bytes; /* rounded up to DISK_ALIGNMENT by disk_place() */
	uint64_t offset; /* set by disk_place() */
};

struct disk_plan {
	struct disk_partition partitions[DISK_PARTITIONS_MAX];
	size_t count;
	uint8_t seed[32]; /* the disk's and the partitions' own UUIDs are made of it */
	uint64_t bytes;	  /* of the disk; set by disk_place() */
};

/* Gives every partition its place, in order. False when the sum passes 2^62 bytes. */
bool disk_place(struct disk_plan *plan);

/* The disk's first DISK_HEAD_BYTES (protective MBR, table) and last FLASH_TABLE_BYTES, of a placed plan. */
bool disk_table_make(const struct disk_plan *plan, uint8_t head[DISK_HEAD_BYTES], uint8_t backup[FLASH_TABLE_BYTES]);

#endif
