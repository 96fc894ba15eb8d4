/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can still be said of two slots without a record.
 */
#include "update/recover.h"

#include <string.h>

static bool is_known(const struct record_role *anchor, enum slot_id slot, const struct verdict *verdict)
{
	return anchor && role_state(anchor, slot) == SLOT_CONFIRMED &&
	       !memcmp(role_digest(anchor, slot), verdict->digest, RECORD_DIGEST_BYTES);
}

static void slot_recover(const struct record_role *anchor, enum slot_id slot, const struct verdict *verdict,
			 struct record_role *role)
{
	if (verdict->kind != VERDICT_GOOD) {
		role_set(role, slot, SLOT_FAILED, verdict->reason ? verdict->reason : SLOT_FAIL_NOT_AN_IMAGE);
		return;
	}
	role_set_digest(role, slot, verdict->digest);
	role_set(role, slot, is_known(anchor, slot, verdict) ? SLOT_CONFIRMED : SLOT_INSTALLED, SLOT_FAIL_NONE);
}

static enum slot_id confirmed_of(const struct record_role *anchor, const struct record_role *role)
{
	if (anchor && anchor->active && role_state(role, (enum slot_id)anchor->active) == SLOT_CONFIRMED)
		return (enum slot_id)anchor->active;
	for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++)
		if (role_state(role, slot) == SLOT_CONFIRMED)
			return slot;
	return SLOT_NONE;
}

static bool is_newer(const struct verdict *a, const struct verdict *b)
{
	return a->security_version != b->security_version ? a->security_version > b->security_version : a->version > b->version;
}

static enum slot_id newest_of(const struct record_role *role, const struct verdict verdicts[2])
{
	bool has_a = role_state(role, SLOT_A) == SLOT_INSTALLED;
	bool has_b = role_state(role, SLOT_B) == SLOT_INSTALLED;

	if (has_a && has_b)
		return is_newer(&verdicts[1], &verdicts[0]) ? SLOT_B : SLOT_A;
	return has_a ? SLOT_A : has_b ? SLOT_B : SLOT_NONE;
}

void recover_role(const struct record_role *anchor, const struct verdict verdicts[2], unsigned int tries, struct record_role *role)
{
	memset(role, 0, sizeof(*role));
	if (anchor) {
		memcpy(role->role_uuid, anchor->role_uuid, UUID_BYTES);
		role->floor = anchor->floor;
	}
	slot_recover(anchor, SLOT_A, &verdicts[0], role);
	slot_recover(anchor, SLOT_B, &verdicts[1], role);
	role->active = (uint8_t)confirmed_of(anchor, role);
	if (role->active)
		return;
	role->try_slot = (uint8_t)newest_of(role, verdicts);
	role->tries_left = role->try_slot ? (uint8_t)tries : 0;
}
