/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot selection, exhaustively: every entry a record may hold, with every truth about both slots and every
 * failure to write, is run to its end; each step and each end obeys the rules of decide.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "update/recover.h"
#include "update/transition.h"

/* What a slot really holds. */
enum truth { RECORDED, ANOTHER, UNSOUND, TRUTHS };

struct world {
	struct record_role role;
	enum truth truths[2];
	bool is_read_only; /* from the start */
	unsigned int writes_that_work;
};

struct end {
	struct step step;
	struct record_role role; /* what is on the medium */
	unsigned int steps, commits, verifications[2], spent;
	bool was_verified_before_spending;
};

static void world_verify(const struct world *w, struct selection *s, enum slot_id slot)
{
	struct verdict *verdict = &s->verdicts[slot - 1];
	enum truth truth = w->truths[slot - 1];

	memset(verdict, 0, sizeof(*verdict));
	verdict->kind = truth == UNSOUND ? VERDICT_BAD : VERDICT_GOOD;
	verdict->reason = truth == UNSOUND ? SLOT_FAIL_ALTERED : SLOT_FAIL_NONE;
	verdict->is_recorded = truth == RECORDED;
	s->loaded = truth == UNSOUND ? SLOT_NONE : slot;
}

static void assert_step_is_sound(const struct world *w, const struct selection *s, const struct step *step)
{
	const struct verdict *verdict;

	if (step->kind == STEP_LAUNCH) {
		verdict = &s->verdicts[step->slot - 1];
		assert_int_equal(verdict->kind, VERDICT_GOOD);
		assert_int_equal(s->loaded, step->slot);
		assert_int_not_equal(w->truths[step->slot - 1], UNSOUND);
	}
	if (step->kind == STEP_COMMIT) {
		struct record record = { .role_count = 1, .roles = { step->role } };

		assert_false(s->is_read_only);
		assert_null(record_broken_rule(&record));
		assert_int_equal(step->role.floor, s->role.floor);
		assert_int_equal(step->role.active, s->role.active);
		assert_memory_equal(step->role.digests, s->role.digests, sizeof(s->role.digests));
	}
	if (step->kind == STEP_VERIFY)
		assert_true(step->slot == SLOT_A || step->slot == SLOT_B);
}

static void run(const struct world *w, struct end *end)
{
	struct selection s = { .role = w->role, .is_read_only = w->is_read_only };

	memset(end, 0, sizeof(*end));
	for (;;) {
		struct step step = decide(&s);

		assert_step_is_sound(w, &s, &step);
		assert_true(++end->steps <= 8);
		if (step.kind == STEP_LAUNCH || step.kind == STEP_HOLD) {
			end->step = step;
			end->role = s.role;
			return;
		}
		if (step.kind == STEP_VERIFY) {
			end->verifications[step.slot - 1]++;
			world_verify(w, &s, step.slot);
			continue;
		}
		if (end->commits == w->writes_that_work) {
			s.is_read_only = true;
			continue;
		}
		if (step.spends_a_try) {
			end->spent++;
			assert_int_equal(step.role.tries_left, s.role.tries_left - 1);
			assert_int_equal(s.loaded, s.role.try_slot);
			s.is_spent = true;
		}
		end->commits++;
		s.role = step.role;
	}
}

static void assert_end_is_right(const struct world *w, const struct end *end)
{
	enum slot_id active = (enum slot_id)w->role.active, tried = (enum slot_id)w->role.try_slot;
	bool may_write = !w->is_read_only && w->writes_that_work > 0;
	bool may_try = tried && w->role.tries_left && may_write;
	enum slot_id slot = end->step.slot;

	/* something sound runs whenever there is something sound */
	assert_int_equal(end->step.kind == STEP_HOLD, w->truths[0] == UNSOUND && w->truths[1] == UNSOUND);
	assert_true(end->commits <= 1);
	assert_int_equal(end->role.floor, w->role.floor);
	if (may_try && w->truths[tried - 1] == RECORDED) {
		assert_int_equal(slot, tried);
		assert_int_equal(end->spent, 1);
		assert_int_equal(end->role.tries_left, w->role.tries_left - 1);
		assert_int_equal(end->step.warning, WARNING_NONE);
		return;
	}
	assert_int_equal(end->spent, 0);
	if (may_try) { /* it is bad: it has failed, for a reason, and is never tried again */
		assert_int_equal(end->role.try_slot, SLOT_NONE);
		assert_int_equal(role_state(&end->role, tried), SLOT_FAILED);
		assert_int_equal(end->role.reason[tried - 1],
				 w->truths[tried - 1] == UNSOUND ? SLOT_FAIL_ALTERED : SLOT_FAIL_CHANGED);
	} else {
		assert_memory_equal(&end->role, &w->role, sizeof(w->role));
	}
	if (active && w->truths[active - 1] == RECORDED) {
		assert_int_equal(slot, active);
		assert_true(end->step.warning == WARNING_NONE || end->step.warning == WARNING_TRIES_USED_UP);
	} else if (end->step.kind == STEP_LAUNCH) {
		assert_true(end->step.warning != WARNING_NONE);
	}
}

