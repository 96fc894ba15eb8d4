/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said on org.nestbox.update: frames come in, lines of text go out. A bundle may simply be
 * written to the port; a client that listens sends MANIFEST and TREE, asks QUERY, and sends only the
 * leaves that are missing. Lines, each a word and its values:
 *
 *	ready 1                          the port was opened; version of the format
 *	manifest VERSION SECURITY LEAVES TREE-BLOCKS TREE-BLOCKS-THERE
 *	missing FIRST COUNT              leaves to be sent; answers to QUERY, then
 *	queried MISSING TAKEN            how many, and how many the other slot had
 *	progress PERCENT SAFE TOTAL      bytes that are on the disk, synced; 100 only after the commit
 *	done SLOT                        it is tried at the next start
 *	slot NAME STATE [REASON]         answers to STATUS, then
 *	running SLOT VERSION SECURITY CONFIRMED TRY TRIES-LEFT FLOOR
 *	ok NAME                          CONFIRM, REVERT or KEYRING is done
 *	error NAME TEXT
 *
 * Frames behind an error are skipped up to the next START; after one that is no frame everything is,
 * until the port is opened again. The peer is a guest: it gets nothing but these lines.
 */
#ifndef UPDATE_PROTOCOL_H
#define UPDATE_PROTOCOL_H

#include "update/frame.h"
#include "update/install.h"

enum protocol_state {
	PROTOCOL_IDLE,	  /* no START yet, or done */
	PROTOCOL_OPEN,	  /* an installation may go on */
	PROTOCOL_REFUSED, /* skips frames up to the next START */
	PROTOCOL_LOST,	  /* where frames start is not known any more */
};

#define PROTOCOL_WORK FRAME_MAX_BLOCKS

/* Some 130 KiB: not for a stack. */
struct protocol {
	struct install *install;
	const struct update_box *box;
	void (*emit)(void *context, const char *line, size_t length); /* whole lines; may drop them */
	void *context;
	enum protocol_state state;
	enum update_error last_error;	/* not told twice in a row */
	enum image_error keyring_error; /* with UPDATE_ERROR_KEYRING: why */
	unsigned int told_percent;
	uint64_t missing;   /* leaves, since QUERY */
	unsigned int spent; /* PROTOCOL_WORK is what may be done between two protocol_work(), in blocks of a bundle */
	size_t have;	    /* bytes of the frame, head included */
	struct frame frame;
	uint8_t head[FRAME_HEAD_BYTES];
	uint8_t body[FRAME_MAX_BODY];
	uint8_t blocks[FRAME_MAX_BODY];
};

/*
 * The port was opened: whatever came before is forgotten, what was written stays. install, box, emit
 * and context are set by the owner.
 */
void protocol_open(struct protocol *p);

/*
 * Takes bytes, which are read once; returns how many. Fewer than `count` while there is work to do, or when what they asked for was work
 * enough for now: a frame of 24 bytes may mean a signature and a megabyte of the disk. Then protocol_work() comes first.
 */
size_t protocol_take(struct protocol *p, const uint8_t *bytes, size_t count);

/* Does a bounded piece of what has been asked for; false when there is nothing to do, and no bytes wait for it. */
bool protocol_work(struct protocol *p);

#endif
