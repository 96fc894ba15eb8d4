/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may happen to a role's entry while an image runs: a new image is staged, the running one
 * confirmed, the one before brought back. Pure: each function leaves *role as it is to be
 * committed, or refuses and changes nothing. Which slot runs is what boot selection launched, never
 * what a guest says.
 */
#ifndef UPDATE_TRANSITION_H
#define UPDATE_TRANSITION_H

#include "update/decide.h"
#include "update/error.h"

struct running {
	enum slot_id slot;	/* SLOT_NONE: the image did not come out of a slot */
	struct verdict verdict; /* of the copy that runs */
};

/* May the other slot be overwritten? Not while it is the last that was confirmed. */
enum update_error transition_may_install(const struct record_role *role, const struct running *running);

/* The other slot now holds the image with this digest, written and verified: try it `tries` times. */
enum update_error transition_stage(struct record_role *role, const struct running *running,
				   const uint8_t digest[RECORD_DIGEST_BYTES], unsigned int tries);

/*
 * The running image works. The floor moves here and nowhere else, to the security version of what
 * runs; it never goes down. Confirming twice changes nothing.
 */
enum update_error transition_confirm(struct record_role *role, const struct running *running);

/* Does transition_revert() depend on what the other slot holds? Else nobody need read it. */
bool transition_looks_back(const struct record_role *role, const struct running *running);

/*
 * Back: an image that is being tried is given up; a confirmed one makes place for `other`, what the
 * other slot was found to hold just now, which must have been confirmed once and is tried again.
 */
enum update_error transition_revert(struct record_role *role, const struct running *running, const struct verdict *other,
				    unsigned int tries);

#endif
