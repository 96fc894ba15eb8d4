/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails once: at each write, flush and read in turn of starts, installation, confirmation and going back. The box says an error or goes
 * on; at the next start it runs an image that was verified and one that the moment allows, and the update can be made again.
 */
#include <string.h>

#include "client.h"

/* The counters of the model disk that make the n-th call fail. */
static int64_t *const failures[] = { &disk.fail_write_at, &disk.fail_flush_at, &disk.fail_read_at };
#define FAILURES (sizeof(failures) / sizeof(failures[0]))

static void failing_is_over(void)
{
	for (size_t i = 0; i < FAILURES; i++)
		*failures[i] = -1;
}

static uint8_t fresh[WORLD_DISK_BYTES];

/* Keys and images are made once. */
static int box_keep(void **state)
{
	box_open(state);
	memcpy(fresh, disk.bytes, sizeof(fresh));
	return 0;
}

static void box_again(void)
{
	memcpy(disk.bytes, fresh, sizeof(fresh));
	box_assert_runs(1);
}

/* There are many reads: one of three is enough. */
static int64_t next(size_t kind, int64_t at)
{
	return at + (kind == 2 ? 3 : 1);
}

/* The session with its `at`-th call failing; false when there are not so many calls. */
static bool session(size_t kind, int64_t at, enum update_error (*act)(void), uint16_t from)
{
	enum update_error error;
	bool has_failed;

	if (from == 2) {
		assert_update(world_install(&world, &v2), UPDATE_OK);
		disk.fail_write_at = -1;
	}
	*failures[kind] = at;
	if (!world_boot(&world)) { /* nothing could be read: no image, but no write either */
		assert_int_equal(kind, 2);
		failing_is_over();
		return true;
	}
	error = act();
	has_failed = *failures[kind] < 0;
	failing_is_over();
	assert_true(has_failed || error == UPDATE_OK);
	return has_failed;
}

static enum update_error install(void)
{
	return world_install(&world, &v3);
}

static enum update_error confirm(void)
{
	return update_confirm(&world.box);
}

static enum update_error go_back(void)
{
	return update_revert(&world.box, &world.result);
}

static void each_call_of_an_installation_may_fail(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < FAILURES; kind++) {
		int64_t at = 0;

		for (;; at = next(kind, at)) {
			uint16_t version;
			bool has_failed;

			box_again();
			has_failed = session(kind, at, install, 1);
			assert_true(world_boot(&world));
			version = (uint16_t)(world.choice.running.verdict.version >> 48);
			assert_true(version == 1 || version == 3);
			assert_int_equal(update_role(&world.box)->floor, 1);
			if (version == 1) {
				assert_update(world_install(&world, &v3), UPDATE_OK);
				box_assert_runs(3);
			}
			if (!has_failed)
				break;
		}
		assert_true(at >= 4);
	}
}

/* Of a start that tries, and of the confirmation after it: the floor moves if and only if the record says confirmed. */
static void each_call_of_a_confirmation_may_fail(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < FAILURES; kind++) {
		int64_t at = 0;

		for (;; at = next(kind, at)) {
			const struct record_role *role;
			bool has_failed;

			box_again();
			has_failed = session(kind, at, confirm, 2);
			assert_true(world_boot(&world));
			role = update_role(&world.box);
			assert_int_equal(role->floor, role->active == SLOT_B ? 2 : 1);
			assert_true(world.choice.running.slot == role->active || role->try_slot == SLOT_B || role->reason[1]);
			if (!has_failed)
				break;
		}
		assert_true(at >= 3);
	}
}

static void each_call_of_going_back_may_fail(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < FAILURES; kind++) {
		int64_t at = 0;

		for (;; at = next(kind, at)) {
			uint16_t version;
			bool has_failed;

			box_again();
			has_failed = session(kind, at, go_back, 2);
			assert_true(world_boot(&world));
			version = (uint16_t)(world.choice.running.verdict.version >> 48);
			assert_true(version == 1 || version == 2);
			assert_int_equal(update_role(&world.box)->floor, 1);
			if (!has_failed)
				break;
		}
		assert_int_equal(world.choice.running.slot, SLOT_A);
		assert_true(at >= 2);
	}
}

/* A box whose record holds no entry of this partition takes no updates and says so. */
static void without_an_entry_nothing_is_asked_of_the_slots(void **state)
{
	(void)state;
	world.policy.role_uuid[0] ^= 1;
	client_put_bundle(&v2);
	client_send();
	client_assert_said("error NO_SLOT");
	assert_update(update_confirm(&world.box), UPDATE_ERROR_NO_SLOT);
	assert_update(update_revert(&world.box, &world.result), UPDATE_ERROR_NO_SLOT);
	client_open();
	client_send_word(FRAME_STATUS);
	client_assert_said("error NO_SLOT");
	assert_int_equal(world.meta.writes, 0);
}

/* Going back while an installation is going on ends it. */
static void going_back_ends_an_installation(void **state)
{
	(void)state;
	client_put_manifest(&v3);
	client_put_tree(&v3);
	client_put((struct frame){ .type = FRAME_REVERT }, NULL);
	client_put_leaf(&v3, 0);
	client_send();
	client_assert_said("error NOTHING_TO_GO_BACK_TO");
	client_assert_said("error ORDER");
	box_assert_runs(1);
}

#define FAILING(test) cmocka_unit_test_setup_teardown(test, box_keep, box_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAILING(each_call_of_an_installation_may_fail), FAILING(each_call_of_a_confirmation_may_fail),
		FAILING(each_call_of_going_back_may_fail),	ON_A_BOX(without_an_entry_nothing_is_asked_of_the_slots),
		ON_A_BOX(going_back_ends_an_installation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
