/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration (.config) as text: reading values out of it, changing one line. Works on bytes nobody has checked.
 */
#ifndef NESTBOX_CONFIG_FILE_H
#define NESTBOX_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_VALUE_BYTES 128u

/* Not terminated. */
struct config_text {
	const char *bytes;
	size_t size;
};

/* What is behind "CONFIG_<name>=", without quotes; false: no such line, or longer than CONFIG_VALUE_BYTES. */
bool config_value(struct config_text config, const char *name, char value[CONFIG_VALUE_BYTES]);

/* There is a line "CONFIG_<name>=", whatever it says. */
bool config_has(struct config_text config, const char *name);

/* =y */
bool config_is_set(struct config_text config, const char *name);

/* A decimal number below 2^32; false: none. */
bool config_number(struct config_text config, const char *name, uint32_t *number);

/*
 * The configuration with CONFIG_<name> set to `value` ("y", "4096", "\"text\""), or "is not set" for null: its line is replaced, or added at the
 * end. The caller frees bytes; null when there is no memory.
 */
struct config_text config_with(struct config_text config, const char *name, const char *value);

/* A configuration as `make` writes it inside a kernel or an image; false: there is none. */
bool config_find(const uint8_t *bytes, uint64_t size, struct config_text *config);

#endif
