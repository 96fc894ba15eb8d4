/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installs an image into the slot that does not run, from pieces that come from anybody. In this
 * order:
 *
 *	the manifest is checked; nothing is written before it is accepted;
 *	the slot's old manifest is zeroed, flush;
 *	blocks of the hash tree, from the root down, and of the payload, each verified before it is written;
 *	flush; all of it is read back and verified; the manifest is written, flush;
 *	the slot record says `try`: the one write that matters.
 *
 * Which blocks are there already is found out by hashing them, never remembered: an installation
 * that was cut goes on where it was, whatever the cut did. Functions do a bounded amount of work, whatever
 * the size of an image.
 */
#ifndef UPDATE_INSTALL_H
#define UPDATE_INSTALL_H

#include "update/operate.h"
#include "update/reuse.h"

#define INSTALL_PIECE_BLOCKS 16u
#define INSTALL_SYNC_BYTES (4ull << 20) /* flushed as often */

enum install_phase {
	INSTALL_IDLE,
	INSTALL_RESUME, /* install_resume() finds out what of the tree is there */
	INSTALL_TREE,	/* takes blocks of the tree, in order */
	INSTALL_LEAVES, /* takes blocks of the payload, in any order */
	INSTALL_SCAN,	/* install_scan() finds out what is there */
	INSTALL_CHECK,	/* install_check() reads back what was written */
	INSTALL_DONE,	/* the record says `try` */
};

/* Leaves that are missing, one after the other. */
struct leaf_run {
	uint64_t first, count;
};

/* Some 180 KiB: not for a stack. */
struct install {
	const struct update_box *box;
	enum install_phase phase;
	enum image_error image_error; /* with UPDATE_ERROR_IMAGE: why the image is refused */
	struct block_region target;
	struct image_source source; /* the target, as it is read back */
	uint64_t tree_done;	    /* blocks of the tree that are there */
	uint64_t leaves_done;	    /* leaves known to be there; may count one twice */
	uint64_t leaves_taken;	    /* of them: out of the other slot */
	uint64_t synced_bytes;	    /* written and flushed since the start */
	uint64_t there_bytes;	    /* found in the slot, from an attempt before; may count some twice */
	uint64_t written_bytes;
	uint64_t at;		     /* INSTALL_SCAN: the next leaf; after INCOMPLETE: the one that is missing */
	unsigned int percent;	     /* highest so far */
	struct leaf_run missing;     /* INSTALL_SCAN: not reported yet */
	struct verify_result result; /* of the manifest that is installed; its tree serves all phases */
	struct reuse reuse;	     /* index and index_entries are the owner's to set, once */
	uint64_t piece_first;	     /* verified leaves that are not written yet */
	uint64_t piece_count;
	uint8_t piece[INSTALL_PIECE_BLOCKS * TREE_BLOCK_BYTES];
};

/* `box` must outlive it; in->reuse's index is kept. */
void install_reset(struct install *in, const struct update_box *box);

/* A manifest of 16 KiB. UPDATE_OK: it is accepted and the old one is gone. */
enum update_error install_begin(struct install *in, const uint8_t head[MANIFEST_BYTES_TOTAL]);

/* Looks at some blocks of the tree. *is_done: in->tree_done of them are there from an earlier attempt, from the root down. */
enum update_error install_resume(struct install *in, bool *is_done);

/* Block `number` of the tree; one that is there already is ignored. */
enum update_error install_tree_block(struct install *in, uint64_t number, const uint8_t block[TREE_BLOCK_BYTES]);

/* Leaf `number` of the payload, the last one filled up with zeros. */
enum update_error install_leaf(struct install *in, uint64_t number, const uint8_t block[TREE_BLOCK_BYTES]);

/* Starts looking at what is there, and taking what the other slot has. */
enum update_error install_scan_start(struct install *in);

/*
 * Looks at some leaves. *run gets leaves that are missing (count 0: none to report now). *is_done
 * after the last one has been reported.
 */
enum update_error install_scan(struct install *in, struct leaf_run *run, bool *is_done);

/* All has been sent: starts reading back. */
enum update_error install_finish(struct install *in);

/*
 * Reads back a piece; at the end writes the manifest and commits. *is_done then. INCOMPLETE: a leaf
 * is missing, in->at is its number, and the phase is INSTALL_LEAVES again.
 */
enum update_error install_check(struct install *in, bool *is_done);

/* Percent of all: never falls while one image is installed, 100 only when the record is committed. */
unsigned int install_percent(struct install *in);

static inline const struct manifest *install_manifest(const struct install *in)
{
	return &in->result.manifest;
}

static inline struct tree *install_tree(struct install *in)
{
	return &in->result.payload.tree;
}

/* For install_scan.c: is what is on the disk at the leaf's place the leaf with this digest? */
bool install_is_there(struct install *in, uint64_t number, const uint8_t *digest);

/* For install_scan.c: a verified leaf waits for its neighbours, so that the disk is written in pieces. */
enum update_error install_keep(struct install *in, uint64_t number, const uint8_t *block);
enum update_error install_write_piece(struct install *in);

/* For install_scan.c: what a block's error is for an update. */
enum update_error install_altered(enum image_error error);

#endif
