/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A box that starts: from its record, from the anchor, from its slots alone; and what a person or a
 * guest may then ask.
 */
#include <string.h>

#include "model_disk.h"
#include "update/slot.h"
#include "world.h"

static struct model_disk disk;
static struct world world;
static struct test_image v1, v2, v3;

static int box_open(void **state)
{
	static const struct image_spec specs[] = {
		{ 1, 1, 4, { 1, 2, 3, 4 } },
		{ 2, 1, 4, { 1, 2, 3, 5 } },
		{ 3, 3, 4, { 1, 2, 3, 6 } },
	};

	(void)state;
	disk_open(&disk, WORLD_DISK_BYTES, 512);
	world_open(&world, &disk.device);
	world_image(&world, &specs[0], &v1);
	world_image(&world, &specs[1], &v2);
	world_image(&world, &specs[2], &v3);
	world_flash(&world, &v1);
	return 0;
}

static int box_close(void **state)
{
	(void)state;
	world_image_free(&v1);
	world_image_free(&v2);
	world_image_free(&v3);
	disk_close(&disk);
	return 0;
}

static void assert_boots(uint16_t version, enum warning warning)
{
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.verdict.version >> 48, version);
	assert_string_equal(warning_text(world.choice.warning), warning_text(warning));
}

static const struct record_role *role(void)
{
	return update_role(&world.box);
}

/* The image is installed, tried and confirmed. */
static void update_to(const struct test_image *image)
{
	assert_true(world_boot(&world));
	assert_update(world_install(&world, image), UPDATE_OK);
	assert_true(world_boot(&world));
	assert_update(update_confirm(&world.box), UPDATE_OK);
}

static uint8_t *slot_bytes(enum slot_id slot)
{
	return disk.bytes + WORLD_SLOT_OFFSET(slot);
}

static uint8_t *place(unsigned int number)
{
	return disk.bytes + WORLD_META_OFFSET + number * NBMETA_PLACE_BYTES;
}

static void tries_run_out(void **state)
{
	(void)state;
	assert_boots(1, WARNING_NONE);
	assert_update(world_install(&world, &v2), UPDATE_OK);
	for (unsigned int left = WORLD_TRIES; left > 0; left--) {
		assert_boots(2, WARNING_NONE);
		assert_int_equal(role()->tries_left, left - 1);
		assert_int_equal(role()->floor, 1);
	}
	assert_boots(1, WARNING_TRIES_USED_UP);
	assert_int_equal(world.meta.writes, 0);
	assert_boots(1, WARNING_TRIES_USED_UP);
}

static void a_bad_try_costs_nothing(void **state)
{
	(void)state;
	assert_boots(1, WARNING_NONE);
	assert_update(world_install(&world, &v2), UPDATE_OK);
	slot_bytes(SLOT_B)[IMAGE_PAYLOAD_OFFSET + 5000] ^= 1;
	assert_boots(1, WARNING_NONE);
	assert_int_equal(role_state(role(), SLOT_B), SLOT_FAILED);
	assert_int_equal(role()->reason[1], SLOT_FAIL_ALTERED);
	assert_int_equal(role()->try_slot, SLOT_NONE);
}

static void a_swapped_image_is_not_tried(void **state)
{
	(void)state;
	assert_boots(1, WARNING_NONE);
	assert_update(world_install(&world, &v2), UPDATE_OK);
	memcpy(slot_bytes(SLOT_B), v3.bytes, v3.size);
	assert_boots(1, WARNING_NONE);
	assert_int_equal(role()->reason[1], SLOT_FAIL_CHANGED);
}

static unsigned int try_writes_at_load; /* metadata writes when the tried slot was being verified */

static void watched_load(struct world *w, enum slot_id slot, uint32_t floor, struct verdict *verdict)
{
	if (slot == SLOT_B) {
		try_writes_at_load = w->meta.writes;
		assert_int_equal(update_role(&(struct update_box){ .meta = &w->meta, .policy = &w->policy })->tries_left,
				 WORLD_TRIES);
	}
	world_load(w, slot, floor, verdict);
}

