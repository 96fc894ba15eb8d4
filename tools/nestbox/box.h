/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running box as commands of the tool use it: opened, logged in, asked, left.
 */
#ifndef NESTBOX_BOX_H
#define NESTBOX_BOX_H

#include "dialogue.h"

struct box {
	struct serial serial;
	struct dialogue dialogue;
};

/* password_file: null: NESTBOX_PASSWORD, or it is asked for on the terminal, without echo. Prints what is wrong. */
enum exit_code box_open(struct box *box, const char *path, const char *password_file);
enum exit_code box_ask(struct box *box, const char *command, dialogue_line *take, void *context);
void box_close(struct box *box);

/* box_open(), one command whose lines go to standard output or to `take`, box_close(). */
enum exit_code box_ask_once(const char *path, const char *password_file, const char *command, dialogue_line *take, void *context);
dialogue_line box_print_line;

#define BOX_PASSWORD_HELP "file with the console's password (else NESTBOX_PASSWORD, or it is asked for)"

#endif
