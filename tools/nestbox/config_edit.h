/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration being changed, a symbol at a time, with a line about each; written at the end, or not at all.
 */
#ifndef NESTBOX_CONFIG_EDIT_H
#define NESTBOX_CONFIG_EDIT_H

#include "config_file.h"
#include "file.h"

struct edit {
	const char *path;
	struct input_file input;
	struct config_text config; /* the file's, or allocated once something has changed */
	bool is_changed;
	bool is_inside; /* the file is no configuration, but was built from one */
};

/* A .config, or a kernel or image with one inside. */
enum exit_code edit_open(struct edit *edit, const char *path);
void edit_close(struct edit *edit);

/* One symbol and a line about it; nothing if it has that value. Null: n. */
enum exit_code edit_set(struct edit *edit, const char *name, const char *value);
enum exit_code edit_number(struct edit *edit, const char *name, uint64_t value);
/* A string, which goes between quotes. */
enum exit_code edit_text(struct edit *edit, const char *name, const char *value);

/* Writes it to `out`, or where it came from for null; refuses to change what was built from it. */
enum exit_code edit_write(const struct edit *edit, const char *out);

#endif
