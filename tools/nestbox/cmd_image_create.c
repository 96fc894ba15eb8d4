/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox image create: an image from a kernel and what it needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "image/crypto.h"
#include "image/verify.h"
#include "image_plan.h"
#include "kernel.h"
#include "text.h"

static struct {
	const char *kernel, *initrd, *command_line, *role, *partition, *version, *security_version,
		*product, *epoch;
	const char *hardware, *abi, *hash, *build_id, *layout, *sbom, *key, *out;
	struct text_list modules, dependencies;
	bool tree;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE", "the image to write", &given.out },
	{ OPTION_TEXT, "kernel", "FILE",
	  "Linux bzImage, or ELF with a Multiboot or Multiboot2 header", &given.kernel },
	{ OPTION_TEXT, "initrd", "FILE", "initial RAM disk, for Linux", &given.initrd },
	{ OPTION_LIST, "module", "FILE[,TEXT]",
	  "module and its command line, for Multiboot; repeated, in order", &given.modules },
	{ OPTION_TEXT, "cmdline", "TEXT", "the kernel's command line", &given.command_line },
	{ OPTION_TEXT, "partition", "NAME", "the partition it is for", &given.partition },
	{ OPTION_TEXT, "role", "UUID", "the same, by role UUID", &given.role },
	{ OPTION_TEXT, "version", "A.B.C", "the image's version (0.0.0)", &given.version },
	{ OPTION_TEXT, "security-version", "N", "for the anti-rollback floor (0)",
	  &given.security_version },
	{ OPTION_TEXT, "product", "UUID", "the product it is for (the nil UUID)", &given.product },
	{ OPTION_TEXT, "hardware", "MIN-MAX", "hardware revisions it is for (all)",
	  &given.hardware },
	{ OPTION_TEXT, "abi", "MIN-MAX", "box ABIs it is for (1)", &given.abi },
	{ OPTION_LIST, "depends", "ROLE[:V[:SV]]",
	  "another partition's image it needs, by name or UUID; repeated", &given.dependencies },
	{ OPTION_TEXT, "hash", "NAME", "sha256, sha384 or sha512 (sha512; with a hash tree sha256)",
	  &given.hash },
	{ OPTION_FLAG, "tree", NULL,
	  "give it a hash tree, as updates over the air need; always above 64 MiB", &given.tree },
	{ OPTION_TEXT, "build-id", "TEXT", "what the image calls its build, up to 63 characters",
	  &given.build_id },
	{ OPTION_TEXT, "layout-digest", "HEX", "SHA-256 of the layout it was made for",
	  &given.layout },
	{ OPTION_TEXT, "sbom-digest", "HEX", "SHA-256 of its software bill of materials",
	  &given.sbom },
	{ OPTION_TEXT, "source-date-epoch", "SECONDS",
	  "date of its sources ($SOURCE_DATE_EPOCH, else 0)", &given.epoch },
	{ OPTION_TEXT, "key", "FILE.key", "sign it at once", &given.key },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static const struct {
	const char *name;
	uint16_t algorithm;
} hashes[] = {
	{ "sha512", HASH_SHA512 },
	{ "sha384", HASH_SHA384 },
	{ "sha256", HASH_SHA256 },
};

static enum exit_code hash_fill(struct manifest *m)
{
	if (!given.hash)
		return EXIT_OK; /* plan_lay_out() chooses */
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (!strcmp(given.hash, hashes[i].name)) {
			m->hash_algorithm = hashes[i].algorithm;
			return EXIT_OK;
		}
	return report_error(EXIT_USAGE, "--hash '%s' is none of sha256, sha384, sha512",
			    given.hash);
}

static enum exit_code digest_fill(const char *option, const char *text, uint8_t digest[32])
{
	if (!text || text_hex_parse(text, digest, 32))
		return EXIT_OK;
	return report_error(EXIT_USAGE, "--%s '%s' is not 64 hexadecimal digits in lower case",
			    option, text);
}

static enum exit_code role_fill(struct manifest *m)
{
	enum exit_code code;

	if (!given.role == !given.partition)
		return report_error(
			EXIT_USAGE,
			"say which partition the image is for: --partition NAME or --role UUID%s",
			given.role ? ", not both" : "");
	code = text_uuid("role", given.role, m->role_uuid);
	return code ? code : text_role("partition", given.partition, m->role_uuid);
}

static enum exit_code identity_fill(struct manifest *m)
{
	struct version version = { 0, 0, 0 };
	const char *epoch = given.epoch ? given.epoch : getenv("SOURCE_DATE_EPOCH");
	enum exit_code code = role_fill(m);

