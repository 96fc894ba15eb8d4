/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox key rotate, nestbox key revoke: the next version of a keyring, to be signed by the roots.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "keyring_edit.h"
#include "text.h"

static struct {
	const char *from, *out, *product, *version;
	struct text_list add, retire, revoke;
	bool hash_based, no_hash_based;
} given;

static const struct option_row rotate_options[] = {
	{ OPTION_TEXT, "from", "KEYRING", "the newest one (none: the first is made)", &given.from },
	{ OPTION_LIST, "add", "FILE.pub", "an image key that counts from now on; repeated", &given.add },
	{ OPTION_LIST, "retire", "FILE.pub|ID", "a key that no longer counts; repeated", &given.retire },
	{ OPTION_LIST, "revoke", "FILE.pub|ID", "a key that must never count again; repeated", &given.revoke },
	{ OPTION_FLAG, "hash-based", NULL, "images need a signature by an LMS key besides another one", &given.hash_based },
	{ OPTION_FLAG, "no-hash-based", NULL, "they no longer do", &given.no_hash_based },
	{ OPTION_TEXT, "product", "UUID", "the boxes' product, for the first one", &given.product },
	{ OPTION_TEXT, "version", "N", "its version (the last one's and one)", &given.version },
	{ OPTION_TEXT, "out", "FILE", "the keyring to write", &given.out },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static const struct option_row revoke_options[] = {
	{ OPTION_TEXT, "from", "KEYRING", "the newest one", &given.from },
	{ OPTION_LIST, "add", "FILE.pub", "a key that takes the place of what is revoked; repeated", &given.add },
	{ OPTION_TEXT, "out", "FILE", "the keyring to write", &given.out },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static struct keyring_file keyring;

static enum exit_code for_each(const struct text_list *list, enum exit_code (*edit)(struct keyring_file *, const char *))
{
	enum exit_code code = EXIT_OK;

	for (size_t i = 0; !code && i < list->count; i++)
		code = edit(&keyring, list->items[i]);
	return code;
}

static enum exit_code start(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t last = 0;
	enum exit_code code = EXIT_OK;

	if (!given.from)
		keyring_edit_new(&keyring);
	else
		code = keyring_edit_load(given.from, &keyring, NULL);
	if (code)
		return code;
	last = keyring.version;
	keyring.version = last + 1;
	code = text_number("version", given.version, UINT64_MAX, &keyring.version);
	if (!code && keyring.version <= last)
		code = report_error(EXIT_USAGE, "--version has to be above %" PRIu64 ": boxes take newer ones only", last);
	if (!code && epoch)
		code = text_number("SOURCE_DATE_EPOCH", epoch, UINT64_MAX, &keyring.source_date_epoch);
	if (!code && given.product && given.from)
		code = report_error(EXIT_USAGE, "the product is that of %s; leave out --product", given.from);
	return code ? code : text_uuid("product", given.product, keyring.product_uuid);
}

static enum exit_code rotate(void)
{
	enum exit_code code;

	if (!given.out)
		return report_error(EXIT_USAGE, "say where to write the keyring: --out FILE");
	code = start();
	if (!code)
		code = for_each(&given.retire, keyring_edit_retire);
	if (!code)
		code = for_each(&given.revoke, keyring_edit_revoke);
	if (!code)
		code = for_each(&given.add, keyring_edit_add);
	if (given.hash_based)
		keyring.flags |= KEYRING_FLAG_HASH_BASED;
	if (given.no_hash_based)
		keyring.flags &= ~KEYRING_FLAG_HASH_BASED;
	if (!code)
		code = keyring_edit_write(&keyring, given.out);
	if (code)
		return code;
	printf("%s: version %" PRIu64 ", %u keys, %u revoked; have the roots sign it with 'nestbox key sign'\n", given.out,
	       keyring.version, keyring.key_count, keyring.revoked_count);
	return output_flush_stdout();
}

static enum exit_code run_rotate(const struct text_list *operands)
{
	(void)operands;
	return rotate();
}

static enum exit_code run_revoke(const struct text_list *operands)
{
	given.revoke = *operands;
	if (!given.from)
		return report_error(EXIT_USAGE, "say which keyring is the newest: --from KEYRING");
	return rotate();
}

const struct command command_key_rotate = {
	.name = "key rotate",
	.summary = "make the next version of a keyring",
	.operands = "",
	.options = rotate_options,
	.run = run_rotate,
	.notes = "A box takes it when as many roots have signed as the box was built to ask for.",
};

const struct command command_key_revoke = {
	.name = "key revoke",
	.summary = "make the next version of a keyring, without a key for ever",
	.operands = "FILE.pub|ID...",
	.operands_min = 1,
	.operands_max = KEYRING_MAX_REVOKED,
	.options = revoke_options,
	.run = run_revoke,
};
