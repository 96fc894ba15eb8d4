/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performs boot selection on the disk: asks decide.c for steps, looks at slots, commits records.
 * What a slot's image is loaded into belongs to the caller.
 */
#ifndef UPDATE_SELECT_H
#define UPDATE_SELECT_H

#include "update/nbmeta.h"
#include "update/transition.h"

#define SELECT_DEFAULT_TRIES 3u

/*
 * What selection asks of the box. Both verify the slot with a floor of at least `floor` and fill
 * *verdict, except for is_recorded: inspect() its manifest only; load() copies the payload to where
 * it runs and verifies that copy, in place of whatever was loaded before.
 */
struct slot_access {
	void (*inspect)(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict);
	void (*load)(void *context, enum slot_id slot, uint32_t floor, struct verdict *verdict);
	void *context;
	uint8_t role_uuid[UUID_BYTES];
	unsigned int tries; /* for an image that has to prove itself, when the record is lost */
};

struct choice {
	struct running running; /* SLOT_NONE: nothing may run */
	enum warning warning;
	bool is_recovered;	    /* the record had been lost, now or earlier, and nobody has confirmed since */
	struct verdict verdicts[2]; /* as far as they were looked at */
};

/*
 * True when choice->running.slot is loaded, verified and, if it is being tried, its try is spent on
 * the medium. Reads and, where a rule of decide.h says so, writes `meta`, which nbmeta_load()
 * filled.
 */
bool select_slot(struct nbmeta *meta, const struct slot_access *access, struct choice *choice);

#endif
