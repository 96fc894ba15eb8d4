/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slot runs: a pure function from what the slot record says and what is known of the slots to
 * the next step. Whoever performs the steps (select.c) asks again after each. Steps follow these
 * rules:
 *
 *	the slot that is tried comes first, while it has tries left;
 *	it is verified before a try is spent, and a try is spent, on the medium, before it is launched;
 *	if it does not verify it has failed, for a reason, and is not tried again;
 *	then the active slot; then, with a warning, whatever else verifies; then nothing.
 *
 * Nothing but a slot that was verified, and is what was verified last, is ever launched.
 */
#ifndef UPDATE_DECIDE_H
#define UPDATE_DECIDE_H

#include "update/record.h"

enum verdict_kind { VERDICT_UNKNOWN, VERDICT_GOOD, VERDICT_BAD };

/* What looking at a slot has shown. */
struct verdict {
	enum verdict_kind kind;
	enum slot_fail reason;		     /* of VERDICT_BAD */
	bool is_recorded;		     /* of VERDICT_GOOD: it is the image whose digest the record has */
	uint8_t digest[RECORD_DIGEST_BYTES]; /* of VERDICT_GOOD, as the rest */
	uint32_t security_version;
	uint64_t version; /* manifest_version() */
};

struct selection {
	struct record_role role;
	struct verdict verdicts[2]; /* of slot a and slot b */
	enum slot_id loaded;	    /* whose payload is in the partition's RAM, verified there */
	bool is_spent;		    /* a try of role.try_slot has been spent for this start */
	bool is_read_only;	    /* the record cannot be written */
};

enum step_kind { STEP_VERIFY, STEP_COMMIT, STEP_LAUNCH, STEP_HOLD };

/* How a launch came about; the words are in warning.def. */
#define WARNING(name, words) WARNING_##name,
enum warning {
	WARNING_NONE,
#include "update/warning.def"
	WARNING_END
};
#undef WARNING

struct step {
	enum step_kind kind;
	enum slot_id slot;	 /* of STEP_VERIFY, STEP_LAUNCH */
	bool spends_a_try;	 /* of STEP_COMMIT: sets is_spent when it is done */
	struct record_role role; /* of STEP_COMMIT: what it is to be */
	enum warning warning;	 /* of STEP_LAUNCH */
};

/* The next step. STEP_COMMIT only while !is_read_only; at most eight steps lead to a launch or a hold. */
struct step decide(const struct selection *selection);

/* In words, e.g. "the slot that should run is not sound; the other one runs"; "" for WARNING_NONE. */
const char *warning_text(enum warning warning);

#endif
