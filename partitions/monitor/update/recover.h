/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role's entry when the slot record is lost: from the anchor where there is one, and from the
 * slots' manifests. Pure. Nothing is invented: a slot is confirmed only if the anchor knows its
 * image as that; what is only signed is tried like a new image, the newest first.
 */
#ifndef UPDATE_RECOVER_H
#define UPDATE_RECOVER_H

#include "update/decide.h"

/*
 * Fills *role from `anchor` (null: there is none) and what slot_inspect() said of slot a and slot
 * b. `tries` are for an image that has to prove itself. role->role_uuid is the anchor's, or to be
 * set by the caller.
 */
void recover_role(const struct record_role *anchor, const struct verdict verdicts[2], unsigned int tries, struct record_role *role);

#endif