static bool role_is_valid(const struct record_role *role)
{
	const struct record record = { .role_count = 1, .roles = { *role } };

	return record_broken_rule(&record) == NULL;
}

static void truths_run(struct world *w, unsigned int *worlds)
{
	for (unsigned int truths = 0; truths < TRUTHS * TRUTHS; truths++)
		for (unsigned int writes = 0; writes < 3; writes++)
			for (int read_only = 0; read_only < 2; read_only++) {
				struct end end;

				w->truths[0] = (enum truth)(truths % TRUTHS);
				w->truths[1] = (enum truth)(truths / TRUTHS);
				w->writes_that_work = writes;
				w->is_read_only = read_only;
				run(w, &end);
				assert_end_is_right(w, &end);
				++*worlds;
			}
}

/* Calls `with` for every entry the rules of record.def allow, tries 0 to 3. */
static unsigned int roles_run(void (*with)(const struct record_role *role, unsigned int *count))
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < 3 * 3 * 4 * 16; i++) {
		struct record_role role = { .role_uuid = { 1 }, .floor = 5 };

		role.active = (uint8_t)(i % 3);
		role.try_slot = (uint8_t)(i / 3 % 3);
		role.tries_left = (uint8_t)(i / 9 % 4);
		for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++) {
			unsigned int state = i / 36 / (slot == SLOT_A ? 1 : 4) % 4;
			uint8_t digest[RECORD_DIGEST_BYTES];

			memset(digest, slot, sizeof(digest));
			role_set_digest(&role, slot, digest);
			role_set(&role, slot, (enum slot_state)state, state == SLOT_FAILED ? SLOT_FAIL_GIVEN_UP : SLOT_FAIL_NONE);
		}
		if (role_is_valid(&role))
			with(&role, &count);
	}
	return count;
}

static void boot(const struct record_role *role, unsigned int *count)
{
	struct world w = { .role = *role };

	truths_run(&w, count);
}

static void every_boot_obeys_the_rules(void **state)
{
	(void)state;
	assert_true(roles_run(boot) > 2000);
}

/* One step at a time, from states no run comes by: never a launch of what is not verified and loaded. */
static void single_steps_are_sound(const struct record_role *role, unsigned int *count)
{
	for (unsigned int i = 0; i < 4 * 4 * 3 * 4; i++) {
		struct selection s = {
			.role = *role, .loaded = (enum slot_id)(i / 16 % 3), .is_spent = i / 48 & 1, .is_read_only = i / 96 & 1
		};
		struct step step;

		for (unsigned int slot = 0; slot < 2; slot++) {
			unsigned int kind = (slot ? i / 4 : i) % 4;

			s.verdicts[slot].kind = kind == 0 ? VERDICT_UNKNOWN : kind == 1 ? VERDICT_BAD : VERDICT_GOOD;
			s.verdicts[slot].is_recorded = kind == 3;
		}
		step = decide(&s);
		++*count;
		if (step.kind == STEP_LAUNCH) {
			assert_int_equal(s.verdicts[step.slot - 1].kind, VERDICT_GOOD);
			assert_int_equal(s.loaded, step.slot);
			if (step.slot == (enum slot_id)role->try_slot && !step.warning)
				assert_true(s.is_spent);
		}
		if (step.kind == STEP_COMMIT) {
			assert_false(s.is_read_only);
			assert_true(role_is_valid(&step.role));
		}
	}
}

static void every_single_step_is_sound(void **state)
{
	(void)state;
	assert_true(roles_run(single_steps_are_sound) > 10000);
}

/* Starts, never confirmed: as many as there are tries, then the old slot, for good. */
static void unconfirmed_tries_end_in_the_old_slot(void **state)
{
	struct world w = { .writes_that_work = 9 };
	struct end end;

	(void)state;
	memset(w.role.digests, 1, sizeof(w.role.digests));
	w.role.role_uuid[0] = 1;
	w.role.active = SLOT_A;
	w.role.try_slot = SLOT_B;
	w.role.tries_left = 3;
	w.role.state[0] = SLOT_CONFIRMED;
	w.role.state[1] = SLOT_INSTALLED;
	for (unsigned int start = 0; start < 6; start++) {
		run(&w, &end);
		assert_int_equal(end.step.slot, start < 3 ? SLOT_B : SLOT_A);
		assert_int_equal(end.step.warning, start < 3 ? WARNING_NONE : WARNING_TRIES_USED_UP);
		assert_int_equal(end.verifications[0], start >= 3);
		w.role = end.role;
	}
}

