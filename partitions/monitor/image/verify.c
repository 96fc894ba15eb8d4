/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of verification. Each step takes only what the steps before it have proven.
 */
#include "image/verify.h"

#include <string.h>

#include "image/bytes.h"
#include "image/payload.h"

#define HASH_PIECE_BYTES 0x100000u
#define ZEROS_PIECE_BYTES 4096u

static enum image_error signatures_check(const struct signatures *signatures,
					 const struct keyring *keyring,
					 struct verify_result *result)
{
	bool has_revoked = false;

	if (!signature_digest(result->head, result->digest))
		return IMAGE_ERROR_CRYPTO;
	for (size_t i = 0; i < signatures->count; i++) {
		const struct trusted_key *key = keyring_find(keyring,
							     signatures->entries[i].key_id);
		enum image_error error;

		if (keyring_revokes(keyring, signatures->entries[i].key_id)) {
			has_revoked = true;
			continue;
		}
		if (!key)
			continue;
		error = signature_check(&signatures->entries[i], key, result->digest);
		if (error)
			return error;
		result->signers[result->signer_count++] = key;
	}
	if (result->signer_count)
		return IMAGE_OK;
	return has_revoked ? IMAGE_ERROR_SIGNATURE_REVOKED : IMAGE_ERROR_SIGNATURE_UNKNOWN_KEY;
}

/* May this key sign this image here? */
static bool signer_counts(const struct verify_result *result, const struct trusted_key *key)
{
	return keyring_accepts_role(key->role) && trusted_key_may_sign_for(key, result->manifest.role_uuid);
}

/* The first signer that may sign this image here; the first of all where none may, for the report. */
static const struct trusted_key *signer_choose(const struct verify_result *result)
{
	for (size_t i = 0; i < result->signer_count; i++)
		if (signer_counts(result, result->signers[i]))
			return result->signers[i];
	return result->signers[0];
}

/* Two kinds of mathematics: with one of them broken, nothing can be signed without the other. */
static bool has_both_kinds(const struct verify_result *result)
{
	bool has_hash_based = false, has_other = false;

	for (size_t i = 0; i < result->signer_count; i++) {
		if (!signer_counts(result, result->signers[i]))
			continue;
		has_hash_based |= result->signers[i]->algorithm == KEY_LMS;
		has_other |= result->signers[i]->algorithm != KEY_LMS;
	}
	return has_hash_based && has_other;
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

/* Zeros from `at` up to `end`, read piece by piece. */
static enum image_error zeros_check(const struct image_source *source, uint64_t at, uint64_t end)
{
	uint8_t piece[ZEROS_PIECE_BYTES];

	while (at < end) {
		uint64_t count = end - at < sizeof(piece) ? end - at : sizeof(piece);

		if (!source_read(source, at, piece, count))
			return IMAGE_ERROR_UNREADABLE;
		if (!bytes_are_zero(piece, (size_t)count))
			return IMAGE_ERROR_PADDING;
		at += count;
	}
	return IMAGE_OK;
}

static enum image_error extent_check(const struct manifest *m, const struct image_source *source)
{
	uint64_t end = manifest_image_bytes(m);

	if (end > source->size)
		return IMAGE_ERROR_TRUNCATED;
	return end < source->size && !source->is_slot ? IMAGE_ERROR_TRAILING : IMAGE_OK;
}

/*
 * Every byte of the image that is neither manifest nor payload nor hash tree is zero, so that none
 * can be altered unseen.
 */
static enum image_error padding_check(const struct manifest *m, const struct image_source *source)
{
	enum image_error error = zeros_check(source, MANIFEST_BYTES_TOTAL, m->payload_offset);

	return error || !m->tree_bytes
		       ? error
		       : zeros_check(source, m->payload_offset + m->payload_bytes, m->tree_offset);
}

static enum image_error head_check(const struct image_source *source,
				   const struct verify_policy *policy, struct verify_result *result)
{
	struct signatures signatures;
	enum image_error error;

	if (source->size < MANIFEST_BYTES_TOTAL)
		return IMAGE_ERROR_TRUNCATED;
	if (!source_read(source, 0, result->head, MANIFEST_BYTES_TOTAL))
		return IMAGE_ERROR_UNREADABLE;
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
	if (!error && policy->keyring->needs_hash_based && !has_both_kinds(result))
		error = IMAGE_ERROR_SIGNATURE_SECOND;
	return error ? error : extent_check(&result->manifest, source);
}

enum image_error image_verify_head(const struct image_source *source,
				   const struct verify_policy *policy, struct verify_result *result)
{
	memset(result, 0, sizeof(*result));
	result->error = head_check(source, policy, result);
	result->is_manifest_accepted = result->error == IMAGE_OK;
	return result->error;
}

enum image_error image_verify_manifest(const struct image_source *source,
				       const struct verify_policy *policy,
				       struct verify_result *result)
{
	if (!image_verify_head(source, policy, result)) {
		result->error = padding_check(&result->manifest, source);
		result->is_manifest_accepted = result->error == IMAGE_OK;
	}
	return result->error;
}

/* Only an accepted manifest has a payload; a refusal is final. */
static bool is_refused(struct verify_result *result)
{
	if (!result->is_manifest_accepted && !result->error)
		result->error = IMAGE_ERROR_UNSIGNED;
	return result->error != IMAGE_OK;
}

/* The next piece: read to its place when there is one, else taken where it lies in memory. */
static enum image_error piece_check(const struct image_source *source, uint8_t *to,
				    struct verify_result *result, uint64_t count)
{
	uint64_t done = result->payload.done;
	uint64_t at = result->manifest.payload_offset + done;

	if (to && !source_read(source, at, to + done, count))
		return IMAGE_ERROR_UNREADABLE;
	return payload_check_take(&result->payload, to ? to + done : source->bytes + at, count);
}

static enum image_error payload_check_all(const struct image_source *source, uint8_t *to,
					  struct verify_result *result,
					  const struct verify_progress *progress)
{
	uint64_t total = result->manifest.payload_bytes;
	enum image_error error = IMAGE_OK;

	payload_check_start(&result->payload, &result->manifest, source);
	while (!error && result->payload.done < total) {
		uint64_t left = total - result->payload.done;

		error = piece_check(source, to, result,
				    left < HASH_PIECE_BYTES ? left : HASH_PIECE_BYTES);
		if (!error && progress && progress->report)
			progress->report(progress->context, result->payload.done, total);
	}
	return error ? error : payload_check_finish(&result->payload);
}

enum image_error image_load_payload(const struct image_source *source, uint8_t *to,
				    struct verify_result *result,
				    const struct verify_progress *progress)
{
	if (!is_refused(result))
		result->error = payload_check_all(source, to, result, progress);
	return result->error;
}

enum image_error image_verify_whole(const struct image_source *source, struct verify_result *result,
				    const struct verify_progress *progress)
{
	const struct manifest *m = &result->manifest;
	struct payload payload;

	if (is_refused(result))
		return result->error;
	result->error = payload_check_all(source, NULL, result, progress);
	if (!result->error)
		result->error = payload_parse(source->bytes + m->payload_offset, m->payload_bytes,
					      &payload);
	return result->error;
}
