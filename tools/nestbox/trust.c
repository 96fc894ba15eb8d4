/* SPDX-License-Identifier: Apache-2.0 */
/* A box's keys from files; see trust.h. */
#include "trust.h"

#include <string.h>

#include "keyring_edit.h"
#include "public_key.h"
#include "text.h"

enum exit_code trust_roots_load(const struct trust_options *options, struct trust *trust)
{
	uint64_t threshold = options->roots.count;
	enum exit_code code = public_roots_load(&options->roots, trust->root_keys);

	if (!code)
		code = text_number("threshold", options->threshold, SIGNATURE_MAX_COUNT, &threshold);
	trust->roots =
		(struct keyring_roots){ .keys = trust->root_keys, .count = options->roots.count, .threshold = (size_t)threshold };
	if (!code && (threshold < 1 || threshold > options->roots.count || threshold > SIGNATURE_MAX_COUNT))
		code = report_error(EXIT_USAGE, "the threshold is from 1 to the number of roots, at most %d; say --threshold",
				    SIGNATURE_MAX_COUNT);
	return code;
}

static enum exit_code keyring_load(const struct trust_options *options, struct trust *trust)
{
	static uint8_t bytes[KEYRING_FILE_BYTES];
	struct keyring_policy policy = { .roots = &trust->roots };
	enum image_error error;
	enum exit_code code = trust_roots_load(options, trust);

	if (!code)
		code = keyring_edit_load(options->keyring, &trust->file, bytes);
	if (code)
		return code;
	memcpy(policy.product_uuid, trust->file.product_uuid, UUID_BYTES);
	error = keyring_file_verify(bytes, &policy, &trust->file);
	trust->keyring = trust->file.keyring;
	return error ? report_error(EXIT_REFUSED, "%s is refused: %s: %s", options->keyring, image_error_name(error),
				    image_error_text(error)) :
		       EXIT_OK;
}

enum exit_code trust_load(const struct trust_options *options, struct trust *trust)
{
	if (options->keyring && options->keys.count)
		return report_error(EXIT_USAGE, "--pub and --keyring say the same; give one of them");
	if (options->keyring)
		return keyring_load(options, trust);
	if (!options->keys.count)
		return report_error(EXIT_USAGE, "say which keys the box trusts: --pub FILE.pub, or --keyring FILE with --root");
	trust->keyring = (struct keyring){ .keys = trust->keys, .count = options->keys.count };
	return public_keys_load(&options->keys, trust->keys);
}
