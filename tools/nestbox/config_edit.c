/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a configuration; see config_edit.h.
 */
#include "config_edit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout_config.h"

enum exit_code edit_open(struct edit *edit, const char *path)
{
	enum exit_code code = layout_config_open(path, &edit->input, &edit->config);

	edit->path = path;
	edit->is_changed = false;
	edit->is_inside = edit->config.bytes != (const char *)edit->input.bytes;
	return code;
}

static void config_free(const struct edit *edit)
{
	if (edit->is_changed)
		free((void *)(uintptr_t)edit->config.bytes);
}

void edit_close(struct edit *edit)
{
	config_free(edit);
	input_close(&edit->input);
}

/* As it is written, and as it is shown. */
static enum exit_code put(struct edit *edit, const char *name, const char *written, const char *shown)
{
	char old[CONFIG_VALUE_BYTES] = "n";
	struct config_text config;

	(void)config_value(edit->config, name, old);
	if (strcmp(old, shown) == 0)
		return EXIT_OK;
	config = config_with(edit->config, name, written);
	if (!config.bytes)
		return report_error(EXIT_IO, "there is no memory to change %s", edit->path);
	config_free(edit);
	edit->config = config;
	edit->is_changed = true;
	printf("CONFIG_%s: %s -> %s\n", name, old, shown);
	return EXIT_OK;
}

enum exit_code edit_set(struct edit *edit, const char *name, const char *value)
{
	return put(edit, name, value, value ? value : "n");
}

enum exit_code edit_number(struct edit *edit, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return edit_set(edit, name, text);
}

enum exit_code edit_text(struct edit *edit, const char *name, const char *value)
{
	char quoted[CONFIG_VALUE_BYTES + 2];

	snprintf(quoted, sizeof(quoted), "\"%s\"", value);
	return put(edit, name, quoted, value);
}

enum exit_code edit_write(const struct edit *edit, const char *out)
{
	if (edit->is_inside && !out)
		return report_error(EXIT_REFUSED,
				    "%s is not changed: it was built from its configuration, and what serves nested VMX is linked in then or left out; "
				    "give --out .config, then make",
				    edit->path);
	return output_file_at_once(out ? out : edit->path, 0644, edit->config.bytes, edit->config.size);
}
