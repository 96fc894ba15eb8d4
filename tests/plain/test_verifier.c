/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verification costs the box: the box's own objects and its build of mbedtls, linked into a host program, verify an image and a keyring
 * on the heap they are given; and the size of their code, as the linker keeps it when nothing else is wanted.
 *
 * usage: test_verifier VERIFIER.text IMAGE KEY.pub KEYRING ROOT.pub, the first: bytes of code as text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/keyring_file.h"
#include "image/verify.h"

#define HEAP_BYTES (16u << 10)
#define CODE_BYTES (48u << 10)
#define LEAST_HEAP_BYTES (1u << 10)

uintptr_t __stack_chk_guard = 0x5A17;

static char **files;
static uint8_t heap[HEAP_BYTES] __attribute__((aligned(16)));

static uint8_t *load(const char *path, size_t *count)
{
	FILE *file = fopen(path, "r");
	uint8_t *bytes;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*count = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*count + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *count, file), *count);
	bytes[*count] = 0;
	fclose(file);
	return bytes;
}

static void hex(const char *text, const char *word, uint8_t *bytes, size_t count)
{
	const char *at = strstr(text, word);

	assert_non_null(at);
	at += strlen(word);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(sscanf(at + 2 * i, "%2hhx", &bytes[i]), 1);
}

static void key_load(const char *path, uint32_t role, struct trusted_key *key)
{
	size_t count;
	char *text = (char *)load(path, &count);

	memset(key, 0, sizeof(*key));
	key->algorithm = strstr(text, "p384") ? KEY_ECDSA_P384 : KEY_ECDSA_P256;
	key->role = role;
	hex(text, "key-id ", key->key_id, KEY_ID_BYTES);
	hex(text, "point ", key->point, crypto_point_bytes(key->algorithm));
	free(text);
}

static enum image_error verify(size_t heap_bytes)
{
	static struct verify_result result;
	static struct trusted_key key;
	const struct keyring keyring = { .keys = &key, .count = 1 };
	struct verify_policy policy = { .keyring = &keyring };
	struct image_source source = { 0 };
	struct manifest m;
	size_t count;

	key_load(files[2], KEY_DEV, &key);
	source.bytes = load(files[1], &count);
	source.size = count;
	if (!manifest_parse(source.bytes, count, &m)) {
		memcpy(policy.role_uuid, m.role_uuid, UUID_BYTES);
		policy.abi_version = m.abi_min;
		policy.hardware_revision = m.hardware_min;
	}
	crypto_heap_init(heap, heap_bytes);
	if (!image_verify_manifest(&source, &policy, &result))
		image_verify_whole(&source, &result, NULL);
	free((void *)(uintptr_t)source.bytes);
	return result.error;
}

static void an_image_on_16_kib(void **state)
{
	(void)state;
	assert_string_equal(image_error_name(verify(HEAP_BYTES)), "OK");
	/* an exhausted heap is "no" */
	assert_int_not_equal(verify(LEAST_HEAP_BYTES), IMAGE_OK);
}

static void a_keyring_on_16_kib(void **state)
{
	static struct keyring_file file;
	static struct trusted_key root;
	const struct keyring_roots roots = { .keys = &root, .count = 1, .threshold = 1 };
	const struct keyring_policy policy = { .roots = &roots };
	size_t count;
	uint8_t *bytes = load(files[3], &count);

	(void)state;
	key_load(files[4], KEY_ROOT, &root);
	assert_int_equal(count, KEYRING_FILE_BYTES);
	crypto_heap_init(heap, HEAP_BYTES);
	assert_string_equal(image_error_name(keyring_file_verify(bytes, &policy, &file)), "OK");
	crypto_heap_init(heap, LEAST_HEAP_BYTES);
	assert_int_not_equal(keyring_file_verify(bytes, &policy, &file), IMAGE_OK);
	free(bytes);
}

static void code_of_48_kib(void **state)
{
	size_t count;
	char *text = (char *)load(files[0], &count);
	long bytes = strtol(text, NULL, 10);

	(void)state;
	print_message("verifier: %ld bytes of code\n", bytes);
	assert_true(bytes > 16384 && bytes <= CODE_BYTES);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_on_16_kib),
		cmocka_unit_test(a_keyring_on_16_kib),
		cmocka_unit_test(code_of_48_kib),
	};

	files = argv + 1;
	return argc == 6 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
