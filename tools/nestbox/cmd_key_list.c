/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox key list, nestbox key verify: what is in a keyring, and whether a box with these roots would take it.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "image/signature.h"
#include "json.h"
#include "keyring_edit.h"
#include "public_key.h"
#include "trust.h"

static bool is_json;
static struct trust_options given;

static const struct option_row list_options[] = {
	{ OPTION_FLAG, "json", NULL, "for programs", &is_json },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static const char *after;

static const struct option_row verify_options[] = {
	{ OPTION_LIST, "root", "FILE.pub", "a root key of the box; repeated", &given.roots },
	{ OPTION_TEXT, "threshold", "N", "how many roots must have signed (all)", &given.threshold },
	{ OPTION_TEXT, "after", "KEYRING", "the one the box has now: would it take this one in its place?", &after },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static void key_show(const struct trusted_key *key)
{
	json_object_open(NULL);
	json_hex("key-id", key->key_id, KEY_ID_BYTES);
	json_text("algorithm", key_algorithm_name(key->algorithm));
	json_text("role", key_role_name(key->role));
	json_list_open("partitions");
	for (uint32_t i = 0; i < key->partition_count; i++)
		json_uuid(NULL, key->partitions[i]);
	json_list_close();
	json_object_close();
}

static void keyring_show(const struct keyring_file *k, const uint8_t *bytes)
{
	struct signatures signatures;

	json_start(is_json);
	json_object_open(NULL);
	json_number("version", k->version);
	json_uuid("product", k->product_uuid);
	json_text("needs-hash-based", k->keyring.needs_hash_based ? "yes" : "no");
	json_list_open("keys");
	for (uint32_t i = 0; i < k->key_count; i++)
		key_show(&k->keys[i]);
	json_list_close();
	json_list_open("revoked");
	for (uint32_t i = 0; i < k->revoked_count; i++)
		json_hex(NULL, k->revoked[i], KEY_ID_BYTES);
	json_list_close();
	json_list_open("signatures");
	if (!signatures_parse(bytes + KEYRING_SIGNED_BYTES, &signatures))
		for (size_t i = 0; i < signatures.count; i++)
			json_hex(NULL, signatures.entries[i].key_id, KEY_ID_BYTES);
	json_list_close();
	json_object_close();
}

static enum exit_code run_list(const struct text_list *operands)
{
	static uint8_t bytes[KEYRING_FILE_BYTES];
	static struct keyring_file keyring;
	enum exit_code code = keyring_edit_load(operands->items[0], &keyring, bytes);

	if (code)
		return code;
	keyring_show(&keyring, bytes);
	return output_flush_stdout();
}

static enum exit_code run_verify(const struct text_list *operands)
{
	static struct trust trust;
	static struct keyring_file now;
	enum image_error error = IMAGE_OK;
	enum exit_code code;

	given.keyring = operands->items[0];
	code = trust_load(&given, &trust);
	if (!code && after)
		code = keyring_edit_load(after, &now, NULL);
	if (code)
		return code;
	if (after)
		error = keyring_file_succeeds(&trust.file, &now);
	if (error)
		return report_error(EXIT_REFUSED, "%s is refused after %s: %s: %s", given.keyring, after, image_error_name(error),
				    image_error_text(error));
	printf("%s: verified, version %llu\n", given.keyring, (unsigned long long)trust.file.version);
	return output_flush_stdout();
}

const struct command command_key_list = {
	.name = "key list",
	.summary = "show what is in a keyring",
	.operands = "KEYRING",
	.operands_min = 1,
	.operands_max = 1,
	.options = list_options,
	.run = run_list,
};

const struct command command_key_verify = {
	.name = "key verify",
	.summary = "check a keyring as a box would",
	.operands = "KEYRING",
	.operands_min = 1,
	.operands_max = 1,
	.options = verify_options,
	.run = run_verify,
};