/* Transitions from every entry, with every running slot: what they leave is a valid entry, and rules hold. */
static void assert_only_confirm_moves_the_floor(const struct record_role *before, const struct record_role *after, bool is_confirm)
{
	assert_true(role_is_valid(after));
	assert_true(after->floor >= before->floor);
	if (!is_confirm)
		assert_int_equal(after->floor, before->floor);
}

static void stage_try(const struct record_role *role, const struct running *running)
{
	static const uint8_t digest[RECORD_DIGEST_BYTES] = { 77 };
	struct record_role after = *role;
	enum slot_id target = running->slot ? slot_other(running->slot) : SLOT_NONE;

	if (transition_stage(&after, running, digest, 3)) {
		assert_memory_equal(&after, role, sizeof(after));
		return;
	}
	assert_only_confirm_moves_the_floor(role, &after, false);
	/* the last confirmed image is what runs, and stays where it is */
	assert_int_equal(role_state(role, running->slot), SLOT_CONFIRMED);
	assert_int_equal(after.active, running->slot);
	assert_int_equal(after.try_slot, target);
	assert_int_equal(after.tries_left, 3);
	assert_memory_equal(role_digest(&after, target), digest, sizeof(digest));
	assert_memory_equal(role_digest(&after, running->slot), role_digest(role, running->slot), RECORD_DIGEST_BYTES);
}

static void confirm_try(const struct record_role *role, const struct running *running)
{
	struct record_role after = *role, twice;

	if (transition_confirm(&after, running)) {
		assert_memory_equal(&after, role, sizeof(after));
		assert_true(!running->slot || running->verdict.security_version < role->floor);
		return;
	}
	assert_only_confirm_moves_the_floor(role, &after, true);
	assert_int_equal(after.active, running->slot);
	assert_int_equal(after.floor, running->verdict.security_version);
	assert_int_equal(role_state(&after, running->slot), SLOT_CONFIRMED);
	/* nothing is said about a slot that does not run */
	assert_int_equal(role_state(&after, slot_other(running->slot)), role_state(role, slot_other(running->slot)));
	twice = after;
	assert_int_equal(transition_confirm(&twice, running), UPDATE_OK);
	assert_memory_equal(&twice, &after, sizeof(after));
}

/* Who does not look at the other slot must not depend on it. */
static void revert_without_looking(const struct record_role *role, const struct running *running, const struct verdict *other)
{
	const struct verdict unknown = { .kind = VERDICT_UNKNOWN };
	struct record_role seen = *role, unseen = *role;

	if (transition_looks_back(role, running))
		return;
	assert_int_equal(transition_revert(&seen, running, other, 3), transition_revert(&unseen, running, &unknown, 3));
	assert_memory_equal(&seen, &unseen, sizeof(seen));
}

static void revert_try(const struct record_role *role, const struct running *running, const struct verdict *other)
{
	struct record_role after = *role;

	revert_without_looking(role, running, other);
	if (transition_revert(&after, running, other, 3)) {
		assert_memory_equal(&after, role, sizeof(after));
		return;
	}
	assert_only_confirm_moves_the_floor(role, &after, false);
	if (role->try_slot) {
		assert_int_equal(after.try_slot, SLOT_NONE);
		assert_int_equal(after.active, role->active);
		return;
	}
	assert_int_equal(after.active, running->slot);
	assert_int_equal(role_state(role, slot_other(running->slot)), SLOT_CONFIRMED);
	assert_true(other->security_version >= role->floor);
	assert_int_equal(other->kind, VERDICT_GOOD);
}

static void transitions_try(const struct record_role *role, unsigned int *count)
{
	for (unsigned int i = 0; i < 3 * 3 * 2 * 2 * 2; i++) {
		struct running running = { .slot = (enum slot_id)(i % 3), .verdict = { .kind = VERDICT_GOOD } };
		struct verdict other = { .kind = i / 9 % 2 ? VERDICT_GOOD : VERDICT_BAD, .security_version = 4 + i / 18 % 2 };

		running.verdict.security_version = 4 + i / 3 % 3;
		memset(running.verdict.digest, 0x99, RECORD_DIGEST_BYTES);
		memset(other.digest, i / 36 % 2 ? 0x55 : slot_other(running.slot), RECORD_DIGEST_BYTES);
		stage_try(role, &running);
		confirm_try(role, &running);
		revert_try(role, &running, &other);
		++*count;
	}
}

