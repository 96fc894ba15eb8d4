/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox layout: draws how a configuration cuts up the box, after checking that it can be built; layout diff: what two of them disagree about.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "box.h"
#include "commands.h"
#include "layout_config.h"
#include "layout_draw.h"
#include "text.h"

static struct {
	bool json, svg, pins, check;
	const char *image, *slot_mib, *data_mib, *disk_mib, *password_file;
} given;

static const struct option_row options[] = {
	{ OPTION_FLAG, "json", NULL, "print JSON", &given.json },
	{ OPTION_FLAG, "svg", NULL, "print a picture", &given.svg },
	{ OPTION_FLAG, "check", NULL, "print nothing but what cannot be", &given.check },
	{ OPTION_FLAG, "pins", NULL, "print the machine's CPUs in the order of the partitions' as #defines", &given.pins },
	{ OPTION_TEXT, "image", "IMAGE", "an image that must fit in a slot", &given.image },
	{ OPTION_TEXT, "slot-size", "MIB", "room for an image in each slot (what the configuration says)", &given.slot_mib },
	{ OPTION_TEXT, "data-size", "MIB", "room for the partition's own data (what the configuration says)", &given.data_mib },
	{ OPTION_TEXT, "disk-size", "MIB", "the disk they must fit on (what the configuration says)", &given.disk_mib },
	{ OPTION_TEXT, "password-file", "FILE", BOX_PASSWORD_HELP, &given.password_file },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

/* What goes before the configuration, and the image, which it does not name. */
static enum exit_code disk_take(struct layout *layout)
{
	struct layout_partition *p = &layout->partitions[0];
	struct input_file image;
	enum exit_code code = text_u32("slot-size", given.slot_mib, &p->slot_mib);

	if (!code)
		code = text_u32("data-size", given.data_mib, &p->data_mib);
	if (!code)
		code = text_u32("disk-size", given.disk_mib, &layout->board_disk_mib);
	if (code || !given.image)
		return code;
	code = input_open(given.image, &image);
	if (code)
		return code;
	p->image_bytes = image.size;
	input_close(&image);
	return EXIT_OK;
}

/* As it was built into the box. */
static enum exit_code run_on_box(const char *path)
{
	if (given.svg || given.pins || given.check)
		return report_error(EXIT_USAGE, "a box tells its layout as text or --json; take the picture from its configuration or image");
	enum exit_code code = box_ask_once(path, given.password_file, given.json ? "layout --json" : "layout", box_print_line, NULL);

	return code ? code : output_flush_stdout();
}

static enum exit_code run(const struct text_list *operands)
{
	struct layout layout;
	enum exit_code code;

	if (given.json + given.svg + given.pins + given.check > 1)
		return report_error(EXIT_USAGE, "--json, --svg, --pins and --check are different forms; give one of them");
	if (serial_is_one(operands->items[0]))
		return run_on_box(operands->items[0]);
	code = layout_open(operands->items[0], &layout);
	if (!code)
		code = disk_take(&layout);
	if (!code)
		code = layout_check_print(&layout);
	if (code || given.check)
		return code;
	if (given.json)
		layout_draw_json(&layout);
	else if (given.svg)
		layout_draw_svg(&layout);
	else if (given.pins)
		layout_print_pins(&layout);
	else
		layout_draw_text(&layout);
	return output_flush_stdout();
}

const struct command command_layout = {
	.name = "layout",
	.summary = "check and draw how a box is cut up: RAM, CPUs, disk",
	.operands = "FILE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "FILE is a configuration (.config), a kernel (build/nestbox.elf), an image with one, or a running box: its serial device, or the "
		 "socket of `nestbox run`.",
};

/* One line if they differ; true then. */
static bool number_diff(const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		printf("%-16s %" PRIu64 " -> %" PRIu64 "\n", what, a, b);
	return a != b;
}

static bool partition_diff(const struct layout_partition *a, const struct layout_partition *b)
{
	bool is_changed = strcmp(a->name, b->name) != 0;

	if (is_changed)
		printf("%-16s %s -> %s\n", "name", a->name, b->name);
	is_changed |= number_diff("RAM (MiB)", a->ram_mib, b->ram_mib);
	is_changed |= number_diff("RAM at (MiB)", a->base_mib, b->base_mib);
	is_changed |= number_diff("CPUs", a->cpu_count, b->cpu_count);
	is_changed |= number_diff("nested", a->is_nested, b->is_nested);
	is_changed |= number_diff("small allowed", a->may_be_small, b->may_be_small);
	is_changed |= number_diff("slots on a disk", (a->devices & LAYOUT_DEVICE_DISK) != 0, (b->devices & LAYOUT_DEVICE_DISK) != 0);
	return is_changed;
}

static enum exit_code diff(const struct text_list *operands)
{
	struct layout a, b;
	enum exit_code code = layout_open(operands->items[0], &a);
	bool is_changed;

	if (!code)
		code = layout_open(operands->items[1], &b);
	if (code)
		return code;
	is_changed = number_diff("machine RAM (MiB)", a.board_ram_mib, b.board_ram_mib);
	is_changed |= number_diff("machine CPUs", a.board_cpus, b.board_cpus);
	is_changed |= partition_diff(&a.partitions[0], &b.partitions[0]);
	code = output_flush_stdout();
	return code ? code : is_changed ? EXIT_REFUSED : EXIT_OK;
}

const struct command command_layout_diff = {
	.name = "layout diff",
	.summary = "show what two layouts disagree about (exit code 1 if they do)",
	.operands = "FILE FILE",
	.operands_min = 2,
	.operands_max = 2,
	.run = diff,
};
