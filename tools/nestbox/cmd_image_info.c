/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox image info: what an image says about itself, believed or not.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "image/bytes.h"
#include "image/payload.h"
#include "image/signature.h"
#include "json.h"
#include "kernel.h"
#include "public_key.h"
#include "text.h"

static struct {
	bool json;
} given;

static const struct option_row options[] = {
	{ OPTION_FLAG, "json", NULL, "print JSON", &given.json },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static const char *hash_name(uint32_t algorithm)
{
	static const char *const names[] = {
		[HASH_SHA256] = "sha256", [HASH_SHA384] = "sha384", [HASH_SHA512] = "sha512"
	};

	return algorithm && algorithm < sizeof(names) / sizeof(names[0]) ? names[algorithm]
									 : "unknown";
}

static void manifest_print(const struct manifest *m)
{
	char version[32];

	json_uuid("image_uuid", m->image_uuid);
	json_uuid("product_uuid", m->product_uuid);
	json_uuid("role_uuid", m->role_uuid);
	snprintf(version, sizeof(version), "%u.%u.%u", m->version_major, m->version_minor,
		 m->version_patch);
	json_text("version", version);
	json_number("security_version", m->security_version);
	json_number("hardware_min", m->hardware_min);
	json_number("hardware_max", m->hardware_max);
	json_number("abi_min", m->abi_min);
	json_number("abi_max", m->abi_max);
	json_number("payload_offset", m->payload_offset);
	json_number("payload_bytes", m->payload_bytes);
	json_text("hash", hash_name(m->hash_algorithm));
	json_hex("payload_digest", m->payload_digest, crypto_digest_bytes(m->hash_algorithm));
	json_number("tree_bytes", m->tree_bytes);
	json_number("source_date_epoch", m->source_date_epoch);
	json_hex("layout_digest", m->layout_digest, sizeof(m->layout_digest));
	json_hex("sbom_digest", m->sbom_digest, sizeof(m->sbom_digest));
	json_text("build_id", (const char *)m->build_id);
}

static void dependencies_print(const struct manifest *m)
{
	size_t count = manifest_dependency_count(m);
	char version[32];

	json_list_open("dependencies");
	for (size_t i = 0; i < count; i++) {
		const struct manifest_dependency *d = &m->dependencies[i];

		json_object_open(NULL);
		json_uuid("role_uuid", d->role_uuid);
		snprintf(version, sizeof(version), "%u.%u.%u", d->version_major, d->version_minor,
			 d->version_patch);
		json_text("version", version);
		json_number("security_version", d->security_version);
		json_object_close();
	}
	json_list_close();
}

static void signatures_print(const struct input_file *image)
{
	struct signatures signatures;
	enum image_error error = signatures_parse(image->bytes + SIGNATURE_AREA_OFFSET,
						  &signatures);

	json_text("signature_state",
		  error ? image_error_text(error) : "not checked; use 'nestbox image verify'");
	json_list_open("signatures");
	for (size_t i = 0; !error && i < signatures.count; i++) {
		const char *name = key_algorithm_name(signatures.entries[i].algorithm);

		json_object_open(NULL);
		json_hex("key_id", signatures.entries[i].key_id, KEY_ID_BYTES);
		json_text("algorithm", name ? name : "unknown");
		json_object_close();
	}
	json_list_close();
}

static void part_print(const struct payload_part *part)
{
	json_object_open(NULL);
	json_text("type", part_type_name(part->type));
	json_number("offset", part->offset);
	json_number("bytes", part->size);
	json_text("text", part->text);
	if (part->type == PART_COMMAND_LINE)
		json_text_of("content", part->data, (size_t)part->size);
	json_object_close();
}

static enum image_error parts_print(const struct input_file *image, const struct manifest *m)
{
	struct payload payload;
	enum image_error error = IMAGE_ERROR_TRUNCATED;

	if (range_fits(m->payload_offset, m->payload_bytes, image->size))
		error = payload_parse(image->bytes + m->payload_offset, m->payload_bytes, &payload);
	json_list_open("parts");
	for (size_t i = 0; !error && i < payload.count; i++)
		part_print(&payload.parts[i]);
	json_list_close();
	return error;
}

static enum exit_code image_print(const struct input_file *image)
{
	struct manifest m;
	enum image_error error = IMAGE_ERROR_TRUNCATED;

	if (image->size >= MANIFEST_BYTES_TOTAL ||
	    (image->size >= 8 && memcmp(image->bytes, MANIFEST_MAGIC, 8)))
		error = memcmp(image->bytes, MANIFEST_MAGIC, 8)
				? IMAGE_ERROR_MANIFEST_MAGIC
				: manifest_parse(image->bytes, MANIFEST_BYTES_TOTAL, &m);
	if (!error) {
		json_start(given.json);
		json_object_open(NULL);
		manifest_print(&m);
		dependencies_print(&m);
		signatures_print(image);
		error = parts_print(image, &m);
		json_object_close();
	}
	if (error)
		return report_error(EXIT_REFUSED, "%s: %s: %s", image->path,
				    image_error_name(error), image_error_text(error));
	return output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	struct input_file image;
	enum exit_code code = input_open(operands->items[0], &image);

	if (code)
		return code;
	code = image_print(&image);
	input_close(&image);
	return code;
}

const struct command command_image_info = {
	.name = "image info",
	.summary = "show what an image says about itself",
	.operands = "IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "Nothing it shows is verified; 'nestbox image verify' does that.",
};
