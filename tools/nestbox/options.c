/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interpreter over option tables. --name value, --name=value, -o value; "--" ends the options.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

/* The row that `word` (without dashes) names up to its '=' or end; null when there is none. */
static const struct option_row *option_find(const struct command *command, const char *word)
{
	size_t length = strcspn(word, "=");
	const struct option_row *row = command->options;

	if (length == 1 && *word == 'o') {
		word = "out";
		length = 3;
	}
	for (; row && row->kind != OPTION_END; row++)
		if (strlen(row->name) == length && !strncmp(row->name, word, length))
			return row;
	return NULL;
}

static enum exit_code list_add(struct text_list *list, const char *text)
{
	if (list->count == LIST_MAX)
		return report_error(EXIT_USAGE, "more than %d of '%s' and its like; give fewer",
				    LIST_MAX, text);
	list->items[list->count++] = text;
	return EXIT_OK;
}

static enum exit_code option_set(const struct option_row *row, const char *text)
{
	const char **value = row->value;

	if (row->kind == OPTION_LIST)
		return list_add(row->value, text);
	if (*value)
		return report_error(EXIT_USAGE, "--%s is given twice; give it once", row->name);
	*value = text;
	return EXIT_OK;
}

/* One option at (*words)[0]; moves *words to the last word it used. */
static enum exit_code option_parse(const struct command *command, char *const **words)
{
	const char *word = **words;
	const char *name = word + strspn(word, "-");
	const char *equals = strchr(name, '=');
	const struct option_row *row = option_find(command, name);

	if (!row)
		return report_error(EXIT_USAGE,
				    "unknown option '%s'; 'nestbox %s --help' lists them", word,
				    command->name);
	if (row->kind == OPTION_FLAG) {
		if (equals)
			return report_error(EXIT_USAGE, "--%s takes no value; leave out '%s'",
					    row->name, equals);
		*(bool *)row->value = true;
		return EXIT_OK;
	}
	if (equals)
		return option_set(row, equals + 1);
	if (!(*words)[1])
		return report_error(EXIT_USAGE, "--%s needs a value: --%s %s", row->name, row->name,
				    row->argument);
	++*words;
	return option_set(row, **words);
}

static enum exit_code operands_check(const struct command *command,
				     const struct text_list *operands)
{
	if (operands->count < command->operands_min)
		return report_error(EXIT_USAGE, "'nestbox %s' needs %s; see 'nestbox %s --help'",
				    command->name, command->operands, command->name);
	if (operands->count > command->operands_max)
		return report_error(EXIT_USAGE,
				    "'%s' is one word too many; see 'nestbox %s --help'",
				    operands->items[command->operands_max], command->name);
	return EXIT_OK;
}

enum exit_code options_parse(const struct command *command, char *const *words,
			     struct text_list *operands, bool *wants_help)
{
	bool is_ended = false;

	operands->count = 0;
	for (; *words; words++) {
		enum exit_code code;

		if (!is_ended && (!strcmp(*words, "--help") || !strcmp(*words, "-h"))) {
			*wants_help = true;
			return EXIT_OK;
		}
		if (!is_ended && !strcmp(*words, "--")) {
			is_ended = true;
			continue;
		}
		code = !is_ended && (*words)[0] == '-' && (*words)[1]
			       ? option_parse(command, &words)
			       : list_add(operands, *words);
		if (code)
			return code;
	}
	return operands_check(command, operands);
}

void options_help(const struct command *command)
{
	const struct option_row *row = command->options;
	char left[64];

	printf("usage: nestbox %s%s%s%s\n\n%s\n", command->name, row ? " [options]" : "",
	       *command->operands ? " " : "", command->operands, command->summary);
	if (row)
		printf("\noptions:\n");
	for (; row && row->kind != OPTION_END; row++) {
		snprintf(left, sizeof(left), "%s%s%s%s%s", strcmp(row->name, "out") ? "" : "-o, ", row->name[1] ? "--" : "-",
			 row->name, row->argument ? " " : "", row->argument ? row->argument : "");
		printf("  %-26s %s\n", left, row->help);
	}
	if (command->notes)
		printf("\n%s\n", command->notes);
}
