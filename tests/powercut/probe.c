/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boots after cuts.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_ENTRIES 8192u
#define BOOTS_CUT_ONE_IN 32u /* of those that write */

struct remembered {
	uint64_t hash;
	uint32_t floor;
	bool is_used;
	int image;
	struct verdict verdict;
};

struct tally tally;
struct cut_disk disk;
struct world live, probe;
struct test_image images[MAX_IMAGES];
size_t image_count;
static struct remembered memory[MEMORY_ENTRIES];
static int loaded_image;

uint64_t random_below(uint64_t limit)
{
	static uint64_t state = 0x6E657374626F78;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % limit;
}

/* By comparing every byte that runs with what was made, not by anything the code under test says. */
static int image_in(const uint8_t *ram)
{
	for (size_t i = 0; i < image_count; i++) {
		const struct manifest *m = &images[i].manifest;

		if (!memcmp(ram, images[i].bytes + m->payload_offset, m->payload_bytes))
			return (int)i;
	}
	return -1;
}

static struct remembered *place_of(uint64_t hash, uint32_t floor)
{
	size_t at = (hash ^ floor * 0x9E3779B9u) % MEMORY_ENTRIES;

	while (memory[at].is_used && (memory[at].hash != hash || memory[at].floor != floor))
		at = (at + 1) % MEMORY_ENTRIES;
	return &memory[at];
}

static void load_remembered(struct world *w, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	/* what was verified with one keyring says nothing of another */
	uint64_t keys = w->box_keys.keyring->version << 56;
	struct remembered *r = place_of(keys ^ cut_disk_hash(&disk, WORLD_SLOT_OFFSET(slot), WORLD_SLOT_BYTES), floor);

	if (!r->is_used) {
		if (++tally.verifications == MEMORY_ENTRIES - 1) {
			fprintf(stderr, "powercut: MEMORY_ENTRIES is too small\n");
			exit(2);
		}
		world_load(w, slot, floor, &r->verdict);
		r->is_used = true;
		r->image = r->verdict.kind == VERDICT_GOOD ? image_in(w->ram) : -1;
		r->hash = keys ^ cut_disk_hash(&disk, WORLD_SLOT_OFFSET(slot), WORLD_SLOT_BYTES);
		r->floor = floor;
	}
	*verdict = r->verdict;
	loaded_image = r->image;
}

void probe_open(void)
{
	cut_disk_open(&disk, WORLD_DISK_BYTES);
	world_open(&live, &disk.device);
	live.load = load_remembered;
	probe = live;
	probe.install.reuse.index = probe.index;
	probe.policy.keyring = &probe.keyring;
}

void probe_close(void)
{
	for (size_t i = 0; i < image_count; i++)
		world_image_free(&images[i]);
	cut_disk_close(&disk);
}

/* Neither used up nor given up. */
static bool is_lost(const struct record_role *role, enum slot_id slot)
{
	return role_state(role, slot) == SLOT_FAILED && role->reason[slot - 1] != SLOT_FAIL_TRIES &&
	       role->reason[slot - 1] != SLOT_FAIL_GIVEN_UP;
}

struct outcome boot_of(struct world *w)
{
	struct outcome outcome = { .image = -1 };
	const struct record_role *role;

	loaded_image = -1;
	if (!world_boot(w))
		return outcome;
	outcome.image = loaded_image;
	role = update_role(&w->box);
	outcome.floor = role ? role->floor : 0;
	outcome.is_lost = role && (is_lost(role, SLOT_A) || is_lost(role, SLOT_B));
	outcome.keys = w->box_keys.keyring->version;
	return outcome;
}

struct outcome probe_outcome(void)
{
	size_t mark = cut_disk_mark(&disk);
	bool was_recording = disk.is_recording;
	struct outcome outcome;

	disk.is_recording = false;
	outcome = boot_of(&probe);
	cut_disk_undo(&disk, mark);
	disk.is_recording = was_recording;
	return outcome;
}

