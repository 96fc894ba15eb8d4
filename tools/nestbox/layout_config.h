/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a configuration to a layout, and to what is known of nesting in it.
 */
#ifndef NESTBOX_LAYOUT_CONFIG_H
#define NESTBOX_LAYOUT_CONFIG_H

#include "config_file.h"
#include "file.h"
#include "layout/layout.h"
#include "layout/nested_status.h"

/* The configuration in a file: a .config itself, or a kernel or bootable image with one inside. `input` keeps the bytes; close it. */
enum exit_code layout_config_open(const char *path, struct input_file *input, struct config_text *config);

/* A placed layout, not checked; prints what is missing from the configuration. */
enum exit_code layout_from_config(const char *path, struct config_text config, struct layout *layout);

/* Both of the above. */
enum exit_code layout_open(const char *path, struct layout *layout);

/* Prints every rule that does not hold, with menu path and remedy. */
enum exit_code layout_check_print(const struct layout *layout);

struct nested_facts nested_facts_from_config(struct config_text config, const struct layout *layout);

#endif
