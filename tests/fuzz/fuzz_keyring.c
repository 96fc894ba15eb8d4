/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what reads keyring files: the parser with whatever a root might have signed, which must write back the same bytes, and verification,
 * which must refuse all input: the fuzzer has no root's private key. LMS signatures are tried with the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "image/keyring_file.h"
#include "image/lms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The published point of RFC 6979 appendix A.2.5. */
static const uint8_t point[64] = {
	0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68,
	0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6,
	0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
	0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
};

static void key_fill(struct trusted_key *key, uint32_t role)
{
	memset(key, 0, sizeof(*key));
	key->algorithm = KEY_ECDSA_P256;
	key->role = role;
	memcpy(key->point, point, sizeof(point));
	if (!trusted_key_id(key->algorithm, key->point, key->key_id))
		abort();
}

static void parse_require(const uint8_t *bytes)
{
	static struct keyring_file file;
	uint8_t again[KEYRING_SIGNED_BYTES];

	if (keyring_file_parse(bytes, &file))
		return;
	if (file.keyring.count < 1 || file.keyring.count > KEYRING_MAX_KEYS || file.keyring.revoked_count > KEYRING_MAX_REVOKED ||
	    !keyring_is_sound(&file.keyring) || keyring_file_succeeds(&file, &file) != IMAGE_ERROR_KEYRING_OLDER)
		abort();
	if (keyring_file_write(&file, again) || memcmp(again, bytes, sizeof(again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[KEYRING_FILE_BYTES];
	static struct keyring_file file;
	static struct trusted_key root, good;
	static const struct keyring_roots roots = { .keys = &root, .count = 1, .threshold = 1 };
	static const struct keyring_policy policy = { .roots = &roots };

	key_fill(&root, KEY_ROOT);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	parse_require(bytes);
	/* a file that starts out well, so that few bytes get far */
	key_fill(&good, KEY_RELEASE);
	file = (struct keyring_file){ .format_major = 1, .signed_bytes = KEYRING_SIGNED_BYTES, .version = 1, .key_count = 1 };
	memcpy(file.magic, KEYRING_MAGIC, sizeof(file.magic));
	file.keys[0] = good;
	if (keyring_file_write(&file, bytes))
		abort();
	for (size_t i = 0; i + 2 < size && i < 64; i += 3)
		bytes[(data[i] | data[i + 1] << 8) % KEYRING_SIGNED_BYTES] ^= data[i + 2];
	parse_require(bytes);
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	memcpy(bytes + KEYRING_SIGNED_BYTES + 8, root.key_id, KEY_ID_BYTES);
	if (keyring_file_verify(bytes, &policy, &file) == IMAGE_OK)
		abort();
	if (lms_verify(bytes, bytes + 64, 48, bytes + 128))
		abort();
	return 0;
}
