/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks of TUF's specification (1.0, section 1.5.2) and of Uptane's standard (2.0, section 4.2) that need a box with slots and a port, each
 * as a test of its name that says what the box does: those by images that are rightly signed. Those on an image alone are in
 * tests/unit/image/test_attacks.c, those on keyrings in test_keyring_file.c and test_box_keys.c. docs/threat-model.md has the list.
 */
#include "client.h"

#include <string.h>

#include "image/bytes.h"

/*
 * TUF: fast-forward: a thief of the key signs an image of the highest version and security version there can be. Until somebody confirms it, nothing
 * has moved; the tries run out and genuine updates go on.
 */
static void fast_forward_unconfirmed_leaves_no_trace(void **state)
{
	static const struct image_spec highest = { UINT16_MAX, UINT32_MAX, 20, { 9, 9, 9 } };
	struct test_image image;

	(void)state;
	world_image(&world, &highest, &image);
	box_update_to(&image, false);
	for (unsigned int i = 1; i < WORLD_TRIES; i++)
		box_assert_runs(UINT16_MAX);
	box_assert_runs(1);
	assert_int_equal(update_role(&world.box)->floor, 1);
	box_update_to(&v2, true);
	world_image_free(&image);
}

/* Confirmed, with a version only: newer genuine images look older, until somebody goes back; then they do not. */
static void fast_forward_of_the_version_is_undone_by_going_back(void **state)
{
	static const struct image_spec highest = { UINT16_MAX, 1, 20, { 9, 9, 9 } };
	struct test_image image;

	(void)state;
	world_image(&world, &highest, &image);
	box_update_to(&image, true);
	client_put_bundle(&v2);
	client_send();
	client_assert_said("error OLDER");
	client_send_word(FRAME_REVERT);
	client_assert_said("ok REVERT");
	box_assert_runs(1);
	assert_update(update_confirm(&world.box), UPDATE_OK);
	box_update_to(&v2, true);
	world_image_free(&image);
}

/* Confirmed, with the highest security version: the box takes nothing lower ever again. Only a key that is good can do it, and only with the guest's word. */
static void fast_forward_of_the_floor_is_final(void **state)
{
	static const struct image_spec highest = { 9, UINT32_MAX, 20, { 9, 9, 9 } };
	struct test_image image;

	(void)state;
	world_image(&world, &highest, &image);
	box_update_to(&image, true);
	assert_int_equal(update_role(&world.box)->floor, UINT32_MAX);
	client_put_bundle(&v3);
	client_send();
	client_assert_said("error SECURITY_VERSION");
	client_send_word(FRAME_REVERT);
	client_assert_said("error BELOW_FLOOR");
	box_assert_runs(9);
	world_image_free(&image);
}

/*
 * TUF: indefinite freeze; Uptane: freeze, deny: nothing newer ever comes. The box has no clock that it trusts: it goes on with what it has, takes the
 * same image as often as it comes, and says which one it is.
 */
static void indefinite_freeze_is_not_noticed_but_told(void **state)
{
	(void)state;
	for (int day = 0; day < 100; day++) {
		client_put_bundle(&v1);
		client_send();
		client_assert_said("error SAME");
		box_assert_runs(1);
	}
	client_send_word(FRAME_STATUS);
	client_assert_said("running a 1.2.3 1 confirmed none 0 1\n");
}

/* TUF: rollback, by way of the port and with every key: below the floor, and an older version at the same floor. */
static void rollback_through_the_port(void **state)
{
	static const struct image_spec older = { 1, 2, 20, { 70, 71 } };
	struct test_image image;
	unsigned int writes;

	(void)state;
	box_update_to(&v2, true);
	writes = disk.writes;
	client_put_bundle(&v1);
	client_send();
	client_assert_said("error SECURITY_VERSION");
	world_image(&world, &older, &image);
	client_open();
	client_put_bundle(&image);
	client_send();
	client_assert_said("error OLDER");
	assert_int_equal(disk.writes, writes);
	world_image_free(&image);
}

/* Uptane: wrong hardware, another ECU's image, rightly signed: nothing is written. */
static void wrong_hardware_through_the_port(void **state)
{
	unsigned int writes = disk.writes;

	(void)state;
	world.policy.hardware_revision = 9;
	client_put_bundle(&v2);
	client_send();
	client_assert_said("error HARDWARE");
	world.policy.hardware_revision = 3;
	world.policy.role_uuid[0] ^= 1;
	memcpy(world.meta.record.roles[0].role_uuid, world.policy.role_uuid,
	       UUID_BYTES); /* the box is this partition's, its record too */
	client_open();
	client_send();
	client_assert_said("error ROLE");
	assert_int_equal(disk.writes, writes);
	world.policy.role_uuid[0] ^= 1;
}

/* A guest that says "it works" of an image that does not run yet: the floor stays, what runs stays confirmed. */
static void a_slot_that_does_not_run_is_not_confirmed(void **state)
{
	(void)state;
	client_put_bundle(&v2);
	client_send();
	client_assert_said("done b");
	for (int i = 0; i < 3; i++)
		client_send_word(FRAME_CONFIRM);
	assert_int_equal(update_role(&world.box)->floor, 1);
	assert_int_equal(update_role(&world.box)->active, SLOT_A);
	assert_int_equal(role_state(update_role(&world.box), SLOT_B), SLOT_INSTALLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BOX(fast_forward_unconfirmed_leaves_no_trace),
		ON_A_BOX(fast_forward_of_the_version_is_undone_by_going_back),
		ON_A_BOX(fast_forward_of_the_floor_is_final),
		ON_A_BOX(indefinite_freeze_is_not_noticed_but_told),
		ON_A_BOX(rollback_through_the_port),
		ON_A_BOX(wrong_hardware_through_the_port),
		ON_A_BOX(a_slot_that_does_not_run_is_not_confirmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
