/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox password make: the hash of the console's password.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "commands.h"
#include "password_file.h"
#include "password_read.h"
#include "text.h"

#define DEFAULT_ITERATIONS 100000u
#define MAX_ITERATIONS 10000000u
#define RANDOM_LETTERS 16u

static struct {
	const char *out, *random, *iterations;
	bool force;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE.hash", "the file to write", &given.out },
	{ OPTION_TEXT, "random", "FILE.txt", "make a random password and leave it there instead of asking", &given.random },
	{ OPTION_TEXT, "iterations", "N", "work for each try; takes a box of today 50 ms for 100000 (100000)", &given.iterations },
	{ OPTION_FLAG, "force", NULL, "replace existing files", &given.force },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code password_ask(char *text)
{
	char again[LINE_MAX_BYTES + 1];

	if (!password_read("password of the console: ", text))
		return report_error(EXIT_USAGE, "give one line with the password on standard input, at most %u characters",
				    LINE_MAX_BYTES - 1);
	if (isatty(STDIN_FILENO) && (!password_read("once more: ", again) || strcmp(text, again)))
		return report_error(EXIT_REFUSED, "these were two different passwords; nothing is written");
	return EXIT_OK;
}

/* 5 bits a letter. */
static enum exit_code password_make_up(char *text)
{
	static const char letters[33] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[RANDOM_LETTERS];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return report_system_error("no random numbers");
	for (size_t i = 0; i < RANDOM_LETTERS; i++)
		text[i] = letters[random[i] % 32];
	text[RANDOM_LETTERS] = 0;
	return EXIT_OK;
}

static enum exit_code password_save_text(const char *text)
{
	char line[LINE_MAX_BYTES + 1];
	int length = snprintf(line, sizeof(line), "%s\n", text);

	return output_file_at_once(given.random, 0600, line, (uint64_t)length);
}

static enum exit_code run(const struct text_list *operands)
{
	struct password password = { .iterations = DEFAULT_ITERATIONS };
	char text[LINE_MAX_BYTES + 1] = "";
	enum exit_code code = EXIT_OK;

	(void)operands;
	if (!given.out)
		return report_error(EXIT_USAGE, "say where to write the hash: --out FILE.hash");
	if (!given.force && !access(given.out, F_OK))
		return report_error(EXIT_REFUSED, "%s exists; choose another --out, or replace it with --force", given.out);
	code = text_u32("iterations", given.iterations, &password.iterations);
	if (!code && (!password.iterations || password.iterations > MAX_ITERATIONS))
		code = report_error(EXIT_USAGE, "--iterations must be from 1 to %u", MAX_ITERATIONS);
	if (!code)
		code = given.random ? password_make_up(text) : password_ask(text);
	if (!code)
		code = password_hash(text, &password);
	if (!code && given.random)
		code = password_save_text(text);
	explicit_bzero(text, sizeof(text));
	return code ? code : password_file_write(given.out, &password);
}

const struct command command_password_make = {
	.name = "password make",
	.summary = "set the password of the console",
	.operands = "",
	.options = options,
	.run = run,
	.notes = "Asks for the password, twice on a terminal. The box keeps only its PBKDF2 hash.",
};
