/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox run: starts the emulator with the system that was built, on the machine of its configuration, as tools/run of the tree does, and makes a
 * socket that the other commands take.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "layout_config.h"

#define MACHINE_WORDS 16u

static struct {
	const char *socket;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "socket", "FILE", "where the box's serial line can be reached (build/run/serial.sock)", &given.socket },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

/* The folder the tool itself lies in: build. */
static bool own_folder(char own[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", own, PATH_MAX - 1);

	if (length <= 0)
		return false;
	own[length] = 0;
	char *name = strrchr(own, '/');

	if (name)
		*name = 0;
	return name;
}

/* The tree's script, which is above it. */
static bool script_find(char *path, size_t room)
{
	char own[PATH_MAX];

	if (!own_folder(own))
		return false;
	for (int i = 0; i < 2 && strrchr(own, '/'); i++) {
		*strrchr(own, '/') = 0;
		if ((size_t)snprintf(path, room, "%s/tools/run", own) < room && !access(path, X_OK))
			return true;
	}
	return false;
}

static void add(struct text_list *words, const char *option, const char *value)
{
	words->items[words->count++] = option;
	if (value)
		words->items[words->count++] = value;
}

/* What `make run` says of the machine. Options that a person gives come later, and win. */
static void machine_words(struct config_text config, const char *own, struct text_list *words)
{
	static char memory[CONFIG_VALUE_BYTES], cpus[CONFIG_VALUE_BYTES], model[CONFIG_VALUE_BYTES], disk[PATH_MAX];

	if (config_value(config, "MACHINE_RAM_MIB", memory))
		add(words, "--memory", memory);
	if (config_value(config, "MACHINE_CPUS", cpus))
		add(words, "--cpus", cpus);
	if (config_value(config, "MACHINE_MODEL", model))
		add(words, "--model", model);
	if (config_is_set(config, "MACHINE_QEMU"))
		add(words, "--machine", "qemu");
	if (config_is_set(config, "PARTITION_PCI_NETWORK"))
		add(words, "--net", NULL);
	if (config_is_set(config, "DISK_NONE") || (size_t)snprintf(disk, sizeof(disk), "%s/run.img", own) >= sizeof(disk))
		return;
	add(words, "--iso", "");
	add(words, "--disk", disk);
	if (config_is_set(config, "DISK_ATA"))
		add(words, "--attach", "ide");
}

/* Of the kernel beside the tool; without one tools/run says what to do. */
static void machine_of_build(struct text_list *words)
{
	char own[PATH_MAX], kernel[PATH_MAX];
	struct input_file input;
	struct config_text config;

	if (!own_folder(own) || (size_t)snprintf(kernel, sizeof(kernel), "%s/nestbox.elf", own) >= sizeof(kernel) || access(kernel, R_OK))
		return;
	if (layout_config_open(kernel, &input, &config))
		return;
	machine_words(config, own, words);
	input_close(&input);
}

static enum exit_code run(const struct text_list *operands)
{
	const char *words[LIST_MAX + MACHINE_WORDS + 4] = { NULL };
	struct text_list machine = { .count = 0 };
	char script[PATH_MAX];
	size_t count = 0;

	if (!script_find(script, sizeof(script)))
		return report_error(EXIT_IO, "there is no tools/run above the tool; run build/nestbox of a tree");
	words[count++] = script;
	words[count++] = "--socket";
	words[count++] = given.socket ? given.socket : "build/run/serial.sock";
	machine_of_build(&machine);
	for (size_t i = 0; i < machine.count; i++)
		words[count++] = machine.items[i];
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
	.notes = "The machine is that of the configuration, its disk the one of `make run`. OPTIONS are those of tools/run (tools/run --help), such as "
		 "--machine, --memory, --timeout, and win. Make the system first: make disk, or make run once where the box has a disk.",
};
