/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox image verify: would a box with these keys start this image? The code that answers is the
 * box's own.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "image_policy.h"
#include "public_key.h"
#include "text.h"
#include "trust.h"

static struct {
	const char *role, *partition, *product, *hardware, *abi, *floor;
	struct trust_options trust;
	struct text_list installed;
	bool release, slot;
} given;

static const struct option_row options[] = {
	TRUST_OPTIONS(given.trust),
	{ OPTION_TEXT, "partition", "NAME", "the partition it must be for (the image's own)",
	  &given.partition },
	{ OPTION_TEXT, "role", "UUID", "the same, by role UUID", &given.role },
	{ OPTION_TEXT, "product", "UUID", "the box's product (the image's own)", &given.product },
	{ OPTION_TEXT, "hardware", "N", "the box's hardware revision (the image's lowest)",
	  &given.hardware },
	{ OPTION_TEXT, "abi", "N", "the box's ABI (the image's lowest)", &given.abi },
	{ OPTION_TEXT, "security-version", "N", "the lowest security version the box takes (0)",
	  &given.floor },
	{ OPTION_LIST, "installed", "ROLE[:V[:SV]]",
	  "another image on the box, for dependencies; repeated", &given.installed },
	{ OPTION_FLAG, "release", NULL, "be a release build: take release keys only",
	  &given.release },
	{ OPTION_FLAG, "slot", NULL, "the file is a slot, longer than the image in it",
	  &given.slot },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static struct installed_image installed[LIST_MAX];

static enum exit_code installed_fill(struct verify_policy *policy)
{
	for (size_t i = 0; i < given.installed.count; i++) {
		struct manifest_dependency d;
		enum exit_code code = text_dependency("installed", given.installed.items[i], &d);

		if (code)
			return code;
		memcpy(installed[i].role_uuid, d.role_uuid, UUID_BYTES);
		installed[i].version = manifest_version(d.version_major, d.version_minor,
							d.version_patch);
		installed[i].security_version = d.security_version;
	}
	policy->installed = installed;
	policy->installed_count = given.installed.count;
	return EXIT_OK;
}

static enum exit_code policy_fill(const struct input_file *image, struct verify_policy *policy)
{
	enum exit_code code;

	policy_from_image(image->bytes, (size_t)image->size, policy);
	code = text_role("partition", given.partition, policy->role_uuid);
	if (!code)
		code = text_uuid("role", given.role, policy->role_uuid);
	if (!code)
		code = text_uuid("product", given.product, policy->product_uuid);
	if (!code)
		code = text_u32("hardware", given.hardware, &policy->hardware_revision);
	if (!code)
		code = text_u32("abi", given.abi, &policy->abi_version);
	if (!code)
		code = text_u32("security-version", given.floor, &policy->security_version_floor);
	return code ? code : installed_fill(policy);
}

static enum exit_code success_print(const char *path, const struct verify_result *result)
{
	const struct manifest *m = &result->manifest;
	char id[2 * KEY_ID_BYTES + 1], role[UUID_TEXT_BYTES];

	text_hex(result->key->key_id, KEY_ID_BYTES, id);
	uuid_format(m->role_uuid, role);
	printf("%sverified%s %s\n  version %u.%u.%u, security version %u, for role %s\n"
	       "  signed with %s key %s\n",
	       report_good(), report_plain(), path, m->version_major, m->version_minor,
	       m->version_patch, m->security_version, role, key_role_name(result->key->role), id);
	return output_flush_stdout();
}

static void hash_report(void *context, uint64_t done, uint64_t total)
{
	(void)context;
	report_progress("hashing", done, total);
}

static enum exit_code image_check(const struct input_file *image,
				  const struct verify_policy *policy)
{
	static struct verify_result result;
	static const struct verify_progress progress = { hash_report, NULL };
	struct image_source source = { .bytes = image->bytes,
				       .size = image->size,
				       .is_slot = given.slot };
	enum image_error error = image_verify_manifest(&source, policy, &result);

	if (!error && given.release && result.key->role != KEY_RELEASE)
		error = IMAGE_ERROR_KEY_ROLE;
	if (!error)
		error = image_verify_whole(&source, &result, &progress);
	if (error)
		return report_error(EXIT_REFUSED, "%s is refused: %s: %s", image->path,
				    image_error_name(error), image_error_text(error));
	return success_print(image->path, &result);
}

static enum exit_code run(const struct text_list *operands)
{
	static struct trust trust;
	struct verify_policy policy = { .keyring = &trust.keyring };
	struct input_file image;
	enum exit_code code;

	if (given.role && given.partition)
		return report_error(EXIT_USAGE,
				    "--role and --partition say the same; give one of them");
	code = trust_load(&given.trust, &trust);
	if (!code)
		code = input_open(operands->items[0], &image);
	if (code)
		return code;
	code = policy_fill(&image, &policy);
	if (!code)
		code = image_check(&image, &policy);
	input_close(&image);
	return code;
}

const struct command command_image_verify = {
	.name = "image verify",
	.summary = "check an image as a box would",
	.operands = "IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
};
