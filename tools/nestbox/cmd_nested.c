/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox nested enable, disable, status: everything that letting the partition be a hypervisor takes, as one step, and a checklist of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "box.h"
#include "commands.h"
#include "config_edit.h"
#include "json.h"
#include "layout_config.h"

#define MACHINE_MOST_MIB 65536u
#define NESTED_CPUS 2u
#define CHANGE_NOTES \
	"Says each change; build again afterwards. CONFIG is a .config. Of an IMAGE, or a kernel (build/nestbox.elf), it takes the configuration it was " \
	"built from: --out writes that, changed."

static struct {
	bool dry_run, json;
	const char *password_file, *out;
} given;

static const struct option_row change_options[] = {
	{ OPTION_FLAG, "dry-run", NULL, "say what would change, change nothing", &given.dry_run },
	{ OPTION_TEXT, "out", "FILE", "write the changed configuration there", &given.out },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static const struct option_row status_options[] = {
	{ OPTION_FLAG, "json", NULL, "print JSON", &given.json },
	{ OPTION_TEXT, "password-file", "FILE", BOX_PASSWORD_HELP, &given.password_file },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static bool all_are_placed(struct layout *layout)
{
	bool are_placed = true;

	layout_place(layout);
	for (size_t i = 0; i < layout->count; i++)
		are_placed &= layout->partitions[i].is_placed;
	return are_placed;
}

/* RAM of the partition and, behind it, of the machine to try it on. */
static enum exit_code memory_raise(struct edit *edit, struct layout *layout)
{
	uint32_t ram = layout->partitions[0].ram_mib;
	uint64_t machine = LAYOUT_HOLE_END_MIB;
	enum exit_code code;

	if (ram < LAYOUT_NESTED_MIB)
		ram = LAYOUT_NESTED_MIB;
	ram += ram & 1;
	if (ram > MACHINE_MOST_MIB - LAYOUT_HOLE_END_MIB)
		return report_error(EXIT_REFUSED,
				    "Partition > RAM (MiB): %" PRIu32 " MiB cannot be had in one piece: the largest machine to try it on has %u; lower "
				    "it to %u or less",
				    ram, MACHINE_MOST_MIB, MACHINE_MOST_MIB - LAYOUT_HOLE_END_MIB);
	code = edit_number(edit, "PARTITION_RAM_MIB", layout->partitions[0].ram_mib = ram);
	/* a piece on 1 GiB above the hole for each is always enough */
	for (size_t i = 0; i < layout->count; i++)
		machine += ((uint64_t)layout->partitions[i].ram_mib + 1023) / 1024 * 1024;
	if (!code && machine <= MACHINE_MOST_MIB && !all_are_placed(layout))
		code = edit_number(edit, "MACHINE_RAM_MIB", machine);
	return code;
}

/* A list of CPUs gets the lowest that no other list names. */
static enum exit_code list_raise(struct edit *edit, struct layout *layout)
{
	struct pins *pins = &layout->partitions[0].pins;
	char text[PINS_TEXT_BYTES];
	uint64_t others = 0;

	for (size_t i = 1; i < layout->count; i++)
		if (layout->partitions[i].is_pinned)
			others |= pins_mask(&layout->partitions[i].pins);
	pins_fill(pins, NESTED_CPUS, others);
	pins_print(pins, text);
	return edit_text(edit, "PARTITION_CPU_LIST", text);
}

static enum exit_code cpus_raise(struct edit *edit, struct layout *layout)
{
	struct layout_partition *p = &layout->partitions[0];
	enum exit_code code = EXIT_OK;

	if (p->cpu_count < NESTED_CPUS) {
		code = edit_number(edit, "PARTITION_CPUS", p->cpu_count = NESTED_CPUS);
		if (!code && p->is_pinned && p->list_is_read)
			code = list_raise(edit, layout);
	}
	layout_pin(layout);
	if (!code && layout->board_cpus < layout_cpus_needed(layout))
		code = edit_number(edit, "MACHINE_CPUS", layout_cpus_needed(layout));
	return code;
}

static enum exit_code enable_steps(struct edit *edit, struct layout *layout)
{
	enum exit_code code = edit_set(edit, "PARTITION_NESTED", "y");

	if (!code && config_is_set(edit->config, "PARTITION_NESTED_SMALL"))
		code = edit_set(edit, "PARTITION_NESTED_SMALL", NULL);
	if (!code)
		code = edit_set(edit, "NESTED_VIRTUAL_INTERRUPTS", "y");
	if (!code)
		code = memory_raise(edit, layout);
	if (!code)
		code = cpus_raise(edit, layout);
	if (!code && layout->partitions[0].has_network)
		code = edit_set(edit, "PARTITION_MAC_SPOOFING", "y");
	return code;
}

/* Only what others need nesting for goes; memory and CPUs stay as they are. */
static enum exit_code disable_steps(struct edit *edit, struct layout *layout)
{
	enum exit_code code = edit_set(edit, "PARTITION_NESTED", NULL);

	if (!code)
		code = edit_set(edit, "PARTITION_NESTED_SMALL", NULL);
	if (!code && layout->partitions[0].has_network)
		code = edit_set(edit, "PARTITION_MAC_SPOOFING", NULL);
	if (!code)
		code = edit_set(edit, "NESTED_VIRTUAL_INTERRUPTS", NULL);
	return code;
}

/* What has come out must be a layout that can be built. */
static enum exit_code edit_commit(struct edit *edit)
{
	struct layout layout;
	enum exit_code code = layout_from_config(edit->path, edit->config, &layout);

	if (!code)
		code = layout_check_print(&layout);
	if (code)
		return report_error(code, "%s is left as it was", edit->path);
	if (!edit->is_changed && !given.out)
		printf("nothing to change\n");
	else if (given.dry_run)
		printf("nothing written (--dry-run)\n");
	else
		code = edit_write(edit, given.out);
	return code ? code : output_flush_stdout();
}

static enum exit_code change(const char *path, enum exit_code (*steps)(struct edit *, struct layout *))
{
	struct layout layout;
	struct edit edit;
	enum exit_code code = edit_open(&edit, path);

	if (code)
		return code;
	code = layout_from_config(path, edit.config, &layout);
	if (!code)
		code = steps(&edit, &layout);
	if (!code)
		code = edit_commit(&edit);
	edit_close(&edit);
	return code;
}

static enum exit_code enable(const struct text_list *operands)
{
	return change(operands->items[0], enable_steps);
}

static enum exit_code disable(const struct text_list *operands)
{
	enum exit_code code = change(operands->items[0], disable_steps);

	if (!code)
		printf("memory and CPUs stay as they are; change them with make menuconfig\n");
	return code;
}

static void check_print(const struct nested_facts *facts, enum nested_check check)
{
	enum verdict verdict = nested_check_verdict(facts, check);
	struct nested_words words = nested_check_words(check);
	bool is_bad = verdict == VERDICT_WARNING || verdict == VERDICT_FAILURE;

	if (given.json) {
		json_object_open(NULL);
		json_text("check", words.name);
		json_text("verdict", verdict_name(verdict));
		json_text("text", is_bad ? words.bad : words.good);
		json_text("remedy", is_bad ? words.remedy : "");
		json_object_close();
		return;
	}
	printf("%-8s %s%s\n", verdict_name(verdict), is_bad ? words.bad : words.good,
	       verdict == VERDICT_UNKNOWN ? ": to be seen where it runs" : "");
	if (is_bad)
		printf("%-8s -> %s\n", "", words.remedy);
}

/* The box says 0, 1 or 2 itself: in its last line, or as "status". */
static void take_status(void *context, const char *line)
{
	int *found = context;
	int status = -1;

	if (sscanf(line, given.json ? "{\"status\": %1d," : "nesting %*[^(](%1d)", &status) == 1 && status >= 0 && status <= 2)
		*found = status;
	puts(line);
}

static enum exit_code status_of_box(const char *path)
{
	int found = -1;

	if (box_ask_once(path, given.password_file, given.json ? "nested --json" : "nested", take_status, &found))
		return EXIT_IO;
	if (found < 0)
		return report_error(EXIT_IO, "the box's answer says nothing of nesting; is it of another version");
	enum exit_code code = output_flush_stdout();

	return code ? code : (enum exit_code)found;
}

static enum exit_code status(const struct text_list *operands)
{
	if (serial_is_one(operands->items[0]))
		return status_of_box(operands->items[0]);
	struct input_file input;
	struct config_text config;
	struct layout layout;
	struct nested_facts facts;
	enum exit_code code = layout_config_open(operands->items[0], &input, &config);

	/* 1 and 2 say how nesting is; what cannot be read is neither */
	if (code)
		return EXIT_IO;
	code = layout_from_config(operands->items[0], config, &layout);
	facts = nested_facts_from_config(config, &layout);
	input_close(&input);
	if (code)
		return EXIT_IO;
	json_start(given.json);
	if (given.json) {
		json_object_open(NULL);
		json_number("status", (uint64_t)nested_status(&facts));
		json_list_open("checks");
	}
	for (unsigned int check = 0; check < NESTED_CHECK_COUNT; check++)
		check_print(&facts, (enum nested_check)check);
	if (given.json) {
		json_list_close();
		json_object_close();
	}
	code = output_flush_stdout();
	return code ? code : (enum exit_code)nested_status(&facts);
}

const struct command command_nested_enable = {
	.name = "nested enable",
	.summary = "let the partition be a hypervisor: option, memory, CPUs, network",
	.operands = "CONFIG|IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = change_options,
	.run = enable,
	.notes = CHANGE_NOTES,
};

const struct command command_nested_disable = {
	.name = "nested disable",
	.summary = "hide VT-x from the partition",
	.operands = "CONFIG|IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = change_options,
	.run = disable,
	.notes = CHANGE_NOTES,
};

const struct command command_nested_status = {
	.name = "nested status",
	.summary = "say whether nesting works, and what to do if not",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.options = status_options,
	.run = status,
	.notes = "Exit code here: 0 works, 1 works with warnings, 2 does not work, 3 FILE is none. FILE is a configuration, a kernel, an image "
		 "with one, or a running box: its serial device, or the socket of `nestbox run`.",
};
