/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this image one that may run here? The one decision the box's safety hangs on, in two steps:
 * the manifest where the image lies, then the payload in the copy that will run. Nothing unsigned
 * is ever interpreted.
 *
 *	image_verify_manifest(&source, &policy, &result);
 *	image_load_payload(&source, place, &result, &progress);
 *	then, and only then, payload_parse(place, ...)
 */
#ifndef IMAGE_VERIFY_H
#define IMAGE_VERIFY_H

#include "image/keyring.h"
#include "image/manifest.h"
#include "image/payload_check.h"
#include "image/source.h"

#define IMAGE_ABI_VERSION 1 /* of what a partition sees: hypercalls, layout, devices */

struct installed_image {
	uint8_t role_uuid[UUID_BYTES];
	uint64_t version; /* manifest_version() */
	uint32_t security_version;
};

struct verify_policy {
	const struct keyring *keyring;
	uint8_t role_uuid[UUID_BYTES];
	uint8_t product_uuid[UUID_BYTES];
	uint32_t hardware_revision;
	uint32_t abi_version; /* IMAGE_ABI_VERSION on the box */
	uint32_t security_version_floor;
	const struct installed_image *installed; /* where dependencies are looked for */
	size_t installed_count;
};

/* A static object on the box: it is larger than a stack should carry. */
struct verify_result {
	enum image_error error;
	bool is_authentic; /* a trusted key signed; `manifest` is as far as it parsed */
	bool is_manifest_accepted;
	const struct trusted_key *key; /* the trusted key that counts */
	const struct trusted_key *signers[SIGNATURE_MAX_COUNT]; /* all trusted keys that signed */
	size_t signer_count;
	uint8_t digest[CRYPTO_MAX_DIGEST_BYTES]; /* signature_digest(): tells images apart */
	struct payload_check payload;
	struct manifest manifest;
	uint8_t head[MANIFEST_BYTES_TOTAL]; /* the copy that was verified and parsed: read once */
};

/* Called after every piece with bytes hashed so far, and the total. May be null. */
struct verify_progress {
	void (*report)(void *context, uint64_t done, uint64_t total);
	void *context;
};

/*
 * Length, magic, signature, then manifest.def, verify.def and sizes, in this order; reads nothing but
 * the manifest, so that of a source in memory no more need be there. Every signature by a key of the
 * keyring must be valid and there must be one. Returns result->error.
 */
enum image_error image_verify_head(const struct image_source *source,
				   const struct verify_policy *policy,
				   struct verify_result *result);

/* The same, and that all bytes around payload and hash tree are zero. Returns result->error. */
enum image_error image_verify_manifest(const struct image_source *source,
				       const struct verify_policy *policy,
				       struct verify_result *result);

/*
 * Copies the payload to `to` (result->manifest.payload_bytes of room) and verifies the copy, by its
 * hash tree or its digest; needs an accepted manifest. What is there may be used only with IMAGE_OK.
 * Returns result->error.
 */
enum image_error image_load_payload(const struct image_source *source, uint8_t *to,
				    struct verify_result *result,
				    const struct verify_progress *progress);

/*
 * Verifies the payload where it lies in memory, and its table of parts, for programs that run
 * nothing. After image_verify_manifest() accepted it. Returns result->error.
 */
enum image_error image_verify_whole(const struct image_source *source, struct verify_result *result,
				    const struct verify_progress *progress);

#endif
