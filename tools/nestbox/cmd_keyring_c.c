/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox keyring c: the C file with the keys a box trusts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "public_key.h"
#include "text.h"
#include "trust.h"

static struct {
	const char *out, *version;
	struct trust_options trust;
	bool release;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE.c", "the file to write", &given.out },
	{ OPTION_FLAG, "release", NULL, "refuse development keys", &given.release },
	{ OPTION_LIST, "root", "FILE.pub", "a root key, which signs the keyrings that may take this one's place; repeated", &given.trust.roots },
	{ OPTION_TEXT, "threshold", "N", "how many of the roots have to sign (all)", &given.trust.threshold },
	{ OPTION_TEXT, "version", "N", "the lowest version of a keyring that is taken (0)", &given.version },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static struct trust trust;

static void bytes_emit(FILE *to, const char *indent, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s0x%02x,%s", i % 16 ? " " : indent, bytes[i],
			i % 16 == 15 || i + 1 == count ? "\n" : "");
}

static const char *algorithm_symbol(uint32_t algorithm)
{
	static const char *const symbols[] = { "0", "KEY_ECDSA_P256", "KEY_ECDSA_P384", "KEY_LMS" };

	return symbols[algorithm];
}

static const char *role_symbol(uint32_t role)
{
	static const char *const symbols[] = { "0", "KEY_RELEASE", "KEY_DEV", "KEY_ROOT", "KEY_DEV_ROOT" };

	return symbols[role];
}

static bool is_development(const struct trusted_key *key)
{
	return key->role == KEY_DEV || key->role == KEY_DEV_ROOT;
}

static void key_emit(FILE *to, const struct trusted_key *key)
{
	fprintf(to, "\t{\n\t\t.key_id = {\n");
	bytes_emit(to, "\t\t\t", key->key_id, KEY_ID_BYTES);
	fprintf(to, "\t\t},\n\t\t.algorithm = %s,\n\t\t.role = %s,\n\t\t.partition_count = %u,\n",
		algorithm_symbol(key->algorithm), role_symbol(key->role), key->partition_count);
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

static void keys_emit(FILE *to, const char *name, const struct trusted_key *keys, size_t count)
{
	fprintf(to, "static const struct trusted_key %s[] = {\n", name);
	for (size_t i = 0; i < count; i++)
		key_emit(to, &keys[i]);
	fprintf(to, "};\n\n");
}

static void keyring_emit(FILE *to, const struct trusted_key *keys, size_t count)
{
	bool has_dev = false;

	for (size_t i = 0; i < count; i++)
		has_dev |= is_development(&keys[i]);
	for (size_t i = 0; i < trust.roots.count; i++)
		has_dev |= is_development(&trust.root_keys[i]);
	fprintf(to,
		"/* SPDX-License-Identifier: Apache-2.0 */\n/*\n * The keys this box trusts. "
		"Made by 'nestbox keyring c'; do not edit.\n */\n#include \"image/keyring_file.h\"\n\n");
	keys_emit(to, "keys", keys, count);
	fprintf(to, "const struct keyring box_keyring = {\n\t.keys = keys,\n\t.count = %zu,\n", count);
	if (has_dev)
		fprintf(to,
			"\t.dev_keys = &keyring_dev_keys_are_allowed, "
			"/* not in a release build */\n");
	fprintf(to, "};\n\n");
	if (trust.roots.count)
		keys_emit(to, "roots", trust.root_keys, trust.roots.count);
	fprintf(to, "const struct keyring_roots box_roots = {\n\t.keys = %s,\n\t.count = %zu,\n\t.threshold = %zu,\n\t.version_floor = %" PRIu64 ",\n};\n",
		trust.roots.count ? "roots" : "0", trust.roots.count, trust.roots.threshold, trust.roots.version_floor);
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

static enum exit_code roots_load(void)
{
	uint64_t version = 0;
	enum exit_code code = given.trust.roots.count ? trust_roots_load(&given.trust, &trust) : EXIT_OK;

	if (!code)
		code = text_number("version", given.version, UINT64_MAX, &version);
	trust.roots.version_floor = version;
	return code;
}

/* Development keys cannot ship: refused here, and by the linker (keyring_release.c). */
static enum exit_code release_check(const struct trusted_key *keys, const struct text_list *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		if (is_development(&keys[i]))
			return report_error(EXIT_REFUSED,
					    "%s is a development key, which must not ship; "
					    "make a key with 'nestbox keygen --role %s'",
					    paths->items[i], keys[i].role == KEY_DEV ? "release" : "root");
	return EXIT_OK;
}

static enum exit_code run(const struct text_list *operands)
{
	enum exit_code code;

	if (!given.out)
		return report_error(EXIT_USAGE, "say where to write the keyring: --out FILE.c");
	code = public_keys_load(operands, trust.keys);
	if (!code)
		code = roots_load();
	if (!code && given.release)
		code = release_check(trust.keys, operands);
	if (!code && given.release)
		code = release_check(trust.root_keys, &given.trust.roots);
	return code ? code : keyring_write(trust.keys, operands->count);
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
