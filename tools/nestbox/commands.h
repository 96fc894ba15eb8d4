/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the tool, one file each.
 */
#ifndef NESTBOX_COMMANDS_H
#define NESTBOX_COMMANDS_H

#include "file.h"
#include "options.h"

extern const struct command command_keygen;       /* cmd_keygen.c */
extern const struct command command_image_create; /* cmd_image_create.c */
extern const struct command command_image_sign;   /* cmd_key_sign.c */
extern const struct command command_image_verify; /* cmd_image_verify.c */
extern const struct command command_image_info;   /* cmd_image_info.c */
extern const struct command command_keyring_c;    /* cmd_keyring_c.c */
extern const struct command command_disk_create;   /* cmd_disk_create.c */
extern const struct command command_password_make; /* cmd_password_make.c */
extern const struct command command_password_c;    /* cmd_password_c.c */
extern const struct command command_role;         /* cmd_role.c */
extern const struct command command_flash;        /* cmd_flash.c */
extern const struct command command_key_make;     /* cmd_keygen.c */
extern const struct command command_key_list;     /* cmd_key_list.c */
extern const struct command command_key_verify;   /* cmd_key_list.c */
extern const struct command command_key_rotate;   /* cmd_key_rotate.c */
extern const struct command command_key_revoke;   /* cmd_key_rotate.c */
extern const struct command command_key_sign;     /* cmd_key_sign.c */
extern const struct command command_bundle_create; /* cmd_bundle_create.c */
extern const struct command command_bundle_verify; /* cmd_bundle_verify.c */
extern const struct command command_bundle_info;   /* cmd_bundle_info.c */
extern const struct command command_bundle_serve;  /* cmd_bundle_serve.c */
extern const struct command command_layout;	  /* cmd_layout.c */
extern const struct command command_layout_diff;  /* cmd_layout.c */
extern const struct command command_nested_enable;  /* cmd_nested.c */
extern const struct command command_nested_disable; /* cmd_nested.c */
extern const struct command command_nested_status;  /* cmd_nested.c */
extern const struct command command_run_machine;	    /* cmd_run.c */
extern const struct command command_box_console;	    /* cmd_console.c */
extern const struct command command_box_log;	    /* cmd_console.c */
extern const struct command command_box_exits;	    /* cmd_exits.c */
extern const struct command command_box_gdb;	    /* cmd_exits.c */
extern const struct command command_completion;	    /* cmd_manual.c */
extern const struct command command_manual;	    /* cmd_manual.c */

/* All of them, in the order they are listed in. */
size_t command_count(void);
const struct command *command_at(size_t i); /* i < command_count() */

#endif
