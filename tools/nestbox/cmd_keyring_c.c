/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox keyring c: the C file with the keys a box trusts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "public_key.h"
#include "text.h"

static struct {
	const char *out;
	bool release;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE.c", "the file to write", &given.out },
	{ OPTION_FLAG, "release", NULL, "refuse development keys", &given.release },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static void bytes_emit(FILE *to, const char *indent, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s0x%02x,%s", i % 16 ? " " : indent, bytes[i],
			i % 16 == 15 || i + 1 == count ? "\n" : "");
}

static void key_emit(FILE *to, const struct trusted_key *key)
{
	fprintf(to, "\t{\n\t\t.key_id = {\n");
	bytes_emit(to, "\t\t\t", key->key_id, KEY_ID_BYTES);
	fprintf(to, "\t\t},\n\t\t.algorithm = %s,\n\t\t.role = %s,\n\t\t.partition_count = %u,\n",
		key->algorithm == KEY_ECDSA_P256 ? "KEY_ECDSA_P256" : "KEY_ECDSA_P384",
		key->role == KEY_RELEASE ? "KEY_RELEASE" : "KEY_DEV", key->partition_count);
	if (key->partition_count)
		fprintf(to, "\t\t.partitions = {\n");
	for (uint32_t i = 0; i < key->partition_count; i++) {
		fprintf(to, "\t\t\t{\n");
		bytes_emit(to, "\t\t\t\t", key->partitions[i], UUID_BYTES);
		fprintf(to, "\t\t\t},\n");
	}
	if (key->partition_count)
		fprintf(to, "\t\t},\n");
	fprintf(to, "\t\t.point = {\n");
	bytes_emit(to, "\t\t\t", key->point, crypto_point_bytes(key->algorithm));
	fprintf(to, "\t\t},\n\t},\n");
}

static void keyring_emit(FILE *to, const struct trusted_key *keys, size_t count)
{
	bool has_dev = false;

	fprintf(to,
		"/* SPDX-License-Identifier: Apache-2.0 */\n/*\n * The keys this box trusts. "
		"Made by 'nestbox keyring c'; do not edit.\n */\n#include \"image/keyring.h\"\n\n"
		"static const struct trusted_key keys[] = {\n");
	for (size_t i = 0; i < count; i++) {
		key_emit(to, &keys[i]);
		has_dev = has_dev || keys[i].role == KEY_DEV;
	}
	fprintf(to,
		"};\n\nconst struct keyring box_keyring = {\n\t.keys = keys,\n\t.count = %zu,\n",
		count);
	if (has_dev)
		fprintf(to,
			"\t.dev_keys = &keyring_dev_keys_are_allowed, "
			"/* not in a release build */\n");
	fprintf(to, "};\n");
}

static enum exit_code keyring_write(const struct trusted_key *keys, size_t count)
{
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);
	enum exit_code code;

	if (!to)
		return report_system_error("cannot build the keyring");
	keyring_emit(to, keys, count);
	code = fclose(to) ? report_system_error("cannot build the keyring")
			  : output_file_at_once(given.out, 0666, text, length);
	free(text);
	return code;
}

static enum exit_code run(const struct text_list *operands)
{
	static struct trusted_key keys[LIST_MAX];
	enum exit_code code;

	if (!given.out)
		return report_error(EXIT_USAGE, "say where to write the keyring: --out FILE.c");
	code = public_keys_load(operands, keys);
	for (size_t i = 0; !code && given.release && i < operands->count; i++)
		if (keys[i].role != KEY_RELEASE)
			code = report_error(EXIT_REFUSED,
					    "%s is a development key, which must not ship; "
					    "make a key with 'nestbox keygen --role release'",
					    operands->items[i]);
	return code ? code : keyring_write(keys, operands->count);
}

const struct command command_keyring_c = {
	.name = "keyring c",
	.summary = "write the C array of keys a box trusts",
	.operands = "PUB...",
	.operands_min = 1,
	.operands_max = LIST_MAX,
	.options = options,
	.run = run,
};
