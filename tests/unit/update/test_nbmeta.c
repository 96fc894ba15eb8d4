/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies on a disk: the older one is written, one whole write a commit; what the medium then holds is what
 * counts; what is not ours is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/bytes.h"
#include "model_disk.h"
#include "update/crc.h"
#include "update/nbmeta.h"

#define START (1u << 20)
#define COPY(which) (disk.bytes + START + (which)*NBMETA_PLACE_BYTES)
#define ANCHOR(which) COPY(NBMETA_ANCHOR + (which))

static struct model_disk disk;
static struct block_region region;
static struct nbmeta meta;
static const uint8_t role_uuid[UUID_BYTES] = { 1, 2, 3 };

static void record_fill(struct record *record)
{
	record_init(record, role_uuid);
	memset(record->roles[0].digests, 1, RECORD_DIGEST_BYTES);
	record->roles[0].state[0] = SLOT_CONFIRMED;
	record->roles[0].active = SLOT_A;
}

static int open_disk(void **state)
{
	struct record record;

	(void)state;
	disk_open(&disk, 2 << 20, 512);
	region = disk_region(&disk, START, NBMETA_BYTES);
	memset(disk.bytes, 0xEE, disk.size);
	record_fill(&record);
	assert_int_equal(nbmeta_format(&region, &record), UPDATE_OK);
	assert_int_equal(nbmeta_load(&meta, &region), UPDATE_OK);
	return 0;
}

static int close_disk(void **state)
{
	(void)state;
	disk_close(&disk);
	return 0;
}

/* A commit of the record in force with another floor. */
static enum update_error commit(uint32_t floor)
{
	struct record next = meta.record;

	next.roles[0].floor = floor;
	return nbmeta_commit(&meta, &next);
}

static void assert_loaded(enum nbmeta_state state, uint32_t floor)
{
	assert_int_equal(nbmeta_load(&meta, &region), UPDATE_OK);
	assert_int_equal(meta.state, state);
	if (meta.has_record)
		assert_int_equal(meta.record.roles[0].floor, floor);
}

static void fresh_disk_is_sound(void **state)
{
	struct record anchor;

	(void)state;
	assert_int_equal(meta.state, NBMETA_SOUND);
	assert_true(meta.has_record && !meta.is_read_only);
	assert_int_equal(meta.record.sequence, 1);
	assert_true(nbmeta_anchor_read(&meta, &anchor));
	assert_int_equal(anchor.roles[0].active, SLOT_A);
	assert_int_equal(disk.bytes[START - 1], 0xEE);
	assert_int_equal(disk.bytes[START + NBMETA_BYTES], 0xEE);
}

static void commits_alternate(void **state)
{
	uint8_t newest[RECORD_BYTES];

	(void)state;
	for (uint32_t i = 1; i < 20; i++) {
		unsigned int writes = disk.writes, flushes = disk.flushes, old = meta.newest;

		memcpy(newest, COPY(old), RECORD_BYTES);
		assert_int_equal(commit(i), UPDATE_OK);
		assert_int_equal(disk.writes, writes + 1);
		assert_int_equal(disk.flushes, flushes + 1);
		assert_int_equal(meta.newest, !old);
		assert_int_equal(meta.record.sequence, 1 + i);
		assert_memory_equal(COPY(old), newest, RECORD_BYTES); /* untouched */
		assert_loaded(NBMETA_SOUND, i);
	}
}

static void damaged_copies_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(commit(1), UPDATE_OK);
	assert_int_equal(commit(2), UPDATE_OK);
	COPY(meta.newest)[100] ^= 4;
	assert_loaded(NBMETA_SOUND, 1);
	assert_int_equal(commit(3), UPDATE_OK);
	assert_loaded(NBMETA_SOUND, 3);
	COPY(0)[0] = COPY(1)[0] = 0;
	assert_loaded(NBMETA_LOST, 0);
	assert_false(meta.has_record);
	assert_false(meta.is_read_only);
}

static void unreadable_copies_are_not_overwritten(void **state)
{
	(void)state;
	assert_int_equal(commit(1), UPDATE_OK);
	disk.fail_read_from = START;
	disk.fail_read_to = START + 512;
	assert_loaded(NBMETA_SOUND, 1); /* copy 1 is the newer one */
	COPY(1)[7] = 1;
	assert_loaded(NBMETA_UNREADABLE, 0);
	assert_true(meta.is_read_only);
	assert_int_equal(commit(5), UPDATE_ERROR_DISK_WRITE);
}

