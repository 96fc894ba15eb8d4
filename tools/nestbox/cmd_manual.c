/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox completion bash, nestbox manual: the table of commands as words for a shell and as a page for man(1).
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "version.h"

static enum exit_code completion(const struct text_list *operands)
{
	if (strcmp(operands->items[0], "bash"))
		return report_error(EXIT_USAGE, "there is no completion for '%s'; use bash", operands->items[0]);
	printf("# nestbox: completion for bash, made by 'nestbox completion bash'\n_nestbox()\n{\n"
	       "\tlocal line=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \" word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
	       "\tcase \"$line\" in\n");
	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);

		printf("\t\"%s \"*) words=\"--help", command->name);
		for (const struct option_row *row = command->options; row && row->kind != OPTION_END; row++)
			printf(" --%s", row->name);
		printf("\" ;;\n");
	}
	printf("\tesac\n\tif [[ -z \"$words\" || \"$word\" != -* ]]; then\n\t\tcase \"$line\" in\n\t\t\" \") words=\"--version --help");
	for (size_t i = 0; i < command_count(); i++)
		printf(" %.*s", (int)strcspn(command_at(i)->name, " "), command_at(i)->name);
	printf("\" ;;\n");
	for (size_t i = 0; i < command_count(); i++) {
		const char *name = command_at(i)->name;
		size_t first = strcspn(name, " ");

		if (name[first])
			printf("\t\t\"%.*s \") words+=\" %s\" ;;&\n", (int)first, name, name + first + 1);
	}
	printf("\t\tesac\n\tfi\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
	       "complete -o default -F _nestbox nestbox\n");
	return output_flush_stdout();
}

/* Text for troff: nothing in it may be taken for a request or an escape. */
static void roff(const char *text)
{
	bool is_start = true;

	for (; *text; text++) {
		if (is_start && (*text == '.' || *text == '\''))
			fputs("\\&", stdout);
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
		is_start = *text == '\n';
	}
}

static void roff_part(const char *before, const char *text, const char *after)
{
	fputs(before, stdout);
	roff(text);
	fputs(after, stdout);
}

static void command_page(const struct command *command)
{
	roff_part(".SS nestbox ", command->name, " ");
	roff_part("", command->operands, "\n");
	roff_part("", command->summary, ".\n");
	for (const struct option_row *row = command->options; row && row->kind != OPTION_END; row++) {
		roff_part(".TP\n.B \\-\\-", row->name, "");
		roff_part(" ", row->argument ? row->argument : "", "\n");
		roff_part("", row->help, "\n");
	}
	if (command->notes)
		roff_part(".PP\n", command->notes, "\n");
}

static enum exit_code manual(const struct text_list *operands)
{
	(void)operands;
	printf(".\\\" made by 'nestbox manual'\n.TH NESTBOX 1 \"\" \"Nestbox %s\"\n"
	       ".SH NAME\nnestbox \\- makes and checks what runs on Nestbox boxes\n"
	       ".SH SYNOPSIS\n.B nestbox\nCOMMAND [options] ...\n.SH COMMANDS\n",
	       NESTBOX_VERSION);
	for (size_t i = 0; i < command_count(); i++)
		command_page(command_at(i));
	printf(".SH EXIT STATUS\n0 done, 1 refused or not verified, 2 wrong usage, 3 a file could not be read or written. "
	       "Where a command has its own, its text says so.\n");
	return output_flush_stdout();
}

const struct command command_completion = {
	.name = "completion",
	.summary = "print a shell's completion of this program's commands and options",
	.operands = "bash",
	.operands_min = 1,
	.operands_max = 1,
	.run = completion,
	.notes = "source <(nestbox completion bash)",
};

const struct command command_manual = {
	.name = "manual",
	.summary = "print the manual page",
	.operands = "",
	.run = manual,
};
