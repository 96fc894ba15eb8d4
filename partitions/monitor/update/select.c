/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop around decide().
 */
#include "update/select.h"

#include <string.h>

#include "update/recover.h"

#define STEPS_AT_MOST 16 /* decide.h promises eight */

/* The record a lost one is replaced by: the anchor without what was being tried, or an empty one. */
static void record_rebuild(struct nbmeta *meta, const struct slot_access *access, struct record *record)
{
	if (!nbmeta_anchor_read(meta, record))
		record_init(record, access->role_uuid);
	for (size_t i = 0; i < record->role_count; i++) {
		record->roles[i].try_slot = SLOT_NONE;
		record->roles[i].tries_left = 0;
	}
	record->flags |= RECORD_RECOVERED;
}

/*
 * The role's entry is made anew: from the anchor's, or from nothing. A record that is full of other
 * roles is left alone; then the entry is only for this start.
 */
static void role_rebuild(struct nbmeta *meta, const struct slot_access *access, struct record *record)
{
	struct record_role *role = record_role(record, access->role_uuid);
	const struct record_role *anchor;
	struct record kept;
	struct verdict verdicts[2];

	anchor = nbmeta_anchor_read(meta, &kept) ? record_role(&kept, access->role_uuid) : NULL;
	if (!role && record->role_count == RECORD_MAX_ROLES) {
		meta->is_read_only = true;
		record->role_count--;
	}
	if (!role)
		role = &record->roles[record->role_count++];
	access->inspect(access->context, SLOT_A, anchor ? anchor->floor : 0, &verdicts[0]);
	access->inspect(access->context, SLOT_B, anchor ? anchor->floor : 0, &verdicts[1]);
	recover_role(anchor, verdicts, access->tries, role);
	memcpy(role->role_uuid, access->role_uuid, UUID_BYTES);
}

/* The record to go by: the one in force, or one made anew, which is written if this nbmeta may be. */
static void record_obtain(struct nbmeta *meta, const struct slot_access *access, struct record *record)
{
	if (meta->has_record)
		*record = meta->record;
	else
		record_rebuild(meta, access, record);
	if (meta->has_record && record_role(record, access->role_uuid))
		return;
	role_rebuild(meta, access, record);
	if (!meta->is_read_only && !nbmeta_commit(meta, record))
		*record = meta->record;
}

static void slot_verify(struct selection *s, const struct slot_access *access, enum slot_id slot)
{
	struct verdict *verdict = &s->verdicts[slot - 1];

	access->load(access->context, slot, s->role.floor, verdict);
	verdict->is_recorded = verdict->kind == VERDICT_GOOD &&
			       !memcmp(verdict->digest, role_digest(&s->role, slot), RECORD_DIGEST_BYTES);
	s->loaded = verdict->kind == VERDICT_GOOD ? slot : SLOT_NONE;
}

static void step_commit(struct selection *s, struct nbmeta *meta, struct record *record, const struct step *step)
{
	struct record next = *record;

	*record_role(&next, step->role.role_uuid) = step->role;
	if (nbmeta_commit(meta, &next)) {
		s->is_read_only = true;
		return;
	}
	*record = meta->record;
	s->role = step->role;
	s->is_spent = s->is_spent || step->spends_a_try;
}

/* An anchor that a cut kept from being written, or that a disk lost, is written when nothing is being tried. */
static void anchor_mend(struct nbmeta *meta, const struct selection *s, const struct choice *choice)
{
	if (!meta->is_read_only && s->role.active == choice->running.slot && choice->warning == WARNING_NONE)
		(void)!nbmeta_anchor_write(meta);
}

static bool choice_launch(struct choice *choice, const struct selection *s, const struct step *step)
{
	choice->warning = step->warning;
	choice->running.slot = step->slot;
	choice->running.verdict = s->verdicts[step->slot - 1];
	return true;
}

bool select_slot(struct nbmeta *meta, const struct slot_access *access, struct choice *choice)
{
	struct selection s = { .is_read_only = false };
	struct record record;
	bool is_launched = false;

	memset(choice, 0, sizeof(*choice));
	record_obtain(meta, access, &record);
	s.role = *record_role(&record, access->role_uuid);
	s.is_read_only = meta->is_read_only;
	for (unsigned int i = 0; i < STEPS_AT_MOST && !is_launched; i++) {
		struct step step = decide(&s);

		if (step.kind == STEP_HOLD)
			break;
		if (step.kind == STEP_VERIFY)
			slot_verify(&s, access, step.slot);
		else if (step.kind == STEP_COMMIT)
			step_commit(&s, meta, &record, &step);
		else
			is_launched = choice_launch(choice, &s, &step);
	}
	memcpy(choice->verdicts, s.verdicts, sizeof(s.verdicts));
	choice->is_recovered = record.flags & RECORD_RECOVERED;
	if (is_launched)
		anchor_mend(meta, &s, choice);
	return is_launched;
}