static void foreign_set(unsigned int which, uint64_t sequence)
{
	uint8_t *bytes = COPY(which);

	memset(bytes, 0, RECORD_BYTES);
	memcpy(bytes, "NBSLOTS", 8);
	bytes_put16(bytes + 8, 2);
	bytes_put32(bytes + 12, 512);
	bytes_put64(bytes + 16, sequence);
	bytes_put32(bytes + 512, crc32c(0, bytes, 512));
}

static void foreign_records_are_left_alone(void **state)
{
	uint8_t before[RECORD_BYTES];

	(void)state;
	assert_int_equal(commit(1), UPDATE_OK);
	foreign_set(0, 99);
	memcpy(before, COPY(0), RECORD_BYTES);
	assert_loaded(NBMETA_FOREIGN, 1); /* ours is older, and still told */
	assert_true(meta.has_record && meta.is_read_only);
	assert_int_equal(commit(2), UPDATE_ERROR_RECORD_FOREIGN);
	assert_int_equal(nbmeta_anchor_write(&meta), UPDATE_ERROR_DISK_WRITE);
	foreign_set(1, 98);
	assert_loaded(NBMETA_FOREIGN, 0);
	assert_false(meta.has_record);
	assert_memory_equal(COPY(0), before, RECORD_BYTES);
}

/* One that is older than ours was there before the box was updated: it may be overwritten. */
static void old_foreign_records_are_history(void **state)
{
	(void)state;
	assert_int_equal(commit(1), UPDATE_OK);
	foreign_set(0, 1);
	assert_loaded(NBMETA_SOUND, 1);
	assert_int_equal(commit(2), UPDATE_OK);
	assert_loaded(NBMETA_SOUND, 2);
}

static void two_different_records_of_one_number_are_not_believed(void **state)
{
	struct record record;

	(void)state;
	record = meta.record;
	assert_true(record_write(&record, COPY(1)));
	assert_loaded(NBMETA_SOUND, 0); /* the same twice does no harm */
	record.roles[0].floor = 9;
	assert_true(record_write(&record, COPY(1)));
	assert_loaded(NBMETA_LOST, 0);
}

static void failed_writes_are_told(void **state)
{
	(void)state;
	disk.fail_write_at = 0;
	assert_int_equal(commit(1), UPDATE_ERROR_DISK_WRITE);
	assert_int_equal(meta.record.roles[0].floor, 0);
	assert_true(meta.is_read_only);
	assert_int_equal(commit(2), UPDATE_ERROR_DISK_WRITE); /* even if the disk would again */
	assert_loaded(NBMETA_SOUND, 0);
	disk.loses_writes = true;
	assert_int_equal(commit(1), UPDATE_ERROR_RECORD_READ_BACK);
	assert_int_equal(meta.record.roles[0].floor, 0);
}

static void impossible_records_are_not_written(void **state)
{
	struct record next = meta.record;
	unsigned int writes = disk.writes;

	(void)state;
	next.roles[0].try_slot = SLOT_B;
	assert_int_equal(nbmeta_commit(&meta, &next), UPDATE_ERROR_RECORD_RULE);
	assert_int_equal(disk.writes, writes);
	assert_false(meta.is_read_only);
}

/* Whatever the caller's copy says: the number only rises. */
static void numbers_rise(void **state)
{
	struct record next = meta.record;

	(void)state;
	assert_int_equal(commit(1), UPDATE_OK);
	next.sequence = 0;
	assert_int_equal(nbmeta_commit(&meta, &next), UPDATE_OK);
	assert_int_equal(meta.record.sequence, 3);
	next.sequence = 70;
	assert_int_equal(nbmeta_commit(&meta, &next), UPDATE_OK);
	assert_int_equal(meta.record.sequence, 71);
}

/* The copy in force with a number nobody counts up to. */
static void sequence_set(uint64_t sequence)
{
	uint8_t *bytes = COPY(meta.newest);

	bytes_put64(bytes + 16, sequence);
	bytes_put32(bytes + RECORD_COVERED, crc32c(0, bytes, RECORD_COVERED));
}

