/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands; see command.h. */
#include "manage/command.h"

#include <string.h>

#include "gdb/gdb.h"
#include "manage/act.h"
#include "manage/crash.h"
#include "manage/exits.h"
#include "manage/nested.h"
#include "manage/show.h"
#include "network.h"

static void command_help(struct command_call *call);

static const struct command_row {
	const char *name, *arguments, *summary;
	uint32_t callers;
	void (*run)(struct command_call *call);
} rows[] = {
#define COMMAND(name, callers, arguments, summary) { #name, arguments, summary, callers, command_##name },
#include "manage/commands.def"
#undef COMMAND
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void command_help(struct command_call *call)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].callers & call->caller)
			sink_print(call->out, "  %-10s%-16s %s\n", rows[i].name, rows[i].arguments, rows[i].summary);
}

static uint32_t split(char *text, char *words[COMMAND_MAX_WORDS])
{
	uint32_t count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(text, " \t", &rest); word && count < COMMAND_MAX_WORDS;
	     word = strtok_r(NULL, " \t", &rest))
		words[count++] = word;
	return count;
}

static const struct command_row *row_find(const struct command_call *call)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].callers & call->caller && !strcmp(rows[i].name, call->words[0]))
			return &rows[i];
	return NULL;
}

bool command_run(struct command_call *call, char *text)
{
	call->word_count = split(text, call->words);
	if (!call->word_count)
		return true;
	const struct command_row *row = row_find(call);

	if (!row) {
		sink_print(call->out, "there is no command '%.40s'; `help` lists them\n", call->words[0]);
		return false;
	}
	if (call->word_count > 1 && !row->arguments[0]) {
		sink_print(call->out, "`%s` takes no arguments\n", row->name);
		return false;
	}
	row->run(call);
	return !call->is_refused;
}

/* The first `length` bytes that all names with this prefix share. */
static size_t common_length(const struct command_row *first, const char *prefix, size_t length)
{
	size_t common = strlen(first->name);

	for (size_t i = 0; i < ROW_COUNT; i++) {
		size_t same = 0;

		if (!(rows[i].callers & CALLER_PERSON) || strncmp(rows[i].name, prefix, length))
			continue;
		while (same < common && rows[i].name[same] == first->name[same])
			same++;
		common = same;
	}
	return common;
}

bool command_complete(const struct sink *out, char text[LINE_MAX_BYTES])
{
	const struct command_row *first = NULL;
	size_t length = strlen(text), matches = 0;

	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].callers & CALLER_PERSON && !strncmp(rows[i].name, text, length)) {
			first = first ? first : &rows[i];
			matches++;
		}
	if (!matches)
		return false;
	size_t common = common_length(first, text, length);

	if (common > length || matches == 1) {
		memcpy(text, first->name, common);
		text[common] = matches == 1 ? ' ' : 0;
		text[common + 1] = 0;
		return false;
	}
	sink_print(out, "\n");
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (rows[i].callers & CALLER_PERSON && !strncmp(rows[i].name, text, length))
			sink_print(out, "%s  ", rows[i].name);
	sink_print(out, "\n");
	return true;
}
