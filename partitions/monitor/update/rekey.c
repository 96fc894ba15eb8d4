/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings of a running box; see rekey.h. */
#include "update/rekey.h"

#include "update/box_keys.h"
#include "update/slot.h"

/* Nothing here looks at the keyring. */
static enum update_error may_change(const struct update_box *box)
{
	const struct record_role *role = update_role(box);

	if (!role || !box->running.slot)
		return UPDATE_ERROR_NO_SLOT;
	if (!box->keys || !box->keys->policy.roots->count)
		return UPDATE_ERROR_NO_ROOTS;
	if (role_state(role, box->running.slot) != SLOT_CONFIRMED)
		return UPDATE_ERROR_KEYRING_UNCONFIRMED;
	if (box->meta->is_read_only)
		return box->meta->state == NBMETA_FOREIGN ? UPDATE_ERROR_RECORD_FOREIGN : UPDATE_ERROR_DISK_WRITE;
	return UPDATE_OK;
}

enum update_error rekey_install(const struct update_box *box, const uint8_t *bytes, struct verify_result *scratch, enum image_error *why)
{
	enum update_error error = may_change(box);

	*why = IMAGE_OK;
	if (error)
		return error;
	const struct verify_policy policy = update_policy(box);
	const struct box_keys_running running = {
		.source = slot_source(&box->slots[box->running.slot - 1]),
		.digest = box->running.verdict.digest,
		.policy = &policy,
		.scratch = scratch,
	};

	return box_keys_install(box->keys, bytes, &running, why);
}

enum update_error rekey_settle(const struct update_box *box)
{
	struct nbmeta *meta = box->meta;
	enum update_error error;

	if (!box->keys || !meta->has_record || meta->is_read_only || meta->writes)
		return UPDATE_OK;
	const uint64_t version = box_keys_version(box->keys);

	error = version ? box_keys_copy(box->keys) : UPDATE_OK;
	if (error || meta->record.keyring_version >= version)
		return error;
	struct record next = meta->record;

	next.keyring_version = version;
	return nbmeta_commit(meta, &next);
}
