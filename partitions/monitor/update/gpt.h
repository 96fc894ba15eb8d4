/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition table of the box's disk, read and checked by the rows of gpt.def, and the
 * partitions Nestbox looks for. Every byte of it is hostile. Nothing is repaired here.
 */
#ifndef UPDATE_GPT_H
#define UPDATE_GPT_H

#include "image/uuid.h"
#include "update/block.h"
#include "update/error.h"

#define GPT_HEADER_BYTES 92
#define GPT_ENTRY_BYTES 128
#define GPT_MAX_PARTITIONS 128
#define GPT_NAME_BYTES 37 /* 36 characters and the terminating zero */

/* Types of Nestbox's partitions: version 8 UUIDs of SHA-256("nestbox-gpt-v1\0" || "nbmeta" ...). */
extern const uint8_t gpt_type_nbmeta[UUID_BYTES]; /* e330e7e8-10ee-89dc-855d-3e8c16644267 */
extern const uint8_t gpt_type_guest[UUID_BYTES];  /* 41c5f4c0-17d0-83ef-9047-259a5af342f3 */
extern const uint8_t gpt_type_data[UUID_BYTES];	  /* fd94bff3-164d-8db4-b7b2-0dc911244784 */

struct gpt_partition {
	uint8_t type[UUID_BYTES];  /* in the order its text is written */
	uint64_t first, last;	   /* sectors, both inside */
	char name[GPT_NAME_BYTES]; /* what is not printable ASCII is '?' */
};

/* Some 9 KiB: not for a stack. */
struct gpt {
	const struct block_device *device;
	bool is_backup; /* the table at the disk's start is not sound; this is the one at its end */
	enum update_error primary_error;
	size_t count;
	struct gpt_partition partitions[GPT_MAX_PARTITIONS]; /* those in use */
};

/*
 * Reads the table at the disk's start, or if it does not hold the one at its end. Returns
 * UPDATE_OK, or why the first one does not hold when neither does; *gpt is complete only with
 * UPDATE_OK.
 */
enum update_error gpt_read(struct gpt *gpt, const struct block_device *device);

/*
 * The one partition of the type (null: any) and name (null: any). GPT_MISSING, GPT_TWICE, or
 * GPT_UNALIGNED when it does not start and end on 4096 bytes: a write of a record could not be one
 * then.
 */
enum update_error gpt_find(const struct gpt *gpt, const uint8_t *type, const char *name, struct block_region *region);

#endif
