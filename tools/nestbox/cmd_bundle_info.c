/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox bundle info: what is in a bundle, believed or not.
 */
#include <stdio.h>

#include "bundle.h"
#include "commands.h"
#include "image/signature.h"
#include "json.h"

static struct {
	bool json;
} given;

static const struct option_row options[] = {
	{ OPTION_FLAG, "json", NULL, "print JSON", &given.json },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static void keys_print(const struct bundle *bundle)
{
	struct signatures signatures;

	json_list_open("signatures");
	if (!signatures_parse(bundle->image + SIGNATURE_AREA_OFFSET, &signatures))
		for (size_t i = 0; i < signatures.count; i++) {
			json_object_open(NULL);
			json_hex("key_id", signatures.entries[i].key_id, KEY_ID_BYTES);
			json_object_close();
		}
	json_list_close();
}

static void bundle_print(const struct input_file *input, const struct bundle *bundle)
{
	const struct manifest *m = &bundle->manifest;
	char version[32];

	snprintf(version, sizeof(version), "%u.%u.%u", m->version_major, m->version_minor, m->version_patch);
	json_start(given.json);
	json_object_open(NULL);
	json_text("version", version);
	json_number("security_version", m->security_version);
	json_uuid("role_uuid", m->role_uuid);
	json_uuid("image_uuid", m->image_uuid);
	json_number("payload_bytes", m->payload_bytes);
	json_number("leaves", m->leaf_count);
	json_number("bundle_bytes", input->size);
	json_number("percent_of_payload", input->size * 100 / m->payload_bytes);
	json_number("frames", bundle->frames);
	json_number("packed_frames", bundle->packed_frames);
	keys_print(bundle);
	json_object_close();
}

static enum exit_code run(const struct text_list *operands)
{
	static struct bundle bundle;
	struct input_file input;
	enum exit_code code = input_open(operands->items[0], &input);

	if (code)
		return code;
	code = bundle_read(&input, &bundle);
	if (!code) {
		bundle_print(&input, &bundle);
		bundle_free(&bundle);
		code = output_flush_stdout();
	}
	input_close(&input);
	return code;
}

const struct command command_bundle_info = {
	.name = "bundle info",
	.summary = "show what is in a bundle",
	.operands = "BUNDLE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "Nothing it shows is verified; 'nestbox bundle verify' does that.",
};
