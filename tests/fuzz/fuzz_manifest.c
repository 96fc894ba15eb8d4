/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes everything that reads the first 16 KiB of an image: the signature area as it is, the
 * manifest as a trusted key might have signed it, and verification of the whole, which must refuse
 * all input: the fuzzer has no key. Seeds: images made by 'nestbox image create --key'.
 */
#include <stdlib.h>
#include <string.h>

#include "image/bytes.h"
#include "image/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the rest of the monitor may rely on after manifest_parse() said yes. */
static void manifest_require(const uint8_t *bytes, const struct manifest *m)
{
	uint8_t again[MANIFEST_SIGNED_BYTES];
	uint64_t end;

	if (m->payload_offset < IMAGE_PAYLOAD_OFFSET || !m->payload_bytes ||
	    !range_end(m->payload_offset, m->payload_bytes, &end) ||
	    (m->tree_bytes &&
	     (m->tree_offset < end || !range_end(m->tree_offset, m->tree_bytes, &end))) ||
	    !crypto_digest_bytes(m->hash_algorithm) || m->build_id[sizeof(m->build_id) - 1] ||
	    manifest_dependency_count(m) > MANIFEST_MAX_DEPENDENCIES)
		abort();
	if (manifest_write(m, again) || memcmp(again, bytes, sizeof(again)))
		abort();
}

static void signatures_require(const uint8_t *area, const struct signatures *s)
{
	if (s->count < 1 || s->count > SIGNATURE_MAX_COUNT)
		abort();
	for (size_t i = 0; i < s->count; i++) {
		const struct signature *entry = &s->entries[i];

		if (entry->bytes < area || !entry->length ||
		    entry->length > (size_t)(area + SIGNATURE_AREA_BYTES - entry->bytes))
			abort();
	}
}

/* The published point of RFC 6979 appendix A.2.5, with an id that the seeds' first signature gets.
 */
static void keyring_fill(struct trusted_key *key)
{
	static const uint8_t point[64] = {
		0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6,
		0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69,
		0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc,
		0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c,
		0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99,
	};

	key->algorithm = KEY_ECDSA_P256;
	key->role = KEY_RELEASE;
	memcpy(key->point, point, sizeof(point));
	if (!trusted_key_id(key->algorithm, key->point, key->key_id))
		abort();
}

static void whole_require(const uint8_t *data, size_t size)
{
	static struct verify_result result;
	static struct trusted_key key;
	static const struct keyring keyring = { .keys = &key, .count = 1 };
	static const struct verify_policy policy = { .keyring = &keyring,
						     .abi_version = IMAGE_ABI_VERSION };
	static uint8_t copy[IMAGE_PAYLOAD_OFFSET];
	const struct image_source source = { .bytes = copy, .size = size };

	if (size > sizeof(copy))
		return;
	keyring_fill(&key);
	memcpy(copy, data, size);
	/* The first signature claims to be by the trusted key, else few inputs would get that far.
	 */
	if (size >= MANIFEST_BYTES_TOTAL)
		memcpy(copy + SIGNATURE_AREA_OFFSET + 8, key.key_id, KEY_ID_BYTES);
	if (image_verify_manifest(&source, &policy, &result) == IMAGE_OK || result.is_authentic ||
	    image_verify_whole(&source, &result, NULL) == IMAGE_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct manifest manifest;
	static struct signatures signatures;

	if (manifest_parse(data, size, &manifest) == IMAGE_OK)
		manifest_require(data, &manifest);
	if (size >= MANIFEST_BYTES_TOTAL &&
	    signatures_parse(data + SIGNATURE_AREA_OFFSET, &signatures) == IMAGE_OK)
		signatures_require(data + SIGNATURE_AREA_OFFSET, &signatures);
	whole_require(data, size);
	return 0;
}
