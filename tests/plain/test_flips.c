/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every single-bit flip of the first 16 KiB of an image is refused, each by the whole verification: 131,072 of them; and a sample of flips of
 * payload and hash tree. Unsanitized, because each flip that gets as far as the curve costs a millisecond. NESTBOX_FLIP_STEP=n takes every n-th
 * bit only.
 */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 2u

static struct fixture f;
static size_t step = 1;

static bool is_refused(size_t bit)
{
	bool refused;

	f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	refused = image_verify_manifest(&f.source, &f.policy, &f.result) != IMAGE_OK && !f.result.is_manifest_accepted;
	f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	return refused;
}

/* The workers take turns; exit code 0: all refused. */
static int refuse_all(size_t worker, size_t from, size_t to)
{
	for (size_t bit = from + worker * step; bit < to; bit += WORKERS * step)
		if (!is_refused(bit)) {
			print_message("bit %zu may flip unseen\n", bit);
			return 1;
		}
	return 0;
}

static void in_workers(size_t from, size_t to)
{
	pid_t workers[WORKERS];
	int status;

	for (size_t i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (!workers[i])
			_exit(refuse_all(i, from, to));
	}
	for (size_t i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(workers[i], &status, 0), workers[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void every_bit_of_the_signed_part(void **state)
{
	in_workers(0, 8 * MANIFEST_SIGNED_BYTES);
}

static void every_bit_of_the_signature_area(void **state)
{
	in_workers(8 * SIGNATURE_AREA_OFFSET, 8 * MANIFEST_BYTES_TOTAL);
}

/* The whole image: a prime step through padding, payload and tree, all eight bits in turn. */
static void a_sample_of_the_rest(void **state)
{
	for (size_t at = MANIFEST_BYTES_TOTAL; at < FIXTURE_TREE_IMAGE_BYTES; at += at < IMAGE_PAYLOAD_OFFSET ? 10007 : 211) {
		f.bytes[at] ^= (uint8_t)(1 << at % 8);
		assert_int_not_equal(fixture_verify(&f), IMAGE_OK);
		f.bytes[at] ^= (uint8_t)(1 << at % 8);
	}
	assert_error(fixture_verify(&f), IMAGE_OK);
}

static int start(void **state)
{
	const char *given = getenv("NESTBOX_FLIP_STEP");

	step = given ? (size_t)strtoul(given, NULL, 10) : 1;
	if (!step)
		return 1;
	fixture_open(&f);
	fixture_add_tree(&f, HASH_SHA256);
	return fixture_verify(&f) != IMAGE_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_of_the_signed_part),
		cmocka_unit_test(every_bit_of_the_signature_area),
		cmocka_unit_test(a_sample_of_the_rest),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
