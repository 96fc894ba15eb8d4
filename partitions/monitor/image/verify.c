/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of verification. Each step takes only what the steps before it have proven.
 */
#include "image/verify.h"

#include <string.h>

#include "image/bytes.h"
#include "image/payload.h"

#define HASH_PIECE_BYTES 0x100000u

/*
 * One signature of a key that is in the keyring. The algorithm is the key's; the file may only
 * agree.
 */
static enum image_error signature_check(const struct signature *signature,
					const struct trusted_key *key, const uint8_t *digest)
{
	struct crypto_signed what = { digest, SIGNATURE_DIGEST_BYTES, signature->bytes };

	if (signature->algorithm != key->algorithm)
		return IMAGE_ERROR_SIGNATURE_ALGORITHM;
	if (signature->length != crypto_point_bytes(key->algorithm))
		return IMAGE_ERROR_SIGNATURE_LENGTH;
	return crypto_signature_is_valid(key->algorithm, key->point, &what)
		       ? IMAGE_OK
		       : IMAGE_ERROR_SIGNATURE_INVALID;
}

static enum image_error signatures_check(const struct signatures *signatures,
					 const struct keyring *keyring,
					 struct verify_result *result)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	if (!signature_digest(result->head, digest))
		return IMAGE_ERROR_CRYPTO;
	for (size_t i = 0; i < signatures->count; i++) {
		const struct trusted_key *key = keyring_find(keyring,
							     signatures->entries[i].key_id);
		enum image_error error;

		if (!key)
			continue;
		error = signature_check(&signatures->entries[i], key, digest);
		if (error)
			return error;
		result->signers[result->signer_count++] = key;
	}
	return result->signer_count ? IMAGE_OK : IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY;
}

/* The first signer that may sign this image here; the first of all where none may, for the report. */
static const struct trusted_key *signer_choose(const struct verify_result *result)
{
	for (size_t i = 0; i < result->signer_count; i++)
		if (keyring_accepts_role(result->signers[i]->role) &&
		    trusted_key_may_sign_for(result->signers[i], result->manifest.role_uuid))
			return result->signers[i];
	return result->signers[0];
}

static bool dependency_is_met(const struct manifest_dependency *dependency,
			      const struct verify_policy *policy)
{
	uint64_t version = manifest_version(dependency->version_major, dependency->version_minor,
					    dependency->version_patch);

	for (size_t i = 0; i < policy->installed_count; i++) {
		const struct installed_image *image = &policy->installed[i];

		if (!memcmp(image->role_uuid, dependency->role_uuid, UUID_BYTES) &&
		    image->version >= version &&
		    image->security_version >= dependency->security_version)
			return true;
	}
	return false;
}

static bool dependencies_are_met(const struct manifest *manifest,
				 const struct verify_policy *policy)
{
	size_t count = manifest_dependency_count(manifest);

	for (size_t i = 0; i < count; i++)
		if (!dependency_is_met(&manifest->dependencies[i], policy))
			return false;
	return true;
}

#define VERIFY_CHECK(name, expression, sentence)                                          \
	static bool holds_##name(const struct manifest *m, const struct trusted_key *key, \
				 const struct verify_policy *policy)                      \
	{                                                                                 \
		(void)m, (void)key, (void)policy;                                         \
		return expression;                                                        \
	}
#include "image/verify.def"
#undef VERIFY_CHECK

#define VERIFY_CHECK(name, expression, sentence) { IMAGE_ERROR_##name, holds_##name },
static const struct verify_check {
	enum image_error error;
	bool (*holds)(const struct manifest *m, const struct trusted_key *key,
		      const struct verify_policy *policy);
} policy_checks[] = {
#include "image/verify.def"
};
#undef VERIFY_CHECK

static enum image_error policy_check(const struct verify_result *result,
				     const struct verify_policy *policy)
{
	for (size_t i = 0; i < sizeof(policy_checks) / sizeof(policy_checks[0]); i++)
		if (!policy_checks[i].holds(&result->manifest, result->key, policy))
			return policy_checks[i].error;
	return IMAGE_OK;
}

/*
 * Every byte of the image that is neither manifest nor payload is zero, so that none can be altered
 * unseen.
 */
static enum image_error extent_check(const struct manifest *m, const struct image_source *source)
{
	uint64_t payload_end = m->payload_offset +
			       m->payload_bytes; /* manifest.def: neither wraps */
	uint64_t end = m->tree_bytes ? m->tree_offset + m->tree_bytes : payload_end;

