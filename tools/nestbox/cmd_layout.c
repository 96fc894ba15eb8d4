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

#define TEXT_BYTES (PINS_TEXT_BYTES + 64u)

/* What of a partition two layouts may disagree about, as text. */
static void name_text(const struct layout_partition *p, char text[TEXT_BYTES])
{
	snprintf(text, TEXT_BYTES, "%s", p->name);
}

static void pins_text(const struct layout_partition *p, char text[TEXT_BYTES])
{
	pins_print(&p->pins, text);
}

static void image_text(const struct layout_partition *p, char text[TEXT_BYTES])
{
	snprintf(text, TEXT_BYTES, "%s", p->devices & LAYOUT_DEVICE_DISK ? "slots" : "boot module");
}

static void network_text(const struct layout_partition *p, char text[TEXT_BYTES])
{
	char mac[MAC_TEXT_BYTES];

	mac_print(p->mac, mac);
	snprintf(text, TEXT_BYTES, "%s%s", p->has_network ? mac : "none", p->has_network && p->may_spoof ? " and any other" : "");
}

#define NUMBER_TEXT(name, value)                                                            \
	static void name##_text(const struct layout_partition *p, char text[TEXT_BYTES])    \
	{                                                                                   \
		snprintf(text, TEXT_BYTES, "%" PRIu32, (uint32_t)(value));                  \
	}
NUMBER_TEXT(ram, p->ram_mib)
NUMBER_TEXT(base, p->base_mib)
NUMBER_TEXT(cpus, p->cpu_count)
NUMBER_TEXT(nested, p->is_nested)
NUMBER_TEXT(small, p->may_be_small)
NUMBER_TEXT(slot, p->slot_mib)
NUMBER_TEXT(data, p->data_mib)

static const struct {
	const char *what;
	void (*text)(const struct layout_partition *p, char text[TEXT_BYTES]);
} aspects[] = {
	{ "name", name_text },		   { "RAM (MiB)", ram_text },	{ "RAM at (MiB)", base_text }, { "CPUs", cpus_text },
	{ "pinned to CPUs", pins_text },   { "nested", nested_text },	{ "small allowed", small_text }, { "image", image_text },
	{ "slot size (MiB)", slot_text },  { "data size (MiB)", data_text }, { "network", network_text },
};

/* One line if they differ; true then. */
static bool text_diff(const char *whose, const char *what, const char *a, const char *b)
{
	bool is_changed = strcmp(a, b) != 0;

	if (is_changed)
		printf("%s%s%-18s %s -> %s\n", whose, *whose ? ": " : "", what, a, b);
	return is_changed;
}

static bool number_diff(const char *what, uint32_t a, uint32_t b)
{
	char texts[2][16];

	snprintf(texts[0], sizeof(texts[0]), "%" PRIu32, a);
	snprintf(texts[1], sizeof(texts[1]), "%" PRIu32, b);
	return text_diff("", what, texts[0], texts[1]);
}

/* Partitions are compared by their place: the first is the one that has the box's devices. */
static bool partition_diff(const struct layout *a, const struct layout *b, size_t i)
{
	const struct layout_partition *p = &a->partitions[i], *q = &b->partitions[i];
	const char *whose = a->count > 1 || b->count > 1 ? (i < a->count ? p->name : q->name) : "";
	char texts[2][TEXT_BYTES];
	bool is_changed = false;

	if (i >= a->count || i >= b->count)
		return text_diff(whose, "partition", i < a->count ? p->name : "none", i < b->count ? q->name : "none");
	for (size_t k = 0; k < sizeof(aspects) / sizeof(aspects[0]); k++) {
		aspects[k].text(p, texts[0]);
		aspects[k].text(q, texts[1]);
		is_changed |= text_diff(whose, aspects[k].what, texts[0], texts[1]);
	}
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
	is_changed |= number_diff("machine disk (MiB)", a.board_disk_mib, b.board_disk_mib);
	for (size_t i = 0; i < a.count || i < b.count; i++)
		is_changed |= partition_diff(&a, &b, i);
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
