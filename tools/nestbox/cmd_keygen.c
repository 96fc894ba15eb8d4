/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox keygen: a signing key and its public half.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "private_key.h"
#include "public_key.h"
#include "text.h"

static struct {
	const char *curve, *role, *prefix, *from;
	struct text_list partitions;
	bool force;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "PREFIX", "write PREFIX.key and PREFIX.pub", &given.prefix },
	{ OPTION_TEXT, "curve", "p256|p384|lms", "the curve (p384), or hash-based", &given.curve },
	{ OPTION_TEXT, "role", "ROLE",
	  "dev or release for images, root or dev-root for keyrings (dev); release builds refuse dev and "
	  "dev-root", &given.role },
	{ OPTION_LIST, "partition", "NAME|UUID",
	  "the only partitions it may sign for, repeated (any)", &given.partitions },
	{ OPTION_TEXT, "from", "FILE.pem", "make no key: write PREFIX.pub of this public key, whose private half is elsewhere",
	  &given.from },
	{ OPTION_FLAG, "force", NULL, "replace existing files", &given.force },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code public_part_fill(struct trusted_key *key)
{
	key->role = key_role_from_name(given.role ? given.role : "dev");
	if (!key->role)
		return report_error(EXIT_USAGE, "--role '%s' is none of dev, release, root and dev-root",
				    given.role);
	if (given.partitions.count > KEYRING_MAX_PARTITIONS)
		return report_error(
			EXIT_USAGE,
			"a key can be bound to at most %d partitions; give fewer --partition",
			KEYRING_MAX_PARTITIONS);
	for (size_t i = 0; i < given.partitions.count; i++)
		if (text_role("partition", given.partitions.items[i], key->partitions[i]))
			return EXIT_USAGE;
	key->partition_count = (uint32_t)given.partitions.count;
	return EXIT_OK;
}

static enum exit_code is_free(const char *path)
{
	if (!given.force && !access(path, F_OK))
		return report_error(EXIT_REFUSED,
				    "%s exists; choose another --out, or replace it with --force",
				    path);
	return EXIT_OK;
}

/* The private half first: a .pub without its .key helps nobody. */
static enum exit_code files_write(const struct trusted_key *key, const char *pem)
{
	char path[4096], text[PUBLIC_KEY_TEXT_BYTES], id[2 * KEY_ID_BYTES + 1];
	enum exit_code code;

	snprintf(path, sizeof(path), "%s.pub", given.prefix);
	code = is_free(path);
	snprintf(path, sizeof(path), "%s.key", given.prefix);
	if (!code)
		code = is_free(path);
	if (!code)
		code = output_file_at_once(path, 0600, pem, strlen(pem));
	if (code)
		return code;
	public_key_format(key, text);
	snprintf(path, sizeof(path), "%s.pub", given.prefix);
	code = output_file_at_once(path, 0666, text, strlen(text));
	if (code)
		return code;
	text_hex(key->key_id, KEY_ID_BYTES, id);
	printf("%s key %s\n%s.key (keep it secret), %s.pub\n", key_role_name(key->role), id,
	       given.prefix, given.prefix);
	return output_flush_stdout();
}

/* Of a key in a token, for instance. */
static enum exit_code import(struct trusted_key *key)
{
	char path[4096 + 8], text[PUBLIC_KEY_TEXT_BYTES], id[2 * KEY_ID_BYTES + 1];
	enum exit_code code = public_key_import(given.from, key);

	snprintf(path, sizeof(path), "%s.pub", given.prefix);
	if (!code)
		code = is_free(path);
	if (code)
		return code;
	public_key_format(key, text);
	code = output_file_at_once(path, 0666, text, strlen(text));
	if (code)
		return code;
	text_hex(key->key_id, KEY_ID_BYTES, id);
	printf("%s key %s\n%s\n", key_role_name(key->role), id, path);
	return output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	uint32_t algorithm = key_algorithm_from_name(given.curve ? given.curve : "p384");
	struct private_key key;
	char pem[PRIVATE_KEY_PEM_BYTES];
	struct trusted_key public = { .role = 0 };
	enum exit_code code;

	(void)operands;
	if (!algorithm)
		return report_error(EXIT_USAGE, "--curve '%s' is none of p256, p384 and lms",
				    given.curve);
	if (!given.prefix || strlen(given.prefix) > 4000)
		return report_error(EXIT_USAGE, "say where to write the key: --out PREFIX");
	code = public_part_fill(&public);
	if (!code && given.from)
		return import(&public);
	if (!code)
		code = private_key_make(algorithm, &key, pem);
	if (code)
		return code;
	public.algorithm = algorithm;
	memcpy(public.key_id, key.public.key_id, sizeof(public.key_id));
	memcpy(public.point, key.public.point, sizeof(public.point));
	private_key_wipe(&key);
	code = files_write(&public, pem);
	explicit_bzero(pem, sizeof(pem));
	return code;
}

const struct command command_keygen = {
	.name = "keygen",
	.summary = "make a signing key",
	.operands = "",
	.options = options,
	.run = run,
	.notes =
		"The private key never goes to a box.\n"
		 "'nestbox keyring c' makes the boxes' keyring from .pub files.",
};

const struct command command_key_make = {
	.name = "key make",
	.summary = "make a key: of an image signer, or a root",
	.operands = "",
	.options = options,
	.run = run,
	.notes = "The same as keygen. Roots sign keyrings ('nestbox key sign') and nothing else.",
};