	if (end > source->size)
		return IMAGE_ERROR_TRUNCATED;
	if (end < source->size && !source->is_slot)
		return IMAGE_ERROR_TRAILING;
	if (m->tree_bytes)
		return IMAGE_ERROR_TREE_UNSUPPORTED;
	if (!bytes_are_zero(source->bytes + MANIFEST_BYTES_TOTAL,
			    m->payload_offset - MANIFEST_BYTES_TOTAL))
		return IMAGE_ERROR_PADDING;
	return IMAGE_OK;
}

static enum image_error manifest_check(const struct image_source *source,
				       const struct verify_policy *policy,
				       struct verify_result *result)
{
	struct signatures signatures;
	enum image_error error;

	if (source->size < MANIFEST_BYTES_TOTAL)
		return IMAGE_ERROR_TRUNCATED;
	memcpy(result->head, source->bytes, MANIFEST_BYTES_TOTAL);
	if (memcmp(result->head, MANIFEST_MAGIC, 8))
		return IMAGE_ERROR_MANIFEST_MAGIC;
	if (!keyring_is_sound(policy->keyring))
		return IMAGE_ERROR_KEYRING;
	error = signatures_parse(result->head + SIGNATURE_AREA_OFFSET, &signatures);
	if (!error)
		error = signatures_check(&signatures, policy->keyring, result);
	if (error)
		return error;
	result->is_authentic = true;
	error = manifest_parse(result->head, MANIFEST_SIGNED_BYTES, &result->manifest);
	result->key = signer_choose(result);
	if (!error)
		error = policy_check(result, policy);
	return error ? error : extent_check(&result->manifest, source);
}

enum image_error image_verify_manifest(const struct image_source *source,
				       const struct verify_policy *policy,
				       struct verify_result *result)
{
	memset(result, 0, sizeof(*result));
	result->error = manifest_check(source, policy, result);
	result->is_manifest_accepted = result->error == IMAGE_OK;
	return result->error;
}

static bool payload_digest(const struct verify_result *result, const uint8_t *bytes,
			   const struct verify_progress *progress,
			   uint8_t digest[CRYPTO_MAX_DIGEST_BYTES])
{
	uint64_t total = result->manifest.payload_bytes, done = 0;
	struct crypto_hash hash;

	crypto_hash_start(&hash, result->manifest.hash_algorithm);
	while (done < total) {
		uint64_t piece = total - done < HASH_PIECE_BYTES ? total - done : HASH_PIECE_BYTES;

		crypto_hash_update(&hash, bytes + done, (size_t)piece);
		done += piece;
		if (progress && progress->report)
			progress->report(progress->context, done, total);
	}
	return crypto_hash_finish(&hash, digest);
}

static enum image_error payload_check(const struct verify_result *result, const uint8_t *bytes,
				      uint64_t count, const struct verify_progress *progress)
{
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES];

	if (!result->is_manifest_accepted || result->error)
		return result->error ? result->error : IMAGE_ERROR_UNSIGNED;
	if (count != result->manifest.payload_bytes)
		return IMAGE_ERROR_PAYLOAD_LENGTH;
	if (!payload_digest(result, bytes, progress, digest))
		return IMAGE_ERROR_CRYPTO;
	return crypto_equal(digest, result->manifest.payload_digest, sizeof(digest))
		       ? IMAGE_OK
		       : IMAGE_ERROR_PAYLOAD_ALTERED;
}

enum image_error image_verify_payload(struct verify_result *result, const uint8_t *bytes,
				      uint64_t count, const struct verify_progress *progress)
{
	result->error = payload_check(result, bytes, count, progress);
	return result->error;
}

enum image_error image_verify_whole(const struct image_source *source, struct verify_result *result,
				    const struct verify_progress *progress)
{
	const struct manifest *m = &result->manifest;
	struct payload payload;

	if (!result->is_manifest_accepted)
		return result->error ? result->error : IMAGE_ERROR_UNSIGNED;
	if (image_verify_payload(result, source->bytes + m->payload_offset, m->payload_bytes,
				 progress))
		return result->error;
	result->error = payload_parse(source->bytes + m->payload_offset, m->payload_bytes,
				      &payload);
	return result->error;
}
