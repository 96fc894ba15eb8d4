/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transitions, committed.
 */
#include "update/operate.h"

#include <string.h>

#include "update/box_keys.h"
#include "update/slot.h"

const struct record_role *update_role(const struct update_box *box)
{
	return box->meta->has_record ? record_role(&box->meta->record, box->policy->role_uuid) : NULL;
}

struct verify_policy update_policy(const struct update_box *box)
{
	const struct record_role *role = update_role(box);
	struct verify_policy policy = *box->policy;

	if (role && role->floor > policy.security_version_floor)
		policy.security_version_floor = role->floor;
	if (box->keys)
		policy.keyring = box->keys->keyring;
	return policy;
}

static enum update_error commit(const struct update_box *box, const struct record_role *role, uint32_t flags)
{
	struct record next = box->meta->record;
	struct record_role *entry = record_role(&next, box->policy->role_uuid);

	/* gaps that differ only cost a commit: NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (!memcmp(entry, role, sizeof(*role)) && next.flags == flags)
		return UPDATE_OK;
	*entry = *role;
	next.flags = flags;
	return nbmeta_commit(box->meta, &next);
}

enum update_error update_commit(const struct update_box *box, const struct record_role *role)
{
	return commit(box, role, box->meta->record.flags);
}

enum update_error update_confirm(const struct update_box *box)
{
	const struct record_role *entry = update_role(box);
	struct record_role role;
	enum update_error error;

	if (!entry)
		return UPDATE_ERROR_NO_SLOT;
	role = *entry;
	error = transition_confirm(&role, &box->running);
	if (!error)
		error = commit(box, &role, box->meta->record.flags & ~(uint32_t)RECORD_RECOVERED);
	return error ? error : nbmeta_anchor_write(box->meta);
}

enum update_error update_revert(const struct update_box *box, struct verify_result *scratch)
{
	const struct record_role *entry = update_role(box);
	struct verify_policy policy = update_policy(box);
	struct verdict other = { .kind = VERDICT_UNKNOWN };
	struct record_role role;
	enum update_error error;

	if (!entry || !box->running.slot)
		return UPDATE_ERROR_NO_SLOT;
	role = *entry;
	if (transition_looks_back(&role, &box->running))
		slot_inspect(&box->slots[slot_other(box->running.slot) - 1], &policy, scratch, &other);
	error = transition_revert(&role, &box->running, &other, box->tries);
	return error ? error : update_commit(box, &role);
}