/* All of the image is verified where it will run, and only then a try is spent, by one write, before it runs. */
static void a_try_is_spent_after_verification(void **state)
{
	(void)state;
	assert_boots(1, WARNING_NONE);
	assert_update(world_install(&world, &v2), UPDATE_OK);
	try_writes_at_load = 99;
	world.load = watched_load;
	assert_boots(2, WARNING_NONE);
	assert_int_equal(try_writes_at_load, 0);
	assert_int_equal(world.meta.writes, 1);
	assert_int_equal(role()->tries_left, WORLD_TRIES - 1);
	assert_memory_equal(world.ram, v2.bytes + IMAGE_PAYLOAD_OFFSET, v2.manifest.payload_bytes);
}

/* A floor that is built in holds when the record's is lower, or lost; nothing below it is installed, started, or gone back to. */
static void the_built_in_floor_holds(void **state)
{
	(void)state;
	update_to(&v2);
	world.policy.security_version_floor = 2;
	assert_false(world_boot(&world));
	assert_int_equal(world.choice.verdicts[0].reason, SLOT_FAIL_BELOW_FLOOR);
	assert_int_equal(world.choice.verdicts[1].reason, SLOT_FAIL_BELOW_FLOOR);
	memcpy(slot_bytes(SLOT_A), v3.bytes, v3.size); /* a person with a newer image */
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.warning, WARNING_UNRECORDED);
	assert_int_equal(world.choice.running.verdict.version >> 48, 3);
	assert_update(update_confirm(&world.box), UPDATE_OK);
	assert_update(world_install(&world, &v1), UPDATE_ERROR_IMAGE);
	assert_error(world.install.image_error, IMAGE_ERROR_SECURITY_VERSION);
	assert_update(update_revert(&world.box, &world.result), UPDATE_ERROR_BELOW_FLOOR);
	for (unsigned int i = 0; i < 4; i++) /* and without any record */
		memset(place(i), 0, RECORD_BYTES);
	assert_boots(3, WARNING_NONE);
	memset(slot_bytes(SLOT_A), 0, MANIFEST_BYTES_TOTAL);
	assert_false(world_boot(&world));
}

static void the_other_slot_helps_out(void **state)
{
	(void)state;
	update_to(&v2);
	slot_bytes(SLOT_B)[IMAGE_PAYLOAD_OFFSET] ^= 1;
	assert_boots(1, WARNING_OTHER_SLOT);
	/* and the box can be updated out of it */
	update_to(&v3);
	assert_boots(3, WARNING_NONE);
	assert_int_equal(role()->active, SLOT_B);
}

static void below_the_floor_nothing_runs(void **state)
{
	(void)state;
	update_to(&v3);
	assert_int_equal(role()->floor, 3);
	slot_bytes(SLOT_B)[IMAGE_PAYLOAD_OFFSET] ^= 1;
	assert_false(world_boot(&world));
	assert_int_equal(world.choice.running.slot, SLOT_NONE);
	assert_int_equal(world.choice.verdicts[0].reason, SLOT_FAIL_BELOW_FLOOR);
	assert_update(update_confirm(&world.box), UPDATE_ERROR_NO_SLOT);
	assert_update(update_revert(&world.box, &world.result), UPDATE_ERROR_NO_SLOT);
	assert_update(world_install(&world, &v3), UPDATE_ERROR_NO_SLOT);
}

static void a_lost_record_comes_from_the_anchor(void **state)
{
	(void)state;
	update_to(&v3);
	memset(place(NBMETA_RECORD), 0xAA, RECORD_BYTES);
	memset(place(NBMETA_RECORD + 1), 0xBB, RECORD_BYTES);
	assert_boots(3, WARNING_NONE);
	assert_true(world.choice.is_recovered);
	assert_int_equal(role()->floor, 3);
	assert_int_equal(role()->active, SLOT_B);
	assert_boots(3, WARNING_NONE);
	assert_true(world.choice.is_recovered);
	assert_update(update_confirm(&world.box), UPDATE_OK);
	assert_boots(3, WARNING_NONE);
	assert_false(world.choice.is_recovered);
}

