/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host tool: keys, images, keyrings. Commands are rows; each lives in its own file.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "version.h"

/* Words of the command's name that start `words`: 0 when they are not this command. */
static size_t command_match(const struct command *command, char *const *words)
{
	const char *name = command->name;
	size_t count = 0;

	for (;;) {
		size_t length = strcspn(name, " ");

		if (!words[count] || strlen(words[count]) != length ||
		    strncmp(words[count], name, length))
			return 0;
		count++;
		if (!name[length])
			return count;
		name += length + 1;
	}
}

static bool is_group(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < command_count(); i++)
		if (!strncmp(command_at(i)->name, word, length) && command_at(i)->name[length] == ' ')
			return true;
	return false;
}

/* The list of commands, or of those in a group. */
static void help_print(FILE *to, const char *group)
{
	size_t length = group ? strlen(group) : 0;

	fprintf(to,
		"usage: nestbox %s%sCOMMAND [options] ...\n\n"
		"Makes and checks images for Nestbox boxes.\n\ncommands:\n",
		group ? group : "", group ? " " : "");
	for (size_t i = 0; i < command_count(); i++)
		if (!group || (!strncmp(command_at(i)->name, group, length) &&
			       command_at(i)->name[length] == ' '))
			fprintf(to, "  %-14s %s\n", command_at(i)->name, command_at(i)->summary);
	fprintf(to,
		"\n'nestbox COMMAND --help' tells more.\n"
		"Exit codes: 0 done, 1 refused or not verified, "
		"2 wrong usage, 3 a file could not be read or written.\n");
}

static enum exit_code command_run(const struct command *command, char *const *words)
{
	struct text_list operands;
	bool wants_help = false;
	enum exit_code code = options_parse(command, words, &operands, &wants_help);

	if (code)
		return code;
	if (wants_help) {
		options_help(command);
		return output_flush_stdout();
	}
	return command->run(&operands);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

int main(int argc, char **argv)
{
	const char *group;

	if (argc < 2) {
		help_print(stderr, NULL);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("nestbox %s\n", NESTBOX_VERSION);
		return output_flush_stdout();
	}
	for (size_t i = 0; i < command_count(); i++) {
		size_t count = command_match(command_at(i), argv + 1);

		if (count)
			return command_run(command_at(i), argv + 1 + count);
	}
	group = is_group(argv[1]) ? argv[1] : NULL;
	if (is_help(argv[1]) || (group && argv[2] && is_help(argv[2]))) {
		help_print(stdout, group);
		return output_flush_stdout();
	}
	return report_error(EXIT_USAGE, "there is no command '%s%s%s'; 'nestbox --help' lists them",
			    argv[1], group && argv[2] ? " " : "", group && argv[2] ? argv[2] : "");
}
