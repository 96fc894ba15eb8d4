/* SPDX-License-Identifier: Apache-2.0 */
/* The heartbeat of an image that is tried: confirmed by it, started again without it, and left alone where the configuration says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "host.h"
#include "probation.h"
#include "slots.h"

#define HZ 1000ull

static struct monitor_info info;
static struct nbmeta meta;
static struct verify_policy policy;
static struct update_box box;
static bool has_box;
static unsigned int confirmed;
static uint64_t now;

uint64_t host_now_ticks(void)
{
	return now;
}

const struct update_box *slots_box(void)
{
	return has_box ? &box : NULL;
}

bool slots_confirm(const struct sink *out)
{
	confirmed++;
	role_set(&meta.record.roles[0], SLOT_B, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	return true;
}

static int start(void **state)
{
	fake_kernel_reset();
	info = (struct monitor_info){ .tsc_hz = HZ, .confirm_by = CONFIRM_HEARTBEAT, .heartbeat_seconds = 60, .silence_seconds = 300 };
	memset(policy.role_uuid, 0x11, UUID_BYTES);
	record_init(&meta.record, policy.role_uuid);
	role_set(&meta.record.roles[0], SLOT_B, SLOT_INSTALLED, SLOT_FAIL_NONE);
	meta.has_record = true;
	box = (struct update_box){ .meta = &meta, .policy = &policy, .running = { .slot = SLOT_B } };
	has_box = true;
	confirmed = 0;
	now = 5000 * HZ;
	probation_stop();
	return 0;
}

static void run_to(uint64_t second)
{
	now = (5000 + second) * HZ;
	if (now >= probation_deadline)
		probation_tick();
}

static void beat_until(uint64_t second)
{
	for (uint64_t at = (now / HZ) - 5000; at <= second; at += 10) {
		run_to(at);
		probation_beat();
	}
}

static void assert_restarts(uint32_t count)
{
	assert_int_equal(fake_kernel.calls[SYS_STOP], count);
	if (count) {
		assert_int_equal(fake_kernel.last[SYS_STOP][0], STOP_REQUESTED);
		assert_int_equal(fake_kernel.last[SYS_STOP][1], ACTION_RESTART);
	}
}

static void a_minute_of_heartbeat_confirms(void **state)
{
	probation_start(&info);
	run_to(200);
	beat_until(250);
	assert_int_equal(confirmed, 0);
	beat_until(270);
	assert_int_equal(confirmed, 1);
	assert_true(probation_deadline == UINT64_MAX);
	run_to(100000);
	assert_restarts(0);
}

static void silence_starts_it_again(void **state)
{
	probation_start(&info);
	run_to(299);
	assert_restarts(0);
	run_to(300);
	assert_restarts(1);
	run_to(1000); /* it is over, until it starts */
	assert_restarts(1);
	probation_start(&info);
	run_to(1299);
	assert_restarts(1);
	run_to(1300);
	assert_restarts(2);
	assert_int_equal(confirmed, 0);
}

static void a_heart_that_stops_starts_it_again(void **state)
{
	probation_start(&info);
	beat_until(40);
	run_to(339);
	assert_restarts(0);
	run_to(340);
	assert_restarts(1);
}

static void what_is_confirmed_meanwhile_is_left_alone(void **state)
{
	probation_start(&info);
	role_set(&meta.record.roles[0], SLOT_B, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	run_to(1000);
	assert_restarts(0);
}

static void nobody_is_watched_who_need_not_be(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		start(NULL);
		if (i == 0)
			info.confirm_by = CONFIRM_COMMAND;
		else if (i == 1)
			info.confirm_by = CONFIRM_GOAL;
		else if (i == 2)
			has_box = false;
		else
			role_set(&meta.record.roles[0], SLOT_B, SLOT_CONFIRMED, SLOT_FAIL_NONE);
		probation_start(&info);
		assert_true(probation_deadline == UINT64_MAX);
		beat_until(1000);
		assert_restarts(0);
		assert_int_equal(confirmed, 0);
	}
}

static void a_stopped_partition_is_not_watched(void **state)
{
	probation_start(&info);
	probation_stop();
	run_to(1000);
	assert_restarts(0);
}

#define ON_A_BOX(test) cmocka_unit_test_setup(test, start)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_BOX(a_minute_of_heartbeat_confirms),
		ON_A_BOX(silence_starts_it_again),
		ON_A_BOX(a_heart_that_stops_starts_it_again),
		ON_A_BOX(what_is_confirmed_meanwhile_is_left_alone),
		ON_A_BOX(nobody_is_watched_who_need_not_be),
		ON_A_BOX(a_stopped_partition_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
