/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 by both ways, against mbedtls's whole function: every length around the block's, pieces of all sizes, long runs of zeros and ones.
 */
#include "fixture.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "image/sha256.h"

#define MOST 4096u

static uint8_t bytes[MOST];

static void assert_same(sha256_blocks blocks, size_t offset, size_t count, size_t piece)
{
	uint8_t expected[SHA256_DIGEST_BYTES], digest[SHA256_DIGEST_BYTES];
	struct sha256 hash;

	assert_int_equal(mbedtls_sha256(bytes + offset, count, expected, 0), 0);
	sha256_start(&hash, blocks);
	for (size_t at = 0; at < count; at += piece)
		assert_true(sha256_update(&hash, bytes + offset + at, count - at < piece ? count - at : piece));
	assert_true(sha256_finish(&hash, digest));
	assert_memory_equal(digest, expected, sizeof(digest));
}

static void all_lengths(sha256_blocks blocks)
{
	static const size_t pieces[] = { 1, 3, 63, 64, 65, 127, 128, 1000, MOST };

	srand(7);
	for (size_t i = 0; i < MOST; i++)
		bytes[i] = (uint8_t)rand();
	for (size_t count = 0; count <= 300; count++)
		for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++)
			assert_same(blocks, count % 17, count, pieces[p]);
	assert_same(blocks, 0, MOST, 64);
	memset(bytes, 0xFF, sizeof(bytes));
	assert_same(blocks, 1, MOST - 1, MOST);
	memset(bytes, 0, sizeof(bytes));
	assert_same(blocks, 0, MOST, 777);
}

static void by_the_library(void **state)
{
	all_lengths(sha256_blocks_c);
}

static void by_the_cpu(void **state)
{
	if (!sha256_has_instructions()) {
		print_message("skipped 'this CPU has no SHA extensions'\n");
		skip();
	}
	all_lengths(sha256_blocks_cpu);
}

/* The same state after any number of blocks, whatever the state was. */
static void from_any_state(void **state)
{
	uint32_t a[8], b[8];

	if (!sha256_has_instructions())
		skip();
	for (unsigned int round = 0; round < 2000; round++) {
		for (size_t i = 0; i < 8; i++)
			a[i] = b[i] = (uint32_t)rand() * 2654435761u;
		for (size_t i = 0; i < 256; i++)
			bytes[i] = (uint8_t)rand();
		assert_true(sha256_blocks_c(a, bytes + round % 5, 1 + round % 3));
		assert_true(sha256_blocks_cpu(b, bytes + round % 5, 1 + round % 3));
		assert_memory_equal(a, b, sizeof(a));
	}
}

static void the_choice(void **state)
{
	assert_ptr_equal(sha256_best(), sha256_has_instructions() ? sha256_blocks_cpu : sha256_blocks_c);
}

/* FIPS 180-4's two-block example, the empty message, and lengths of more than 32 bits, whose last block says so. */
static void published_values(void **state)
{
	static const uint8_t empty[] = { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14 };
	static const uint8_t two[] = { 0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8 };
	static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t digest[SHA256_DIGEST_BYTES], other[SHA256_DIGEST_BYTES];
	struct sha256 hash;

	sha256_start(&hash, sha256_best());
	assert_true(sha256_finish(&hash, digest));
	assert_memory_equal(digest, empty, sizeof(empty));
	sha256_start(&hash, sha256_best());
	assert_true(sha256_update(&hash, (const uint8_t *)text, 56));
	assert_true(sha256_finish(&hash, digest));
	assert_memory_equal(digest, two, sizeof(two));
	for (unsigned int bit = 29; bit < 61; bit++) { /* of the byte count: all bits of the length in the padding */
		sha256_start(&hash, sha256_best());
		assert_true(sha256_finish(&hash, digest));
		sha256_start(&hash, sha256_best());
		hash.count = 1ull << bit;
		assert_true(sha256_finish(&hash, other));
		assert_memory_not_equal(digest, other, sizeof(digest));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_library), cmocka_unit_test(by_the_cpu),	      cmocka_unit_test(from_any_state),
		cmocka_unit_test(the_choice),	  cmocka_unit_test(published_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