static bool is_expected(const struct expectation *e, const struct outcome *found)
{
	bool has_image = false, has_floor = false, has_keys = false;

	for (size_t i = 0; i < e->count; i++) {
		bool same_image = e->outcomes[i].image == found->image;
		bool same_floor = e->outcomes[i].floor == found->floor;
		bool same_keys = e->outcomes[i].keys == found->keys;

		has_keys = has_keys || same_keys;
		if (same_image && same_floor && same_keys)
			return true;
		has_image = has_image || same_image;
		has_floor = has_floor || same_floor;
	}
	return !e->is_strict && has_image && has_floor && has_keys;
}

static void complain(const struct expectation *e, const char *trouble, const struct outcome *found)
{
	static unsigned int lines;

	if (lines++ > 20)
		return;
	printf("powercut: %s: session %zu event %zu %s %zu: image %d floor %u keys %llu, expected", trouble, e->session, e->event,
	       e->what, e->variant, found->image, found->floor, (unsigned long long)found->keys);
	for (size_t i = 0; i < e->count; i++)
		printf(" %d/%u/%llu", e->outcomes[i].image, e->outcomes[i].floor, (unsigned long long)e->outcomes[i].keys);
	printf("\n");
}

static void judge(const struct expectation *e, const struct outcome *found)
{
	if (found->floor > e->floor_at_most) {
		tally.floors_early++;
		complain(e, "floor moved early", found);
	} else if (found->image < 0 || images[found->image].manifest.security_version < found->floor) {
		tally.not_booted++;
		complain(e, "no verified image runs", found);
	} else if (!is_expected(e, found)) {
		tally.unexpected++;
		complain(e, "another image or floor", found);
	} else if (e->is_strict && found->is_lost) {
		tally.lost++;
		complain(e, "the record said that an image is there before it was", found);
	}
}

/*
 * The boot after the cut is cut, too, at every write it makes. The try that it spent may have been the
 * last.
 */
static void boot_cut(const struct expectation *first, size_t mark)
{
	struct expectation again = *first, *e = &again;
	struct cut_event *events;
	size_t count;

	again.is_strict = false;
	again.outcomes[again.count++] = first->fallback;

	cut_disk_record(&disk);
	boot_of(&probe);
	cut_disk_stop(&disk);
	cut_disk_undo(&disk, mark);
	count = disk.event_count;
	disk.event_count = 0;
	events = malloc((count + 1) * sizeof(*events));
	memcpy(events, disk.events, count * sizeof(*events));
	for (size_t i = 0; i < count; i++) {
		size_t before = cut_disk_mark(&disk);

		for (uint64_t at = 0; at < events[i].count; at += 1 + random_below(CUT_SECTOR)) {
			struct outcome found;

			cut_disk_play(&disk, &events[i], 0, at);
			found = boot_of(&probe);
			judge(e, &found);
			tally.boots_cut++;
			cut_disk_undo(&disk, before);
		}
		cut_disk_play(&disk, &events[i], 0, events[i].count);
	}
	cut_disk_undo(&disk, mark);
	cut_disk_forget(events, count);
	free(events);
}

void probe_cut(const struct expectation *e)
{
	size_t mark = cut_disk_mark(&disk);
	uint64_t bad_offset = disk.bad_offset, bad_count = disk.bad_count;
	struct outcome found = boot_of(&probe);

	tally.cuts++;
	judge(e, &found);
	cut_disk_undo(&disk, mark);
	if (probe.meta.writes && !bad_count && random_below(BOOTS_CUT_ONE_IN) == 0)
		boot_cut(e, mark);
	disk.bad_offset = bad_offset;
	disk.bad_count = bad_count;
}

void probe_resume(const struct expectation *e, int image)
{
	size_t mark = cut_disk_mark(&disk);
	struct outcome found = boot_of(&probe);
	enum update_error error = UPDATE_OK;

	if (found.image != image)
		error = world_install(&probe, &images[image]);
	if (!error)
		found = boot_of(&probe);
	tally.resumes++;
	if (error || found.image != image) {
		tally.not_resumed++;
		complain(e, update_error_name(error), &found);
	}
	cut_disk_undo(&disk, mark);
}
