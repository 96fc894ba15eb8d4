/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox password c: the C file with the hash that a box is built with.
 */
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "password_file.h"

static struct {
	const char *out;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE.c", "the file to write", &given.out },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static size_t bytes_emit(char *to, const uint8_t *bytes, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		at += (size_t)sprintf(to + at, "%s0x%02x", i ? ", " : "", bytes[i]);
	return at;
}

static enum exit_code run(const struct text_list *operands)
{
	char text[1024], salt[6 * PASSWORD_SALT_BYTES + 1], hash[6 * PASSWORD_HASH_BYTES + 1];
	struct password password = { 0 };
	enum exit_code code = EXIT_OK;

	if (!given.out)
		return report_error(EXIT_USAGE, "say where to write it: --out FILE.c");
	if (operands->count)
		code = password_file_read(operands->items[0], &password);
	if (code)
		return code;
	bytes_emit(salt, password.salt, sizeof(password.salt));
	bytes_emit(hash, password.hash, sizeof(password.hash));
	int length = snprintf(text, sizeof(text),
			      "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by 'nestbox password c'; do not edit. */\n"
			      "#include \"manage/login.h\"\n\nconst struct password box_password = {\n\t.iterations = %" PRIu32
			      ",\n\t.salt = { %s },\n\t.hash = { %s },\n};\n", password.iterations, salt, hash);
	return output_file_at_once(given.out, 0666, text, (uint64_t)length);
}

const struct command command_password_c = {
	.name = "password c",
	.summary = "write the C constant with a box's password hash",
	.operands = "[FILE.hash]",
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "Without a file: a box whose console nobody can use.",
};