static void every_transition_obeys_the_rules(void **state)
{
	(void)state;
	assert_true(roles_run(transitions_try) > 2000);
}

static void revert_needs_the_image_that_was_confirmed(void **state)
{
	struct record_role role = { .role_uuid = { 1 }, .active = SLOT_B, .floor = 5 }, after;
	struct running running = { SLOT_B, { .kind = VERDICT_GOOD, .security_version = 5 } };
	struct verdict other = { .kind = VERDICT_GOOD, .security_version = 5 };

	(void)state;
	memset(role.digests, 3, sizeof(role.digests));
	memset(other.digest, 3, sizeof(other.digest));
	role.state[0] = role.state[1] = SLOT_CONFIRMED;
	after = role;
	assert_int_equal(transition_revert(&after, &running, &other, 2), UPDATE_OK);
	assert_int_equal(after.try_slot, SLOT_A);
	assert_int_equal(after.tries_left, 2);
	after = role;
	other.security_version = 4;
	assert_int_equal(transition_revert(&after, &running, &other, 2), UPDATE_ERROR_BELOW_FLOOR);
	other.security_version = 5;
	other.digest[0] ^= 1;
	assert_int_equal(transition_revert(&after, &running, &other, 2), UPDATE_ERROR_NOTHING_TO_GO_BACK_TO);
}

/* Without a record: every anchor (or none) with every truth about the manifests. */
static void recoveries_try(const struct record_role *anchor, unsigned int *count)
{
	for (unsigned int i = 0; i < 3 * 3 * 3 * 2; i++) {
		struct verdict verdicts[2];
		struct record_role role;
		bool is_anchored = i / 27;

		memset(verdicts, 0, sizeof(verdicts));
		for (unsigned int slot = 0; slot < 2; slot++) {
			unsigned int kind = (slot ? i / 3 : i) % 3;

			verdicts[slot].kind = kind == 2 ? VERDICT_BAD : VERDICT_GOOD;
			memset(verdicts[slot].digest, kind ? 0x77 : (int)slot + 1, RECORD_DIGEST_BYTES);
			verdicts[slot].version = slot + 2 * (i / 9 % 2);
			verdicts[slot].security_version = i / 9 % 3 ? 1 + !slot : 1;
		}
		recover_role(is_anchored ? anchor : NULL, verdicts, 3, &role);
		if (!is_anchored)
			role.role_uuid[0] = 1;
		assert_true(role_is_valid(&role));
		++*count;
		for (enum slot_id slot = SLOT_A; slot <= SLOT_B; slot++)
			if (role_state(&role, slot) == SLOT_CONFIRMED)
				assert_true(is_anchored && role_state(anchor, slot) == SLOT_CONFIRMED &&
					    verdicts[slot - 1].kind == VERDICT_GOOD);
		assert_int_equal(role.floor, is_anchored ? anchor->floor : 0);
		/* something will be launched if anything can be */
		if (verdicts[0].kind == VERDICT_GOOD || verdicts[1].kind == VERDICT_GOOD)
			assert_true(role.active || role.try_slot);
	}
}

static void recovery_invents_nothing(void **state)
{
	(void)state;
	assert_true(roles_run(recoveries_try) > 1000);
}

static void newest_is_tried_without_an_anchor(void **state)
{
	struct verdict verdicts[2] = { { .kind = VERDICT_GOOD, .security_version = 2, .version = 1, .digest = { 1 } },
				       { .kind = VERDICT_GOOD, .security_version = 1, .version = 9, .digest = { 2 } } };
	struct record_role role;

	(void)state;
	recover_role(NULL, verdicts, 2, &role);
	assert_int_equal(role.active, SLOT_NONE);
	assert_int_equal(role.try_slot, SLOT_A);
	assert_int_equal(role.tries_left, 2);
	verdicts[0].security_version = 1;
	recover_role(NULL, verdicts, 2, &role);
	assert_int_equal(role.try_slot, SLOT_B);
	verdicts[1].kind = VERDICT_BAD;
	recover_role(NULL, verdicts, 2, &role);
	assert_int_equal(role.try_slot, SLOT_A);
	verdicts[0].kind = VERDICT_BAD;
	recover_role(NULL, verdicts, 2, &role);
	assert_int_equal(role.try_slot, SLOT_NONE);
	assert_int_equal(role.tries_left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_boot_obeys_the_rules),
		cmocka_unit_test(every_single_step_is_sound),
		cmocka_unit_test(unconfirmed_tries_end_in_the_old_slot),
		cmocka_unit_test(every_transition_obeys_the_rules),
		cmocka_unit_test(revert_needs_the_image_that_was_confirmed),
		cmocka_unit_test(recovery_invents_nothing),
		cmocka_unit_test(newest_is_tried_without_an_anchor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
