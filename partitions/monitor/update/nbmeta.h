/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nbmeta partition: two copies of the slot record, two of the anchor, two places for the
 * keyring, each on 64 KiB of its own. It owns which copy is in force and how the next one gets
 * there: write the older copy, flush, read back. That one 4 KiB write is the only commit there is.
 *
 * The anchor is the record as it was when an image was last confirmed. It is written rarely and
 * never together with the record, so that a disk which lies about flushes and loses both copies of
 * the record during an update still leaves which slot was good and the lowest security version.
 */
#ifndef UPDATE_NBMETA_H
#define UPDATE_NBMETA_H

#include "update/block.h"
#include "update/error.h"
#include "update/record.h"

#define NBMETA_PLACE_BYTES 65536u
#define NBMETA_RECORD 0u /* places, two of each */
#define NBMETA_ANCHOR 2u
#define NBMETA_KEYRING 4u
#define NBMETA_BYTES (6u * NBMETA_PLACE_BYTES)

enum nbmeta_state {
	NBMETA_SOUND,	   /* `record` is in force */
	NBMETA_LOST,	   /* both copies are damaged */
	NBMETA_UNREADABLE, /* none can be read, or one is damaged and the other cannot be read */
	NBMETA_FOREIGN,	   /* written by another version: `record` may be an older copy; read only */
};

struct nbmeta {
	struct block_region region;
	enum nbmeta_state state;
	bool has_record;
	bool is_read_only;   /* not ours to write: foreign, unreadable, or a write has failed */
	unsigned int newest; /* copy 0 or 1 */
	struct record record;
	uint32_t writes; /* of 4 KiB, since nbmeta_load(), records and anchors */
	uint8_t block[RECORD_BYTES];
};

/* Reads both copies. META_SMALL for a region that is no nbmeta; else UPDATE_OK and meta->state. */
enum update_error nbmeta_load(struct nbmeta *meta, const struct block_region *region);

/*
 * Makes `next` the record in force, with a sequence number above the last one and its own. With
 * UPDATE_OK it is on the medium and meta->record; else the old one is still in force, and nothing
 * more is written to this nbmeta.
 */
enum update_error nbmeta_commit(struct nbmeta *meta, const struct record *next);

/* The newer sound anchor; false when there is none. */
bool nbmeta_anchor_read(struct nbmeta *meta, struct record *anchor);

/* Writes the record in force as the anchor, unless the anchor says the same already. */
enum update_error nbmeta_anchor_write(struct nbmeta *meta);

/* A new nbmeta, for a disk that is made: all zero, then the record, and the anchor. */
enum update_error nbmeta_format(const struct block_region *region, const struct record *record);

/* Where place `which` (0, 1) of NBMETA_KEYRING lies. */
struct block_region nbmeta_keyring_place(const struct nbmeta *meta, unsigned int which);

#endif
