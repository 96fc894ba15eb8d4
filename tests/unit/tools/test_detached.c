/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures that come back from elsewhere, raw or as DER: one way to write each number, as Project Wycheproof's vectors of oddities have it. The box
 * itself knows no DER.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "detached.h"

static char path[4096];

static int set_up(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/nestbox-detached-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static enum exit_code load(uint32_t algorithm, const uint8_t *bytes, size_t count, uint8_t *signature)
{
	const struct trusted_key key = { .algorithm = algorithm };
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	fclose(file);
	return detached_load(path, &key, signature);
}

#define LOAD(...) load(KEY_ECDSA_P256, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), signature)

static void numbers_are_padded(void **state)
{
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES], expected[64] = { 0 };

	(void)state;
	expected[31] = 5;
	expected[62] = 0x80;
	assert_int_equal(LOAD(0x30, 8, 2, 1, 5, 2, 3, 0, 0x80, 0), EXIT_OK);
	assert_memory_equal(signature, expected, 64);
	expected[31] = expected[62] = 0; /* zero is a number: verification is what refuses it */
	assert_int_equal(LOAD(0x30, 6, 2, 1, 0, 2, 1, 0), EXIT_OK);
	assert_memory_equal(signature, expected, 64);
}

static void oddities_are_refused(void **state)
{
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES];

	(void)state;
	assert_int_equal(LOAD(0x30, 6, 2, 1, 0x80, 2, 1, 1), EXIT_REFUSED);	  /* negative */
	assert_int_equal(LOAD(0x30, 6, 2, 1, 1, 2, 1, 0xFF), EXIT_REFUSED);	  /* minus one */
	assert_int_equal(LOAD(0x30, 7, 2, 2, 0, 5, 2, 1, 1), EXIT_REFUSED);	  /* a zero in front */
	assert_int_equal(LOAD(0x30, 8, 2, 3, 0, 0, 0x80, 2, 1, 1), EXIT_REFUSED); /* two */
	assert_int_equal(LOAD(0x30, 5, 2, 0, 2, 1, 1), EXIT_REFUSED);		  /* no bytes at all */
	assert_int_equal(LOAD(0x30, 0x81, 6, 2, 1, 5, 2, 1, 1), EXIT_REFUSED);	  /* length in two bytes */
	assert_int_equal(LOAD(0x30, 7, 2, 0x81, 1, 5, 2, 1, 1), EXIT_REFUSED);	  /* the same inside */
	assert_int_equal(LOAD(0x30, 0x80, 2, 1, 5, 2, 1, 1, 0, 0), EXIT_REFUSED); /* no length: BER */
	assert_int_equal(LOAD(0x30, 6, 2, 1, 5, 2, 1, 1, 0), EXIT_REFUSED);	  /* a byte behind */
	assert_int_equal(LOAD(0x30, 7, 2, 1, 5, 2, 1, 1, 0), EXIT_REFUSED);	  /* and inside */
	assert_int_equal(LOAD(0x30, 9, 2, 1, 5, 2, 1, 1, 2, 1, 1), EXIT_REFUSED); /* a third number */
	assert_int_equal(LOAD(0x30, 3, 2, 1, 5), EXIT_REFUSED);			  /* one only */
	assert_int_equal(LOAD(0x30, 0), EXIT_REFUSED);
	assert_int_equal(LOAD(0x30), EXIT_REFUSED);
	assert_int_equal(LOAD(0x31, 6, 2, 1, 5, 2, 1, 1), EXIT_REFUSED); /* a set */
	assert_int_equal(LOAD(0x30, 6, 3, 1, 5, 2, 1, 1), EXIT_REFUSED); /* a bit string */
	assert_int_equal(LOAD(0x30, 4, 5, 0, 5, 0), EXIT_REFUSED);	 /* null */
	assert_int_equal(LOAD(0x30, 6, 2, 5, 5, 2, 1, 1), EXIT_REFUSED); /* reaches out */
	assert_int_equal(load(KEY_ECDSA_P256, signature, 0, signature), EXIT_REFUSED);
}

/* Every length of a number, for both curves: what does not fit is refused. */
static void numbers_have_their_curves_size(void **state)
{
	static const uint32_t algorithms[] = { KEY_ECDSA_P256, KEY_ECDSA_P384 };
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES], der[200];

	(void)state;
	for (size_t a = 0; a < 2; a++)
		for (uint8_t length = 1; length < 60; length++) {
			size_t half = crypto_point_bytes(algorithms[a]) / 2;

			memset(der, 0x41, sizeof(der));
			memcpy(der, (uint8_t[]){ 0x30, (uint8_t)(length + 5), 2, length }, 4);
			memcpy(der + 4 + length, (uint8_t[]){ 2, 1, 7 }, 3);
			if (length + 7u == 2 * half)
				continue; /* that many bytes are raw numbers */
			assert_int_equal(load(algorithms[a], der, length + 7u, signature), length <= half ? EXIT_OK : EXIT_REFUSED);
		}
	for (size_t count = 1; count < sizeof(der); count++)
		if (count != crypto_signature_bytes(KEY_LMS))
			assert_int_equal(load(KEY_LMS, der, count, signature), EXIT_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_are_padded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(oddities_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_have_their_curves_size, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
