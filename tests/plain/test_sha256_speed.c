/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU's SHA instructions are worth having: at least four times as fast as the C code, both built as the host tool is. The best of several
 * short runs of each, in turns, so that other work on the machine does not decide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "image/sha256.h"

#define BYTES (1u << 20)
#define RUNS 40
#define LEAST 4.0

static uint8_t bytes[BYTES];

static double seconds(sha256_blocks blocks)
{
	struct timespec start, end;
	uint32_t state[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_true(blocks(state, bytes, BYTES / SHA256_BLOCK_BYTES));
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void four_times_as_fast(void **state)
{
	double library = 1, cpu = 1;

	(void)state;
	if (!sha256_has_instructions()) {
		print_message("skipped 'this CPU has no SHA extensions'\n");
		skip();
	}
	for (int run = 0; run < RUNS; run++) {
		double a = seconds(sha256_blocks_c), b = seconds(sha256_blocks_cpu);

		library = a < library ? a : library;
		cpu = b < cpu ? b : cpu;
	}
	print_message("SHA-256: %.0f MB/s in C, %.0f MB/s by the CPU\n", BYTES / library / 1e6, BYTES / cpu / 1e6);
	assert_true(library / cpu >= LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(four_times_as_fast) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
