/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nestbox role: the role UUID of a partition's name.
 */
#include <stdio.h>

#include "commands.h"
#include "image/role.h"

static struct {
	bool c_array;
} given;

static const struct option_row options[] = {
	{ OPTION_FLAG, "c-array", NULL, "print it as the initialiser of a C array of 16 bytes",
	  &given.c_array },
	{ OPTION_END, NULL, NULL, NULL, NULL },
};

static enum exit_code run(const struct text_list *operands)
{
	uint8_t uuid[UUID_BYTES];
	char text[UUID_TEXT_BYTES];

	if (!role_uuid_from_name(operands->items[0], uuid))
		return report_error(
			EXIT_USAGE,
			"'%s' cannot be a partition's name; use 1 to 63 of a-z, 0-9 and '-'",
			operands->items[0]);
	if (given.c_array) {
		for (int i = 0; i < UUID_BYTES; i++)
			printf("%s0x%02x", i ? ", " : "{ ", uuid[i]);
		printf(" }\n");
	} else {
		uuid_format(uuid, text);
		printf("%s\n", text);
	}
	return output_flush_stdout();
}

const struct command command_role = {
	.name = "role",
	.summary = "print the role UUID of a partition's name",
	.operands = "NAME",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.run = run,
	.notes = "The UUID is version 8 (RFC 9562), from SHA-256(\"nestbox-role-v1\\0\" || NAME).",
};
