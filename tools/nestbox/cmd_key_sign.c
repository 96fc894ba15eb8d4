/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox key sign, nestbox image sign: adds a signature to an image or a keyring that is whole. The private key is in a file, in a token behind
 * PKCS#11, or elsewhere: then the digest goes out and the signature comes back.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "detached.h"
#include "image/crypto.h"
#include "pkcs11.h"
#include "private_key.h"
#include "public_key.h"
#include "signed_file.h"
#include "text.h"

static struct {
	const char *key, *out, *digest, *attach, *public;
	struct pkcs11_key token;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "key", "FILE.key", "the private key", &given.key },
	{ OPTION_TEXT, "out", "FILE", "write the signed file there (FILE itself)", &given.out },
	{ OPTION_TEXT, "emit-digest", "FILE", "sign nothing: write what has to be signed (raw SHA-384; cut for P-256 with --pub)",
	  &given.digest },
	{ OPTION_TEXT, "attach", "FILE", "add this signature (r and s, raw or as DER), made elsewhere with the key of --pub",
	  &given.attach },
	{ OPTION_TEXT, "pkcs11", "MODULE.so", "sign in a token, by this PKCS#11 module, with the key of --pub",
	  &given.token.module },
	{ OPTION_TEXT, "label", "TEXT", "what the private key is called in the token", &given.token.label },
	{ OPTION_TEXT, "pin-from", "FILE", "the first line of this file is the token's PIN (asked for on a terminal)",
	  &given.token.pin_path },
	{ OPTION_TEXT, "pub", "FILE.pub", "the public half, with --attach, --pkcs11 and --emit-digest", &given.public },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code public_load(struct trusted_key *key)
{
	if (!given.public)
		return report_error(EXIT_USAGE, "say whose signature it is: --pub FILE.pub");
	return public_key_load(given.public, key);
}

static enum exit_code sign_with_file(struct signed_file *file, struct trusted_key *key)
{
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES];
	struct private_key private;
	enum exit_code code = private_key_load(given.key, &private);

	if (code)
		return code;
	code = private_key_sign(&private, file->digest, signature);
	*key = private.public;
	private_key_wipe(&private);
	return code ? code : signed_file_add(file, key, signature);
}

static enum exit_code sign_with_token(struct signed_file *file, struct trusted_key *key)
{
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES];
	enum exit_code code = public_load(key);

	if (!code)
		code = pkcs11_sign(&given.token, key, file->digest, signature);
	return code ? code : signed_file_add(file, key, signature);
}

static enum exit_code sign_with_attached(struct signed_file *file, struct trusted_key *key)
{
	uint8_t signature[CRYPTO_MAX_SIGNATURE_BYTES];
	enum exit_code code = public_load(key);

	if (!code)
		code = detached_load(given.attach, key, signature);
	return code ? code : signed_file_add(file, key, signature);
}

static enum exit_code digest_emit(const struct signed_file *file)
{
	struct trusted_key key = { .algorithm = KEY_ECDSA_P384 };
	enum exit_code code = given.public ? public_key_load(given.public, &key) : EXIT_OK;

	if (!code)
		code = output_file_at_once(given.digest, 0666, file->digest, detached_digest_bytes(&key));
	if (code)
		return code;
	printf("%s: to be signed as it is; bring the signature back with --attach\n", given.digest);
	return output_flush_stdout();
}

static enum exit_code sign(struct signed_file *file)
{
	const char *out = given.out ? given.out : file->input.path;
	char id[2 * KEY_ID_BYTES + 1];
	struct trusted_key key;
	enum exit_code code;

	if (given.digest)
		return digest_emit(file);
	code = given.key ? sign_with_file(file, &key) : given.attach ? sign_with_attached(file, &key) : sign_with_token(file, &key);
	if (!code)
		code = signed_file_write(file, out);
	if (code)
		return code;
	text_hex(key.key_id, KEY_ID_BYTES, id);
	printf("%s: signed with key %s\n", out, id);
	return output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	static struct signed_file file;
	enum exit_code code;

	if (!!given.key + !!given.digest + !!given.attach + !!given.token.module != 1)
		return report_error(
			EXIT_USAGE,
			"say which key signs: --key FILE.key (made by 'nestbox keygen'), or one of --pkcs11, --emit-digest, --attach");
	code = signed_file_open(operands->items[0], &file);
	if (code)
		return code;
	code = sign(&file);
	signed_file_close(&file);
	return code;
}

#define NOTES "Signatures by other keys stay (at most 4 in all); one by the same key is replaced."

const struct command command_image_sign = {
	.name = "image sign",
	.summary = "sign an image",
	.operands = "IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = NOTES,
};

const struct command command_key_sign = {
	.name = "key sign",
	.summary = "sign a keyring or an image",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = NOTES,
};
