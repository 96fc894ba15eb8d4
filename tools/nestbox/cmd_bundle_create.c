/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox bundle create: a signed image as what a box takes over the air.
 */
#include "bundle.h"
#include "commands.h"

static struct {
	const char *out;
} given;

static const struct option_row options[] = {
	{ OPTION_TEXT, "out", "FILE", "where to write the bundle", &given.out },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code run(const struct text_list *operands)
{
	struct input_file image;
	enum exit_code code;

	if (!given.out)
		return report_error(EXIT_USAGE, "say with -o where to write the bundle");
	code = input_open(operands->items[0], &image);
	if (code)
		return code;
	code = bundle_create(&image, given.out);
	input_close(&image);
	return code;
}

const struct command command_bundle_create = {
	.name = "bundle create",
	.summary = "pack a signed image for an update",
	.operands = "IMAGE",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "In the guest, 'cat BUNDLE' to the port org.nestbox.update installs it. No key is needed here:\n"
		 "every block answers to the image's signature. The same image gives the same bundle.",
};
