/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a person for a password.
 */
#ifndef NESTBOX_PASSWORD_READ_H
#define NESTBOX_PASSWORD_READ_H

#include <stdbool.h>

#include "manage/line.h"

/* One line of standard input, not shown on a terminal. False at its end, or when it is too long for the box's prompt. */
bool password_read(const char *prompt, char text[LINE_MAX_BYTES + 1]);

#endif
