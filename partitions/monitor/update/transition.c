/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transitions of a role's entry.
 */
#include "update/transition.h"

#include <string.h>

static bool is_confirmed(const struct record_role *role, const struct running *running)
{
	return role->active == running->slot && role->try_slot != running->slot;
}

enum update_error transition_may_install(const struct record_role *role, const struct running *running)
{
	if (!running->slot)
		return UPDATE_ERROR_NO_SLOT;
	/* An unsound active slot is replaced: what runs instead was confirmed, too. */
	return role_state(role, running->slot) == SLOT_CONFIRMED ? UPDATE_OK : UPDATE_ERROR_UNCONFIRMED;
}

enum update_error transition_stage(struct record_role *role, const struct running *running,
				   const uint8_t digest[RECORD_DIGEST_BYTES], unsigned int tries)
{
	enum update_error error = transition_may_install(role, running);
	enum slot_id target = slot_other(running->slot);

	if (error)
		return error;
	role->active = (uint8_t)running->slot;
	role->try_slot = (uint8_t)target;
	role->tries_left = (uint8_t)tries;
	role_set(role, target, SLOT_INSTALLED, SLOT_FAIL_NONE);
	role_set_digest(role, target, digest);
	return UPDATE_OK;
}

enum update_error transition_confirm(struct record_role *role, const struct running *running)
{
	const struct verdict *verdict = &running->verdict;

	if (!running->slot)
		return UPDATE_ERROR_NO_SLOT;
	if (verdict->security_version < role->floor)
		return UPDATE_ERROR_BELOW_FLOOR;
	role_set_digest(role, running->slot, verdict->digest);
	role_set(role, running->slot, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	role->active = (uint8_t)running->slot;
	role->floor = verdict->security_version;
	if (role->try_slot == running->slot) {
		role->try_slot = SLOT_NONE;
		role->tries_left = 0;
	}
	return UPDATE_OK;
}

static void give_up(struct record_role *role)
{
	role_set(role, (enum slot_id)role->try_slot, SLOT_FAILED, SLOT_FAIL_GIVEN_UP);
	role->try_slot = SLOT_NONE;
	role->tries_left = 0;
}

/* What is known without a look at the other slot. */
static enum update_error may_go_back(const struct record_role *role, const struct running *running)
{
	if (!is_confirmed(role, running))
		return UPDATE_ERROR_UNCONFIRMED;
	return role_state(role, slot_other(running->slot)) == SLOT_CONFIRMED ? UPDATE_OK : UPDATE_ERROR_NOTHING_TO_GO_BACK_TO;
}

bool transition_looks_back(const struct record_role *role, const struct running *running)
{
	return running->slot && !role->try_slot && !may_go_back(role, running);
}

enum update_error transition_revert(struct record_role *role, const struct running *running, const struct verdict *other,
				    unsigned int tries)
{
	const uint8_t *known = role_digest(role, slot_other(running->slot));
	enum update_error error;

	if (!running->slot)
		return UPDATE_ERROR_NO_SLOT;
	/* also what was staged and has not been started yet */
	if (role->try_slot) {
		give_up(role);
		return UPDATE_OK;
	}
	error = may_go_back(role, running);
	if (error)
		return error;
	if (other->kind == VERDICT_BAD && other->reason == SLOT_FAIL_BELOW_FLOOR)
		return UPDATE_ERROR_BELOW_FLOOR;
	if (other->kind != VERDICT_GOOD || memcmp(other->digest, known, RECORD_DIGEST_BYTES))
		return UPDATE_ERROR_NOTHING_TO_GO_BACK_TO;
	if (other->security_version < role->floor)
		return UPDATE_ERROR_BELOW_FLOOR;
	return transition_stage(role, running, other->digest, tries);
}
