/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints a tree of names and values on standard output, as JSON or as indented lines for people.
 * One at a time.
 */
#ifndef NESTBOX_JSON_H
#define NESTBOX_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts a tree; `is_json` false prints indented lines. */
void json_start(bool is_json);

/* Open and close must pair. `name` is null for the members of a list and for the root. */
void json_object_open(const char *name);
void json_object_close(void);
void json_list_open(const char *name);
void json_list_close(void);

void json_text(const char *name, const char *text);
void json_text_of(const char *name, const uint8_t *bytes, size_t count);
void json_number(const char *name, uint64_t value);
void json_hex(const char *name, const uint8_t *bytes, size_t count);
void json_uuid(const char *name, const uint8_t *uuid);

#endif
