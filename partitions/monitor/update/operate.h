/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest or a person may ask of the slots besides an installation, done on the disk.
 */
#ifndef UPDATE_OPERATE_H
#define UPDATE_OPERATE_H

#include "image/verify.h"
#include "update/select.h"

struct box_keys;

/* What belongs to a running box, whoever asks. All pointers outlive it. */
struct update_box {
	struct nbmeta *meta;
	const struct block_region *slots;   /* slot a and slot b */
	const struct verify_policy *policy; /* of this box; its floor is the one that is built in */
	struct box_keys *keys;		    /* the keyring in force, in place of the policy's; null: it cannot change */
	struct running running;
	unsigned int tries; /* of a new image, 1 to RECORD_MAX_TRIES */
};

/* The role's entry of the record in force, or null: then nothing can be asked of the slots. */
const struct record_role *update_role(const struct update_box *box);

/* The policy with the higher of both floors and the keyring in force. */
struct verify_policy update_policy(const struct update_box *box);

/* Commits a changed entry, and nothing when it is the same. */
enum update_error update_commit(const struct update_box *box, const struct record_role *role);

/* Confirms what runs: at most one commit and one anchor. It clears RECORD_RECOVERED, too. */
enum update_error update_confirm(const struct update_box *box);

/* Goes back by transition_revert(). `scratch` is for looking at the other slot. */
enum update_error update_revert(const struct update_box *box, struct verify_result *scratch);

#endif