/* A number that wraps would make the older record the one in force for ever: tries were never spent, floors never moved. */
static void numbers_do_not_wrap(void **state)
{
	unsigned int writes;

	(void)state;
	assert_int_equal(commit(1), UPDATE_OK);
	sequence_set(RECORD_SEQUENCE_END - 2);
	assert_loaded(NBMETA_SOUND, 1);
	assert_int_equal(commit(2), UPDATE_OK);
	assert_loaded(NBMETA_SOUND, 2);
	writes = disk.writes;
	assert_int_equal(commit(3), UPDATE_ERROR_RECORD_RULE);
	assert_int_equal(disk.writes, writes);
	assert_loaded(NBMETA_SOUND, 2);
	sequence_set(RECORD_SEQUENCE_END);
	assert_loaded(NBMETA_SOUND, 1);
}

static void anchors_are_written_when_they_differ(void **state)
{
	struct record anchor, next;
	uint8_t before[RECORD_BYTES];

	(void)state;
	memcpy(before, ANCHOR(0), RECORD_BYTES);
	assert_int_equal(nbmeta_anchor_write(&meta), UPDATE_OK);
	assert_int_equal(meta.writes, 0);
	next = meta.record; /* a try is no matter of the anchor's */
	memset(next.roles[0].digests + RECORD_DIGEST_BYTES, 2, RECORD_DIGEST_BYTES);
	next.roles[0].state[1] = SLOT_INSTALLED;
	next.roles[0].try_slot = SLOT_B;
	assert_int_equal(nbmeta_commit(&meta, &next), UPDATE_OK);
	assert_int_equal(nbmeta_anchor_write(&meta), UPDATE_OK);
	assert_int_equal(meta.writes, 1);
	next.roles[0].state[1] = SLOT_CONFIRMED;
	next.roles[0].active = SLOT_B;
	next.roles[0].try_slot = SLOT_NONE;
	assert_int_equal(nbmeta_commit(&meta, &next), UPDATE_OK);
	assert_int_equal(nbmeta_anchor_write(&meta), UPDATE_OK);
	assert_int_equal(meta.writes, 3);
	assert_memory_equal(ANCHOR(0), before, RECORD_BYTES);
	assert_true(nbmeta_anchor_read(&meta, &anchor));
	assert_int_equal(anchor.roles[0].active, SLOT_B);
	ANCHOR(1)[50] ^= 1;
	assert_true(nbmeta_anchor_read(&meta, &anchor));
	assert_int_equal(anchor.roles[0].active, SLOT_A);
	assert_int_equal(nbmeta_anchor_write(&meta), UPDATE_OK); /* over the damaged one */
	assert_memory_equal(ANCHOR(0), before, RECORD_BYTES);
	ANCHOR(0)[50] ^= 1;
	ANCHOR(1)[50] ^= 1;
	assert_false(nbmeta_anchor_read(&meta, &anchor));
}

static void small_regions_are_refused(void **state)
{
	struct block_region small = disk_region(&disk, START, NBMETA_BYTES - 512);
	struct record record;

	(void)state;
	record_fill(&record);
	assert_int_equal(nbmeta_load(&meta, &small), UPDATE_ERROR_META_SMALL);
	assert_int_equal(nbmeta_format(&small, &record), UPDATE_ERROR_META_SMALL);
}

static void keyring_places_are_apart(void **state)
{
	struct block_region place;

	(void)state;
	place = nbmeta_keyring_place(&meta, 1);
	assert_int_equal(place.first * 512, START + 5 * NBMETA_PLACE_BYTES);
	assert_int_equal(place.bytes, NBMETA_PLACE_BYTES);
}

#define META_TEST(name) cmocka_unit_test_setup_teardown(name, open_disk, close_disk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		META_TEST(fresh_disk_is_sound),
		META_TEST(commits_alternate),
		META_TEST(damaged_copies_do_not_count),
		META_TEST(unreadable_copies_are_not_overwritten),
		META_TEST(foreign_records_are_left_alone),
		META_TEST(old_foreign_records_are_history),
		META_TEST(two_different_records_of_one_number_are_not_believed),
		META_TEST(failed_writes_are_told),
		META_TEST(impossible_records_are_not_written),
		META_TEST(numbers_rise),
		META_TEST(numbers_do_not_wrap),
		META_TEST(anchors_are_written_when_they_differ),
		META_TEST(small_regions_are_refused),
		META_TEST(keyring_places_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