/* Nor does another partition go on with what was being tried when the anchor was written. */
static void nothing_is_tried_out_of_an_anchor(void **state)
{
	struct record record;

	(void)state;
	assert_boots(1, WARNING_NONE);
	record = world.meta.record;
	record.roles[1] = record.roles[0];
	memset(record.roles[1].role_uuid, 0xF0, UUID_BYTES);
	memset(record.roles[1].digests, 7, sizeof(record.roles[1].digests));
	record.roles[1].state[1] = SLOT_INSTALLED;
	record.roles[1].try_slot = SLOT_B;
	record.roles[1].tries_left = 3;
	record.role_count = 2;
	assert_update(nbmeta_format(&world.meta_region, &record), UPDATE_OK);
	memset(place(NBMETA_RECORD), 0xAA, RECORD_BYTES);
	assert_boots(1, WARNING_NONE);
	assert_true(world.choice.is_recovered);
	assert_int_equal(world.meta.record.role_count, 2);
	assert_int_equal(world.meta.record.roles[1].try_slot, SLOT_NONE);
	assert_int_equal(world.meta.record.roles[1].tries_left, 0);
	assert_int_equal(world.meta.record.roles[1].active, SLOT_A);
}

/* The newest signed image has to prove itself, like a new one. */
static void without_anchor_the_slots_speak(void **state)
{
	(void)state;
	update_to(&v2);
	for (unsigned int i = 0; i < 4; i++)
		memset(place(i), 0, RECORD_BYTES);
	assert_boots(2, WARNING_NONE);
	assert_true(world.choice.is_recovered);
	assert_int_equal(role()->active, SLOT_NONE);
	assert_int_equal(role()->try_slot, SLOT_B);
	assert_int_equal(role()->tries_left, WORLD_TRIES - 1);
	for (unsigned int i = 1; i < WORLD_TRIES; i++)
		assert_boots(2, WARNING_NONE);
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.warning, WARNING_UNCONFIRMED);
	assert_update(update_confirm(&world.box), UPDATE_OK);
	assert_boots(1, WARNING_TRIES_USED_UP);
	assert_false(world.choice.is_recovered);
	memset(slot_bytes(SLOT_A), 0, MANIFEST_BYTES_TOTAL);
	memset(slot_bytes(SLOT_B), 0, MANIFEST_BYTES_TOTAL);
	assert_false(world_boot(&world));
}

static void a_foreign_record_is_left_alone(void **state)
{
	struct record record;
	static uint8_t before[NBMETA_BYTES];

	(void)state;
	assert_boots(1, WARNING_NONE);
	record = world.meta.record;
	/* full of other roles: there is no place for ours */
	record.role_count = RECORD_MAX_ROLES;
	for (size_t i = 0; i < RECORD_MAX_ROLES; i++) {
		record.roles[i] = record.roles[0];
		memset(record.roles[i].role_uuid, 0xF0 + (int)i, UUID_BYTES);
	}
	assert_update(nbmeta_format(&world.meta_region, &record), UPDATE_OK);
	memcpy(before, place(0), sizeof(before));
	assert_true(world_boot(&world));
	assert_true(world.choice.warning != WARNING_NONE);
	assert_memory_equal(before, place(0), sizeof(before));
	record.role_count = 1;
	assert_update(nbmeta_format(&world.meta_region, &record), UPDATE_OK);
	assert_boots(1, WARNING_NONE);
	assert_int_equal(world.meta.record.role_count, 2);
}

/* A record that is whole but knows nothing of this partition: what the anchor knows still counts. */
static void a_record_without_the_role_forgets_no_floor(void **state)
{
	struct record record;

	(void)state;
	update_to(&v3);
	record = world.meta.record;
	memset(record.roles[0].role_uuid, 0xF0, UUID_BYTES);
	record.roles[0].floor = 0;
	assert_update(nbmeta_commit(&world.meta, &record), UPDATE_OK);
	assert_boots(3, WARNING_NONE);
	assert_int_equal(role()->floor, 3);
	assert_int_equal(role()->active, SLOT_B);
	assert_int_equal(world.meta.record.role_count, 2);
	record = world.meta.record;
	record.role_count = 1;
	assert_update(nbmeta_commit(&world.meta, &record), UPDATE_OK);
	slot_bytes(SLOT_B)[IMAGE_PAYLOAD_OFFSET] ^= 1;
	assert_false(world_boot(&world));
}

static void a_disk_that_cannot_be_written_tries_nothing(void **state)
{
	(void)state;
	assert_boots(1, WARNING_NONE);
	assert_update(world_install(&world, &v2), UPDATE_OK);
	disk.fail_write_at = 0;
	assert_true(world_boot(&world));
	assert_int_equal(world.choice.running.verdict.version >> 48, 1);
	disk.fail_write_at = 0;
	assert_update(update_confirm(&world.box), UPDATE_ERROR_DISK_WRITE);
}

