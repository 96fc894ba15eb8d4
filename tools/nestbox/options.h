/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and their options as tables: parsing and --help come from the same rows.
 */
#ifndef NESTBOX_OPTIONS_H
#define NESTBOX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

#define LIST_MAX 64

struct text_list {
	const char *items[LIST_MAX];
	size_t count;
};

enum option_kind {
	OPTION_END = 0,
	OPTION_FLAG, /* value: bool */
	OPTION_TEXT, /* value: const char *; at most once */
	OPTION_LIST, /* value: struct text_list; may be repeated */
};

struct option_row {
	enum option_kind kind;
	const char *name;     /* without the dashes; "o" is given as -o or --out */
	const char *argument; /* what the help calls it */
	const char *help;
	void *value;
};

struct command {
	const char *name; /* one or two words */
	const char *summary;
	const char *operands; /* for the help, e.g. "IMAGE" */
	size_t operands_min, operands_max;
	const struct option_row *options;
	enum exit_code (*run)(const struct text_list *operands);
	const char *notes; /* printed below the options, may be null */
};

/*
 * Fills the values and the operands, or says what is wrong and returns EXIT_USAGE. `*wants_help`
 * for --help.
 */
enum exit_code options_parse(const struct command *command, char *const *words,
			     struct text_list *operands, bool *wants_help);

void options_help(const struct command *command);

#endif
