/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file with the hash of the console's password: four lines of text. All functions print their own error.
 */
#ifndef NESTBOX_PASSWORD_FILE_H
#define NESTBOX_PASSWORD_FILE_H

#include "manage/line.h"
#include "manage/login.h"
#include "report.h"

/* Salt and hash for password->iterations. Refuses what is shorter than PASSWORD_MIN_BYTES, or has what a prompt does not take. */
enum exit_code password_hash(const char *text, struct password *password);

enum exit_code password_file_write(const char *path, const struct password *password);

/* Refuses the hash of an empty password, whoever made it. */
enum exit_code password_file_read(const char *path, struct password *password);

#endif
