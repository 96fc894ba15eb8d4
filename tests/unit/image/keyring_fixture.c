/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyring that tests damage.
 */
#include "keyring_fixture.h"

#include <string.h>

void keyring_fixture_open(struct keyring_fixture *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < FIXTURE_ROOTS; i++)
		fixture_key(KEY_ECDSA_P256, KEY_ROOT, &f->root_keys[i], &f->root_public[i]);
	f->roots = (struct keyring_roots){ .keys = f->root_public, .count = FIXTURE_ROOTS, .threshold = 2, .version_floor = 3 };
	f->policy = (struct keyring_policy){ .roots = &f->roots, .version_floor = 4 };
	memset(f->policy.product_uuid, 0x22, UUID_BYTES);
	memcpy(f->file.magic, KEYRING_MAGIC, sizeof(f->file.magic));
	memcpy(f->file.product_uuid, f->policy.product_uuid, UUID_BYTES);
	f->file.format_major = 1;
	f->file.signed_bytes = KEYRING_SIGNED_BYTES;
	f->file.version = 5;
	f->file.source_date_epoch = 1700000000;
	f->file.key_count = 2;
	fixture_key(KEY_ECDSA_P384, KEY_RELEASE, &f->image_keys[0], &f->file.keys[0]);
	fixture_key(KEY_ECDSA_P256, KEY_DEV, &f->image_keys[1], &f->file.keys[1]);
	f->file.keys[1].partition_count = 1;
	memset(f->file.keys[1].partitions[0], 0x33, UUID_BYTES);
	f->file.revoked_count = 2;
	memset(f->file.revoked[0], 0xA0, KEY_ID_BYTES);
	memset(f->file.revoked[1], 0xA1, KEY_ID_BYTES);
	keyring_fixture_seal(f);
}

void keyring_fixture_seal(struct keyring_fixture *f)
{
	const struct private_key *const two[] = { &f->root_keys[0], &f->root_keys[1] };

	assert_error(keyring_file_write(&f->file, f->bytes), IMAGE_OK);
	keyring_fixture_sign(f, two, 2);
}

void keyring_fixture_sign(struct keyring_fixture *f, const struct private_key *const *keys, size_t count)
{
	static uint8_t signed_by[SIGNATURE_MAX_COUNT][CRYPTO_MAX_SIGNATURE_BYTES];
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];
	struct signatures signatures = { .count = count };

	assert_true(keyring_file_digest(f->bytes, digest));
	for (size_t i = 0; i < count; i++) {
		struct signature *s = &signatures.entries[i];

		assert_int_equal(private_key_sign(keys[i], digest, signed_by[i]), EXIT_OK);
		s->algorithm = keys[i]->public.algorithm;
		memcpy(s->key_id, keys[i]->public.key_id, KEY_ID_BYTES);
		s->length = (uint32_t)crypto_signature_bytes(s->algorithm);
		s->bytes = signed_by[i];
	}
	signatures_write(&signatures, f->bytes + KEYRING_SIGNED_BYTES);
}

enum image_error keyring_fixture_verify(struct keyring_fixture *f)
{
	return keyring_file_verify(f->bytes, &f->policy, &f->result);
}