	if (!code)
		code = text_uuid("product", given.product, m->product_uuid);
	if (!code)
		code = text_version("version", given.version, &version);
	if (!code)
		code = text_u32("security-version", given.security_version, &m->security_version);
	if (!code)
		code = text_range("hardware", given.hardware, &m->hardware_min, &m->hardware_max);
	if (!code)
		code = text_range("abi", given.abi, &m->abi_min, &m->abi_max);
	if (!code)
		code = text_number("source-date-epoch", epoch, UINT64_MAX, &m->source_date_epoch);
	m->version_major = version.major;
	m->version_minor = version.minor;
	m->version_patch = version.patch;
	return code;
}

static enum exit_code build_fill(struct manifest *m)
{
	const char *build_id = given.build_id ? given.build_id : "";
	enum exit_code code = hash_fill(m);

	if (!code)
		code = digest_fill("layout-digest", given.layout, m->layout_digest);
	if (!code)
		code = digest_fill("sbom-digest", given.sbom, m->sbom_digest);
	if (code)
		return code;
	if (strlen(build_id) >= sizeof(m->build_id))
		return report_error(EXIT_USAGE,
				    "--build-id is longer than %zu characters; shorten it",
				    sizeof(m->build_id) - 1);
	memcpy(m->build_id, build_id, strlen(build_id));
	if (given.dependencies.count > MANIFEST_MAX_DEPENDENCIES)
		return report_error(EXIT_USAGE,
				    "an image has at most %d dependencies; give fewer --depends",
				    MANIFEST_MAX_DEPENDENCIES);
	for (size_t i = 0; !code && i < given.dependencies.count; i++)
		code = text_dependency("depends", given.dependencies.items[i], &m->dependencies[i]);
	return code;
}

static enum exit_code manifest_fill(struct manifest *m)
{
	enum exit_code code;

	memcpy(m->magic, MANIFEST_MAGIC, sizeof(m->magic));
	m->format_major = 1;
	m->signed_bytes = MANIFEST_SIGNED_BYTES;
	m->hardware_max = UINT32_MAX;
	m->abi_min = IMAGE_ABI_VERSION;
	m->abi_max = IMAGE_ABI_VERSION;
	code = identity_fill(m);
	return code ? code : build_fill(m);
}

/* "FILE" or "FILE,command line". */
static enum exit_code module_add(struct image_plan *plan, const char *argument)
{
	const char *comma = strchr(argument, ',');
	char path[4096];

	if (!comma)
		return plan_add_file(plan, PART_MODULE, argument, "");
	if ((size_t)(comma - argument) >= sizeof(path))
		return report_error(EXIT_USAGE, "--module '%s' has too long a name", argument);
	memcpy(path, argument, (size_t)(comma - argument));
	path[comma - argument] = '\0';
	return plan_add_file(plan, PART_MODULE, path, comma + 1);
}

static enum exit_code parts_fill(struct image_plan *plan)
{
	enum exit_code code = plan_add_file(plan, 0, given.kernel, NULL);

	if (!code && given.initrd)
		code = plan_add_file(plan, PART_INITRD, given.initrd, NULL);
	for (size_t i = 0; !code && i < given.modules.count; i++)
		code = module_add(plan, given.modules.items[i]);
	if (!code && given.command_line)
		code = plan_add_command_line(plan, given.command_line);
	return code ? code : plan_lay_out(plan);
}

static enum exit_code success_print(const struct image_plan *plan)
{
	const struct manifest *m = &plan->manifest;
	char uuid[UUID_TEXT_BYTES];

	uuid_format(m->image_uuid, uuid);
	printf("%s: %s, %zu part%s, %llu bytes, image %s%s\n", given.out,
	       part_type_name(plan->payload.parts[0].type), plan->payload.count,
	       plan->payload.count == 1 ? "" : "s",
	       (unsigned long long)manifest_image_bytes(m), uuid,
	       plan->key ? ", signed" : "; sign it with 'nestbox image sign'");
	return output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	static struct image_plan plan;
	struct private_key key;
	enum exit_code code;

	(void)operands;
	if (!given.kernel || !given.out)
		return report_error(
			EXIT_USAGE, "say %s",
			given.kernel
				? "where to write the image: --out FILE"
				: "what to start: --kernel FILE (a bzImage or a Multiboot ELF)");
	plan.has_tree = given.tree;
	code = manifest_fill(&plan.manifest);
	if (!code && given.key) {
		code = private_key_load(given.key, &key);
		plan.key = &key;
	}
	if (!code)
		code = parts_fill(&plan);
	if (!code)
		code = plan_write(&plan, given.out);
	if (!code)
		code = success_print(&plan);
	plan_close(&plan);
	private_key_wipe(&key);
	return code;
}

const struct command command_image_create = {
	.name = "image create",
	.summary = "make an image from a kernel and what it needs",
	.operands = "",
	.options = options,
	.run = run,
	.notes =
		"The same input makes the same image, bit by bit.\n"
		 "Give --partition the name that the box's configuration uses.",
};
