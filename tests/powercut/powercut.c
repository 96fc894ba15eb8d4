/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a box, with its power cut at every write of it. Each session (from one start to the
 * next) is run once and recorded; then the disk is put into every state a cut can leave:
 *
 *	in order: before a write, torn at every sector (every byte of a record and of a keyring), after it;
 *	torn with rubbish in the sector that was being written, or with one that cannot be read;
 *	any of the writes since the last flush missing;
 *	the same with one flush that did nothing, and with a disk that does nothing on any of them.
 *
 * After each the box must start a verified image, and one that this moment allows; the lowest security
 * version may have moved only if confirming had begun; and while flushes do what they say, the record
 * never speaks of an image that is not there yet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "session.h"
#include "update/rekey.h"

static const struct session sessions[] = {
	/* an update, and back */
	{ INSTALL, 1, 0, 1 },
	{ CONFIRM, 0, 1, 2 },
	{ REVERT, 0, 1, 1 },
	{ CONFIRM, 0, 0, 2 },
	/* a second image key; one without the first would strand what runs */
	{ KEYRING, 1, 0, 1 },
	{ NOTHING, 0, 0, 0 },
	{ KEYRING_REFUSED, 2, 0, 0 },
	/* an image that nobody confirms, and once more: the floor moves */
	{ INSTALL, 2, 0, 1 },
	{ NOTHING, 0, 2, 0 },
	{ NOTHING, 0, 2, 0 },
	{ NOTHING, 0, 2, 0 },
	{ INSTALL, 2, 0, 1 },
	{ CONFIRM, 0, 2, 2 },
	{ REVERT_REFUSED, 0, 2, 0 },
	/* given up, and once more */
	{ INSTALL, 3, 2, 1 },
	{ REVERT, 0, 3, 1 },
	{ INSTALL, 3, 2, 1 },
	{ CONFIRM, 0, 3, 2 },
	/* the first key goes; the keyring with it does not come back */
	{ KEYRING, 2, 3, 1 },
	{ NOTHING, 0, 3, 0 },
	{ KEYRING_REFUSED, 1, 3, 0 },
	{ INSTALL, 4, 3, 1 },
	{ CONFIRM, 0, 4, 2 },
};

/* Leaves: a few change from one to the next, some move, some are zero. */
static const struct image_spec specs[] = {
	{ 1, 1, 12, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } },
	{ 2, 1, 12, { 1, 2, 33, 4, 5, 6, 7, 8, 39, 10, 11, 12 } },
	{ 3, 2, 40, { 50, 1,  2,  3,  4,  0,  0,  5,  6,  7,  70, 71, 72, 73, 74, 75, 76, 77, 78, 79,
		      80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99 } },
	{ 4, 2, 5, { 50, 1, 2, 3, 4 } },
	{ 5, 4, 12, { 60, 61, 62, 63, 64, 65, 66, 67, 50, 1, 2, 3 } },
};

/* By version: of both keys, of the second. */
static uint8_t keyrings[3][KEYRING_FILE_BYTES];

struct trace trace;
static unsigned int failures;

void session_require(bool is_true, const char *what)
{
	if (is_true)
		return;
	printf("powercut: session %zu: %s\n", trace.number, what);
	failures++;
}

static enum update_error keyring_change(const struct session *s)
{
	enum image_error why;

	return rekey_install(&live.box, keyrings[s->image], &live.result, &why);
}

static enum update_error act(const struct session *s)
{
	switch (s->action) {
	case INSTALL:
		return world_install(&live, &images[s->image]);
	case CONFIRM:
		return update_confirm(&live.box);
	case REVERT:
		return update_revert(&live.box, &live.result);
	case REVERT_REFUSED:
		return update_revert(&live.box, &live.result) == UPDATE_ERROR_BELOW_FLOOR ? UPDATE_OK : UPDATE_ERROR_BELOW_FLOOR;
	case KEYRING:
		return keyring_change(s);
	case KEYRING_REFUSED:
		return keyring_change(s) ? UPDATE_OK : UPDATE_ERROR_ORDER;
	default:
		return UPDATE_OK;
	}
}