static void confirm_says_it_once(void **state)
{
	unsigned int writes;

	(void)state;
	update_to(&v2);
	writes = world.meta.writes;
	assert_update(update_confirm(&world.box), UPDATE_OK);
	assert_int_equal(world.meta.writes, writes);
	assert_int_equal(role()->active, SLOT_B);
}

static void going_back(void **state)
{
	(void)state;
	assert_boots(1, WARNING_NONE);
	assert_update(update_revert(&world.box, &world.result), UPDATE_ERROR_NOTHING_TO_GO_BACK_TO);
	update_to(&v2);
	assert_update(update_revert(&world.box, &world.result), UPDATE_OK);
	assert_boots(1, WARNING_NONE);
	assert_int_equal(role()->try_slot, SLOT_A);
	/* it was asked twice: the image that is tried is given up */
	assert_update(update_revert(&world.box, &world.result), UPDATE_OK);
	assert_update(update_revert(&world.box, &world.result), UPDATE_ERROR_UNCONFIRMED);
	assert_boots(2, WARNING_NONE);
	assert_int_equal(role()->reason[0], SLOT_FAIL_GIVEN_UP);
	update_to(&v3);
	assert_update(update_revert(&world.box, &world.result), UPDATE_ERROR_BELOW_FLOOR);
}

/* What a slot's own words for each error of an image are. */
static void errors_have_reasons(void **state)
{
	(void)state;
	assert_int_equal(slot_fail_of(IMAGE_OK), SLOT_FAIL_NONE);
	assert_int_equal(slot_fail_of(IMAGE_ERROR_UNREADABLE), SLOT_FAIL_UNREADABLE);
	assert_int_equal(slot_fail_of(IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY), SLOT_FAIL_NOT_SIGNED);
	assert_int_equal(slot_fail_of(IMAGE_ERROR_PAYLOAD_ALTERED), SLOT_FAIL_ALTERED);
	assert_int_equal(slot_fail_of(IMAGE_ERROR_ROLE), SLOT_FAIL_NOT_FOR_THIS_BOX);
	assert_int_equal(slot_fail_of(IMAGE_ERROR_MANIFEST_MAGIC), SLOT_FAIL_NOT_AN_IMAGE);
	for (enum slot_fail fail = SLOT_FAIL_NONE; fail < SLOT_FAIL_END; fail++)
		assert_true(strlen(slot_fail_text(fail)) > 10);
	assert_string_equal(slot_fail_text(SLOT_FAIL_END), "unknown");
	for (enum update_error error = UPDATE_OK; error < UPDATE_ERROR_COUNT; error++)
		assert_true(update_error_name(error)[0] && update_error_text(error)[0]);
	assert_string_equal(update_error_name(UPDATE_ERROR_COUNT), "UNKNOWN");
}

static void unreadable_slots_are_told(void **state)
{
	(void)state;
	update_to(&v2);
	disk.fail_read_from = WORLD_SLOT_OFFSET(SLOT_B);
	disk.fail_read_to = WORLD_SLOT_OFFSET(SLOT_B) + 1;
	assert_boots(1, WARNING_OTHER_SLOT);
	assert_int_equal(world.choice.verdicts[1].reason, SLOT_FAIL_UNREADABLE);
}

int main(void)
{
#define ON_A_BOX(test) cmocka_unit_test_setup_teardown(test, box_open, box_close)
	const struct CMUnitTest tests[] = {
		ON_A_BOX(tries_run_out),
		ON_A_BOX(a_bad_try_costs_nothing),
		ON_A_BOX(a_swapped_image_is_not_tried),
		ON_A_BOX(a_try_is_spent_after_verification),
		ON_A_BOX(the_built_in_floor_holds),
		ON_A_BOX(the_other_slot_helps_out),
		ON_A_BOX(below_the_floor_nothing_runs),
		ON_A_BOX(a_lost_record_comes_from_the_anchor),
		ON_A_BOX(nothing_is_tried_out_of_an_anchor),
		ON_A_BOX(without_anchor_the_slots_speak),
		ON_A_BOX(a_foreign_record_is_left_alone),
		ON_A_BOX(a_record_without_the_role_forgets_no_floor),
		ON_A_BOX(a_disk_that_cannot_be_written_tries_nothing),
		ON_A_BOX(confirm_says_it_once),
		ON_A_BOX(going_back),
		ON_A_BOX(unreadable_slots_are_told),
		cmocka_unit_test(errors_have_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
