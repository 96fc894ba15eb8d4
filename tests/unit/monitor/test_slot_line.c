/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state of a slot and every verdict in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "slot_line.h"

static char said[1024];
static size_t said_bytes;

static void keep(void *context, const char *bytes, size_t count)
{
	(void)context;
	assert_true(said_bytes + count < sizeof(said));
	memcpy(said + said_bytes, bytes, count);
	said_bytes += count;
}

static const struct sink sink = { .write = keep };

static const char *line(const struct record_role *role, enum slot_id slot, const struct verdict *verdict)
{
	memset(said, 0, sizeof(said));
	said_bytes = 0;
	slot_line_state(&sink, role, slot);
	if (verdict)
		slot_line_verdict(&sink, role, slot, verdict);
	return said;
}

static struct record_role role(void)
{
	struct record_role r = { .active = SLOT_A, .try_slot = SLOT_B, .tries_left = 2 };

	role_set(&r, SLOT_A, SLOT_CONFIRMED, SLOT_FAIL_NONE);
	role_set(&r, SLOT_B, SLOT_INSTALLED, SLOT_FAIL_NONE);
	return r;
}

static void states(void **state)
{
	struct record_role r = role();

	(void)state;
	assert_string_equal(line(&r, SLOT_A, NULL), "slot a: confirmed, active");
	assert_string_equal(line(&r, SLOT_B, NULL), "slot b: installed, not confirmed, to be tried, 2 left");
	role_set(&r, SLOT_B, SLOT_FAILED, SLOT_FAIL_TRIES);
	r.try_slot = SLOT_NONE;
	assert_string_equal(line(&r, SLOT_B, NULL), "slot b: failed (it was started as often as allowed and never confirmed)");
	role_set(&r, SLOT_B, SLOT_EMPTY, SLOT_FAIL_NONE);
	assert_string_equal(line(&r, SLOT_B, NULL), "slot b: empty");
	r.state[1] = 77;
	assert_string_equal(line(&r, SLOT_B, NULL), "slot b: unknown");
	assert_string_equal(line(NULL, SLOT_A, NULL), "slot a: not recorded");
}

static void verdicts(void **state)
{
	struct record_role r = role();
	struct verdict good = { .kind = VERDICT_GOOD, .version = 1ull << 48 | 2ull << 32 | 3 };
	const struct verdict bad = { .kind = VERDICT_BAD, .reason = SLOT_FAIL_ALTERED }, unknown = { 0 };

	(void)state;
	memset(good.digest, 7, sizeof(good.digest));
	assert_string_equal(line(&r, SLOT_A, &unknown), "slot a: confirmed, active");
	assert_string_equal(line(&r, SLOT_A, &bad), "slot a: confirmed, active; not verified: its contents are not what was signed");
	assert_string_equal(line(&r, SLOT_A, &good),
			    "slot a: confirmed, active; version 1.2.3, verified, but the image in it is not the one that was installed");
	role_set_digest(&r, SLOT_A, good.digest);
	assert_string_equal(line(&r, SLOT_A, &good), "slot a: confirmed, active; version 1.2.3, verified");
	assert_string_equal(line(NULL, SLOT_A, &good), "slot a: not recorded; version 1.2.3, verified");
	role_set(&r, SLOT_B, SLOT_EMPTY, SLOT_FAIL_NONE);
	r.try_slot = SLOT_NONE;
	good.version = UINT64_MAX;
	assert_string_equal(line(&r, SLOT_B, &good), "slot b: empty; version 65535.65535.4294967295, verified");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
