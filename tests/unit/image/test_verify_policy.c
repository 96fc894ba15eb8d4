/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image that is authentic but meant for another box, key, floor or neighbour: every row of verify.def violated once names itself.
 */
#include "fixture.h"

#include <string.h>

static struct fixture f;

static int open_fixture(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int close_fixture(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

struct breakage {
	enum image_error error;
	void (*change)(void);
};

static struct installed_image installed = { .role_uuid = { 9 }, .security_version = 5 };

static void dependency_set(uint32_t patch, uint32_t security_version)
{
	f.manifest.dependencies[0] = (struct manifest_dependency){
		.role_uuid = { 9 }, .version_major = 2, .version_patch = patch, .security_version = security_version
	};
	installed.version = manifest_version(2, 0, 8);
	f.policy.installed = &installed;
	f.policy.installed_count = 1;
	fixture_seal(&f);
}

#define BREAK(name, statement) \
	static void break_##name(void) \
	{ \
		statement; \
	}
BREAK(key_partition, f.key.partition_count = 1)
BREAK(role, f.policy.role_uuid[15] ^= 1)
BREAK(product, f.policy.product_uuid[0] ^= 0x80)
BREAK(product_nil, memset(f.policy.product_uuid, 0, 16))
BREAK(hardware_low, f.policy.hardware_revision = 1)
BREAK(hardware_high, f.policy.hardware_revision = 5)
BREAK(abi_low, f.policy.abi_version = 0)
BREAK(abi_high, f.policy.abi_version = 4)
BREAK(floor, f.policy.security_version_floor = 8)
BREAK(dependency_missing, dependency_set(0, 0); f.policy.installed_count = 0)
BREAK(dependency_old, dependency_set(9, 0))
BREAK(dependency_insecure, dependency_set(0, 6))

/* KEY_ROLE is not here: a build decides it when it is linked, see test_release. */
static const struct breakage breakages[] = {
	{ IMAGE_ERROR_KEY_PARTITION, break_key_partition },
	{ IMAGE_ERROR_ROLE, break_role },
	{ IMAGE_ERROR_PRODUCT, break_product },
	{ IMAGE_ERROR_PRODUCT, break_product_nil },
	{ IMAGE_ERROR_HARDWARE, break_hardware_low },
	{ IMAGE_ERROR_HARDWARE, break_hardware_high },
	{ IMAGE_ERROR_ABI, break_abi_low },
	{ IMAGE_ERROR_ABI, break_abi_high },
	{ IMAGE_ERROR_SECURITY_VERSION, break_floor },
	{ IMAGE_ERROR_DEPENDENCY, break_dependency_missing },
	{ IMAGE_ERROR_DEPENDENCY, break_dependency_old },
	{ IMAGE_ERROR_DEPENDENCY, break_dependency_insecure },
};

#define BREAKAGE_COUNT (sizeof(breakages) / sizeof(breakages[0]))

static void every_row_names_itself(void **state)
{
	for (size_t i = 0; i < BREAKAGE_COUNT; i++) {
		close_fixture(state);
		open_fixture(state);
		breakages[i].change();
		assert_error(fixture_verify(&f), breakages[i].error);
		assert_true(f.result.is_authentic);
		assert_false(f.result.is_manifest_accepted);
	}
}

#define VERIFY_CHECK(name, holds, sentence) IMAGE_ERROR_##name,
static const enum image_error rows[] = {
#include "image/verify.def"
};

static void no_row_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t j = 0;

		while (j < BREAKAGE_COUNT && breakages[j].error != rows[i])
			j++;
		if (j == BREAKAGE_COUNT && rows[i] != IMAGE_ERROR_KEY_ROLE)
			fail_msg("%s has no breakage", image_error_name(rows[i]));
	}
}

static void limits_pass(void **state)
{
	(void)state;
	f.policy.hardware_revision = 2;
	f.policy.abi_version = 1;
	assert_error(fixture_verify(&f), IMAGE_OK);
	f.policy.hardware_revision = 4;
	f.policy.abi_version = 3;
	assert_error(fixture_verify(&f), IMAGE_OK);
	dependency_set(8, 5);
	assert_error(fixture_verify(&f), IMAGE_OK);
	f.key.partition_count = 1;
	memcpy(f.key.partitions[0], f.manifest.role_uuid, UUID_BYTES);
	assert_error(fixture_verify(&f), IMAGE_OK);
}

#define VERIFY_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERIFY_TEST(every_row_names_itself),
		VERIFY_TEST(no_row_is_left_out),
		VERIFY_TEST(limits_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
