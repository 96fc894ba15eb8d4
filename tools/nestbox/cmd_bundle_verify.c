/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox bundle verify: would a box with these keys install this bundle and start it?
 */
#include <stdio.h>

#include "bundle.h"
#include "commands.h"
#include "image_policy.h"
#include "public_key.h"
#include "text.h"
#include "trust.h"

static struct {
	struct trust_options trust;
	const char *partition, *floor;
	bool release;
} given;

static const struct option_row options[] = {
	TRUST_OPTIONS(given.trust),
	{ OPTION_TEXT, "partition", "NAME", "the partition it must be for (the image's own)", &given.partition },
	{ OPTION_TEXT, "security-version", "N", "the lowest security version the box takes (0)", &given.floor },
	{ OPTION_FLAG, "release", NULL, "be a release build: take release keys only", &given.release },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code bundle_check(const char *path, const struct bundle *bundle, struct verify_policy *policy)
{
	static struct verify_result result;
	struct image_source source = { .bytes = bundle->image, .size = bundle->image_bytes };
	const struct manifest *m = &bundle->manifest;
	enum image_error error;
	enum exit_code code;

	policy_from_image(bundle->image, bundle->image_bytes, policy);
	code = text_role("partition", given.partition, policy->role_uuid);
	if (!code)
		code = text_u32("security-version", given.floor, &policy->security_version_floor);
	if (code)
		return code;
	error = image_verify_manifest(&source, policy, &result);
	if (!error && given.release && result.key->role != KEY_RELEASE)
		error = IMAGE_ERROR_KEY_ROLE;
	if (!error)
		error = image_verify_whole(&source, &result, NULL);
	if (error)
		return report_error(EXIT_REFUSED, "%s is refused: %s: %s", path, image_error_name(error), image_error_text(error));
	printf("%sverified%s %s\n  version %u.%u.%u, security version %u, signed with a %s key\n", report_good(), report_plain(),
	       path, m->version_major, m->version_minor, m->version_patch, m->security_version, key_role_name(result.key->role));
	return output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	static struct trust trust;
	static struct bundle bundle;
	struct verify_policy policy = { .keyring = &trust.keyring };
	struct input_file input;
	enum exit_code code = trust_load(&given.trust, &trust);

	if (!code)
		code = input_open(operands->items[0], &input);
	if (code)
		return code;
	code = bundle_read(&input, &bundle);
	if (!code) {
		code = bundle_check(input.path, &bundle, &policy);
		bundle_free(&bundle);
	}
	input_close(&input);
	return code;
}

const struct command command_bundle_verify = {
	.name = "bundle verify",
	.summary = "check a bundle as a box would",
	.operands = "BUNDLE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
};
