/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands: what main() runs, and what the manual page and the shell's completion are made of.
 */
#include "commands.h"

static const struct command *const commands[] = {
	&command_keygen,
	&command_image_create,
	&command_image_sign,
	&command_image_verify,
	&command_image_info,
	&command_bundle_create,
	&command_bundle_verify,
	&command_bundle_info,
	&command_bundle_serve,
	&command_key_make,
	&command_key_list,
	&command_key_sign,
	&command_key_rotate,
	&command_key_revoke,
	&command_key_verify,
	&command_keyring_c,
	&command_role,
	&command_flash,
	&command_disk_create, &command_password_make,
	&command_password_c,
	&command_layout_diff, /* before the shorter name */
	&command_layout,
	&command_nested_enable,
	&command_nested_disable,
	&command_nested_status,
	&command_run_machine,
	&command_box_console,
	&command_box_log,
	&command_box_exits,
	&command_box_gdb,
	&command_completion,
	&command_manual,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

size_t command_count(void)
{
	return COMMAND_COUNT;
}

const struct command *command_at(size_t i)
{
	return commands[i];
}
