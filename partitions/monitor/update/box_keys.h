/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which image keys are in force on this box: those of the newest valid keyring in the two places of nbmeta, else those that are built in. A new
 * one goes over the older place, whole, and counts when it can be read back; the other place is not touched, so that power may go at any moment.
 */
#ifndef UPDATE_BOX_KEYS_H
#define UPDATE_BOX_KEYS_H

#include "image/keyring_file.h"
#include "image/verify.h"
#include "update/block.h"
#include "update/error.h"

/* Some 60 KiB: not for a stack. */
struct box_keys {
	struct block_region places[2];
	struct keyring_policy policy;
	const struct keyring *built_in;
	const struct keyring *keyring; /* in force; never null */
	unsigned int newest;	       /* the place it is from, if it is from one */
	bool is_degraded; /* a keyring has been there and neither place holds a valid one: the built-in keys count again */
	enum image_error errors[2]; /* of each place */
	struct keyring_file files[2];
	uint8_t bytes[2][KEYRING_FILE_BYTES];
};

/* The image that runs, which a new keyring must not strand. */
struct box_keys_running {
	struct image_source source; /* where the next start finds it */
	const uint8_t *digest;	    /* signature_digest() of its manifest */
	const struct verify_policy *policy;
	struct verify_result *scratch;
};

/*
 * Reads both places, each at least KEYRING_FILE_BYTES rounded up to blocks. policy->version_floor is what the slot record remembers.
 */
void box_keys_load(struct box_keys *keys, const struct block_region places[2], const struct keyring_policy *policy,
		   const struct keyring *built_in);

/*
 * Takes a keyring that came from anybody. UPDATE_OK: it is on the medium and in force. KEYRING with *why; KEYRING_STRANDS; DISK_READ,
 * DISK_WRITE: the old one is still in force. `running` is null when nothing runs.
 */
enum update_error box_keys_install(struct box_keys *keys, const uint8_t bytes[KEYRING_FILE_BYTES],
				   const struct box_keys_running *running, enum image_error *why);

/*
 * Makes the other place hold what the one in force holds. UPDATE_OK: both do, or none has a keyring. DISK_READ, DISK_WRITE: the place in force
 * is as it was.
 */
enum update_error box_keys_copy(struct box_keys *keys);

/* Of the keyring in force; 0 for the built-in keys. */
uint64_t box_keys_version(const struct box_keys *keys);

#endif
