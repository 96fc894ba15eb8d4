/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new keyring for a box that runs: taken from anybody, as images are, and settled by the next start. What is taken goes over one place of
 * nbmeta and counts at once. Only a start that has read it back from the disk copies it over the other place and raises the lowest version in
 * the slot record: a disk that lies about flushes then loses one of the three at most, and no moment has neither place good.
 */
#ifndef UPDATE_REKEY_H
#define UPDATE_REKEY_H

#include "update/operate.h"

/*
 * Takes a keyring of KEYRING_FILE_BYTES. UPDATE_OK: it is on the disk and in force. NO_SLOT; NO_ROOTS; KEYRING_UNCONFIRMED: what the box might
 * go back to has not been checked with it; RECORD_FOREIGN, DISK_WRITE: nbmeta is not to be written; else as box_keys_install(), with *why for
 * KEYRING. `scratch` is for looking at the image that runs.
 */
enum update_error rekey_install(const struct update_box *box, const uint8_t *bytes, struct verify_result *scratch, enum image_error *why);

/* Part of each start, when something has been chosen to run: settles what the start before took, unless this start has written nbmeta already. */
enum update_error rekey_settle(const struct update_box *box);

#endif
