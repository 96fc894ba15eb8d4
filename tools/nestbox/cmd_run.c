/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox run: starts the emulator with the system that was built, as tools/run of the tree does, and makes a socket that the other commands take.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static struct {
	const char *socket;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "socket", "FILE", "where the box's serial line can be reached (build/run/serial.sock)", &given.socket },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

/* The tree's script, from where the tool itself lies: build/nestbox. */
static bool script_find(char *path, size_t room)
{
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (length <= 0)
		return false;
	own[length] = 0;
	for (int i = 0; i < 3 && strrchr(own, '/'); i++) {
		*strrchr(own, '/') = 0;
		if ((size_t)snprintf(path, room, "%s/tools/run", own) < room && !access(path, X_OK))
			return true;
	}
	return false;
}

static enum exit_code run(const struct text_list *operands)
{
	const char *words[LIST_MAX + 4] = { NULL };
	char script[PATH_MAX];
	size_t count = 0;

	if (!script_find(script, sizeof(script)))
		return report_error(EXIT_IO, "there is no tools/run above the tool; run build/nestbox of a tree");
	words[count++] = script;
	words[count++] = "--socket";
	words[count++] = given.socket ? given.socket : "build/run/serial.sock";
	for (size_t i = 0; i < operands->count; i++)
		words[count++] = operands->items[i];
	fflush(stdout);
	execv(script, (char *const *)(uintptr_t)words);
	return report_system_error("%s does not start; is python3 there", script);
}

const struct command command_run_machine = {
	.name = "run",
	.summary = "start the emulator with the system that was built",
	.operands = "[-- OPTIONS]",
	.operands_max = LIST_MAX,
	.options = options,
	.run = run,
	.notes = "OPTIONS are those of tools/run (tools/run --help), such as --machine, --memory, --timeout. Make the system first: make.",
};
