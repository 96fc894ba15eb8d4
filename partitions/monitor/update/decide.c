/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot selection, without a disk, a clock or memory of its own.
 */
#include "update/decide.h"

static const struct verdict *verdict_of(const struct selection *s, enum slot_id slot)
{
	return &s->verdicts[slot - 1];
}

static struct step step_verify(enum slot_id slot)
{
	return (struct step){ .kind = STEP_VERIFY, .slot = slot };
}

static struct step step_failed(const struct record_role *role, enum slot_fail reason)
{
	struct step step = { .kind = STEP_COMMIT, .role = *role };

	role_set(&step.role, (enum slot_id)role->try_slot, SLOT_FAILED, reason);
	step.role.try_slot = SLOT_NONE;
	step.role.tries_left = 0;
	return step;
}

static struct step step_spend(const struct record_role *role)
{
	struct step step = { .kind = STEP_COMMIT, .spends_a_try = true, .role = *role };

	step.role.tries_left--;
	return step;
}

/* A slot is only what the record speaks of when it has the image the record knows. */
static enum slot_fail reason_of(const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_BAD)
		return verdict->reason ? verdict->reason : SLOT_FAIL_NOT_AN_IMAGE;
	return verdict->is_recorded ? SLOT_FAIL_NONE : SLOT_FAIL_CHANGED;
}

static bool is_tried(const struct selection *s)
{
	return s->role.try_slot && !s->is_read_only && (s->role.tries_left || s->is_spent);
}

static struct step try_step(const struct selection *s)
{
	enum slot_id slot = (enum slot_id)s->role.try_slot;
	const struct verdict *verdict = verdict_of(s, slot);

	if (verdict->kind == VERDICT_UNKNOWN || (verdict->kind == VERDICT_GOOD && s->loaded != slot))
		return step_verify(slot);
	if (reason_of(verdict))
		return step_failed(&s->role, reason_of(verdict));
	if (!s->is_spent)
		return step_spend(&s->role);
	return (struct step){ .kind = STEP_LAUNCH, .slot = slot };
}

/* May the slot run by itself, without a word? */
static bool is_rightful(const struct selection *s, enum slot_id slot)
{
	return slot == (enum slot_id)s->role.active && verdict_of(s, slot)->is_recorded;
}

static enum warning warning_of(const struct selection *s, enum slot_id slot)
{
	if (is_rightful(s, slot))
		return s->role.try_slot && !s->role.tries_left ? WARNING_TRIES_USED_UP : WARNING_NONE;
	if (!verdict_of(s, slot)->is_recorded)
		return WARNING_UNRECORDED;
	return role_state(&s->role, slot) == SLOT_CONFIRMED ? WARNING_OTHER_SLOT : WARNING_UNCONFIRMED;
}

/* What to do about a slot that comes next; false when it is out of the question. */
static bool candidate_step(const struct selection *s, enum slot_id slot, struct step *step)
{
	const struct verdict *verdict = verdict_of(s, slot);

	if (verdict->kind == VERDICT_BAD)
		return false;
	if (verdict->kind == VERDICT_UNKNOWN || s->loaded != slot)
		*step = step_verify(slot);
	else
		*step = (struct step){ .kind = STEP_LAUNCH, .slot = slot, .warning = warning_of(s, slot) };
	return true;
}

/* The lower the better: what was confirmed, what was installed, what failed, what is empty. */
static int rank_of(const struct record_role *role, enum slot_id slot)
{
	static const int ranks[] = { [SLOT_EMPTY] = 3, [SLOT_INSTALLED] = 1, [SLOT_CONFIRMED] = 0, [SLOT_FAILED] = 2 };

	return ranks[role_state(role, slot)];
}

/* The active slot, unless it turned out to be another image; then the two by rank. */
static struct step fallback_step(const struct selection *s)
{
	enum slot_id active = (enum slot_id)s->role.active;
	enum slot_id first = active ? slot_other(active) : SLOT_A;
	struct step step;

	if (active && (verdict_of(s, active)->kind == VERDICT_UNKNOWN || is_rightful(s, active)) &&
	    candidate_step(s, active, &step))
		return step;
	if (!active && rank_of(&s->role, SLOT_B) < rank_of(&s->role, SLOT_A))
		first = SLOT_B;
	if (candidate_step(s, first, &step) || candidate_step(s, slot_other(first), &step))
		return step;
	return (struct step){ .kind = STEP_HOLD };
}

struct step decide(const struct selection *selection)
{
	return is_tried(selection) ? try_step(selection) : fallback_step(selection);
}

#define WARNING(name, words) [WARNING_##name] = words,
const char *warning_text(enum warning warning)
{
	static const char *const texts[WARNING_END] = {
		[WARNING_NONE] = "",
#include "update/warning.def"
	};

	return (unsigned int)warning < WARNING_END ? texts[warning] : "";
}
#undef WARNING
