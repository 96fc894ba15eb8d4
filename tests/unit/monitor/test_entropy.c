/* SPDX-License-Identifier: Apache-2.0 */
/* The generator: no output repeats, the seed and the time matter, what was given out is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "entropy.h"

static const uint8_t seed[ENTROPY_KEY_BYTES] = "thirty-two bytes from the kernel";

static void outputs_differ(void **state)
{
	struct entropy entropy = { { 0 } };
	uint8_t bytes[16][100];

	entropy_seed(&entropy, seed);
	for (uint32_t i = 0; i < 16; i++)
		entropy_get(&entropy, bytes[i], sizeof(bytes[i]), 7);
	for (uint32_t i = 0; i < 16; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_memory_not_equal(bytes[i], bytes[j], 16);
	assert_memory_not_equal(bytes[0], bytes[0] + 32, 32);
	assert_memory_not_equal(bytes[0], bytes[0] + 64, 32);
}

static void what_goes_in_matters(void **state)
{
	struct entropy a = { { 0 } }, b = { { 0 } };
	uint8_t x[33] = { 0 }, y[33] = { 0 };

	entropy_seed(&a, seed);
	entropy_seed(&b, seed);
	entropy_get(&a, x, 32, 1);
	entropy_get(&b, y, 32, 1);
	assert_memory_equal(x, y, 33);
	assert_int_equal(x[32], 0); /* not one byte more */
	entropy_get(&a, x, 32, 2);
	entropy_get(&b, y, 32, 3);
	assert_memory_not_equal(x, y, 32);
	a = b;
	entropy_seed(&a, seed);
	entropy_get(&a, x, 32, 1);
	entropy_get(&b, y, 32, 1);
	assert_memory_not_equal(x, y, 32);
}

static void the_key_moves_on(void **state)
{
	struct entropy before = { { 1 } }, after = before;
	uint8_t bytes[1];

	entropy_get(&after, bytes, 1, 0);
	assert_memory_not_equal(before.key, after.key, sizeof(before.key));
	before = after;
	entropy_get(&after, bytes, 0, 0);
	assert_memory_not_equal(before.key, after.key, sizeof(before.key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_differ),
		cmocka_unit_test(what_goes_in_matters),
		cmocka_unit_test(the_key_moves_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