/* What the box falls back to if all is lost but the anchor. */
static int confirmed_now(void)
{
	const struct record_role *role;

	for (size_t i = 0; i < image_count; i++) {
		role = update_role(&live.box);
		if (!memcmp(role_digest(role, (enum slot_id)role->active), images[i].digest, RECORD_DIGEST_BYTES))
			return (int)i;
	}
	return -1;
}

static void session_record(size_t number)
{
	const struct session *s = &sessions[number];
	struct outcome found;
	int writes = 0;

	trace.number = number;
	trace.session = s;
	trace.outcomes[0] = probe_outcome();
	cut_disk_record(&disk);
	found = boot_of(&live);
	trace.boot_count = disk.event_count;
	trace.confirmed = confirmed_now();
	trace.outcomes[1] = probe_outcome();
	session_require(found.image == s->runs, "another image runs");
	session_require(act(s) == UPDATE_OK, "the action fails");
	cut_disk_stop(&disk);
	trace.outcomes[2] = probe_outcome();
	trace.count = disk.event_count;
	memcpy(trace.events, disk.events, trace.count * sizeof(trace.events[0]));
	disk.event_count = 0;
	for (size_t i = trace.boot_count; i < trace.count; i++)
		writes += event_is_meta(&trace.events[i]);
	session_require(writes == s->meta_writes, "another number of metadata writes");
	cut_disk_undo(&disk, 0);
}

/* The disk as the session leaves it; the next starts from there. */
static void session_end(void)
{
	for (size_t i = 0; i < trace.count; i++)
		cut_disk_play(&disk, &trace.events[i], 0, trace.events[i].count);
	cut_disk_settle(&disk);
	cut_disk_forget(trace.events, trace.count);
}

/* One update: staged, tried once, confirmed; metadata writes of both sessions, starts included. */
static unsigned int meta_writes(void)
{
	unsigned int count = 0;

	for (size_t i = 0; i < trace.count; i++)
		count += event_is_meta(&trace.events[i]);
	return count;
}

static void life(void)
{
	unsigned int of_update = 0;

	for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
		session_record(i);
		of_update = sessions[i].action == INSTALL ? meta_writes() : of_update + meta_writes();
		if (i > 0 && sessions[i].action == CONFIRM && sessions[i - 1].action == INSTALL)
			session_require(of_update <= 4, "more than four metadata writes in an update");
		session_cut();
		session_end();
	}
}

int main(void)
{
	clock_t start = clock();
	struct tally *t = &tally;
	uint64_t bad;

	probe_open();
	for (; image_count < sizeof(specs) / sizeof(specs[0]); image_count++) {
		live.signer = image_count >= 3;
		world_image(&live, &specs[image_count], &images[image_count]);
	}
	world_keyring(&live, 1, 3, keyrings[1]);
	world_keyring(&live, 2, 2, keyrings[2]);
	world_flash(&live, &images[0]);
	cut_disk_settle(&disk);
	life();
	bad = t->not_booted + t->floors_early + t->unexpected + t->not_resumed + t->lost + failures;
	printf("powercut: %llu cut points (%llu of them in the start after a cut), %llu resumed, "
	       "%llu slot contents verified, %.1f s of CPU\n",
	       (unsigned long long)(t->cuts + t->boots_cut), (unsigned long long)t->boots_cut, (unsigned long long)t->resumes,
	       (unsigned long long)t->verifications, (double)(clock() - start) / CLOCKS_PER_SEC);
	printf("powercut: %llu did not start a verified image, %llu floors moved early, "
	       "%llu other surprises\n",
	       (unsigned long long)t->not_booted, (unsigned long long)t->floors_early,
	       (unsigned long long)(bad - t->not_booted - t->floors_early));
	if (t->cuts + t->boots_cut < 100000) {
		printf("powercut: fewer than 100000 cut points\n");
		bad++;
	}
	probe_close();
	return bad != 0;
}
