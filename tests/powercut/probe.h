/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boots the disk as it lies and says what ran; what was expected of it is counted, and shown when it
 * is not so. Verdicts of slots are remembered by the slots' contents: the same bytes are verified once.
 */
#ifndef TESTS_POWERCUT_PROBE_H
#define TESTS_POWERCUT_PROBE_H

#include "cut_disk.h"
#include "world.h"

#define MAX_IMAGES 8

struct outcome {
	int image; /* -1: nothing runs */
	uint32_t floor;
	uint64_t keys; /* version of the keyring in force; 0: built in */
	bool is_lost;  /* a slot that was to be tried has failed for what is in it */
};

/* What may be found after a cut. */
struct expectation {
	const char *what; /* for the message */
	size_t session, event, variant;
	struct outcome outcomes[8];
	size_t count;
	struct outcome fallback; /* what ran before anything was tried */
	bool is_strict;		 /* one of the outcomes, as a pair; else image and floor each on its own */
	uint32_t floor_at_most;	 /* confirming has not begun above it */
};

struct tally {
	uint64_t cuts, boots_cut, resumes;
	uint64_t not_booted, floors_early, unexpected, not_resumed, lost;
	uint64_t verifications;
};

extern struct tally tally;
extern struct cut_disk disk;
extern struct world live, probe; /* `live` is the box whose events are recorded */
extern struct test_image images[MAX_IMAGES];
extern size_t image_count;

void probe_open(void);
void probe_close(void);

/* Boots; the disk is left as the boot leaves it. */
struct outcome boot_of(struct world *w);

/* Boots, and undoes what that wrote. */
struct outcome probe_outcome(void);

/* A power cut has left the disk like this. Boots it, sometimes cuts that boot as well; undoes all. */
void probe_cut(const struct expectation *e);

/* Installs the image again after a cut and expects it to run; undoes all. */
void probe_resume(const struct expectation *e, int image);

uint64_t random_below(uint64_t limit);

#endif
