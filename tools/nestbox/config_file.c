/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a .config; see config_file.h.
 */
#include "config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMBEDDED_START "\nnestbox-configuration-" "v1-start\n"
#define EMBEDDED_END "\nnestbox-configuration-" "v1-end\n"
#define EMBEDDED_MOST (1u << 16)

/* The line that starts at *at, without its end; moves *at behind it. */
static bool line_next(struct config_text config, size_t *at, struct config_text *line)
{
	const char *start = config.bytes + *at, *end;

	if (*at >= config.size)
		return false;
	end = memchr(start, '\n', config.size - *at);
	line->bytes = start;
	line->size = end ? (size_t)(end - start) : config.size - *at;
	*at += line->size + 1;
	return true;
}

static bool line_starts(struct config_text line, const char *before, const char *name, const char *after)
{
	size_t b = strlen(before), n = strlen(name), a = strlen(after);

	return line.size >= b + n + a && memcmp(line.bytes, before, b) == 0 && memcmp(line.bytes + b, name, n) == 0 &&
	       memcmp(line.bytes + b + n, after, a) == 0;
}

bool config_value(struct config_text config, const char *name, char value[CONFIG_VALUE_BYTES])
{
	struct config_text line;
	bool is_found = false;

	for (size_t at = 0; line_next(config, &at, &line);) {
		size_t skip = strlen("CONFIG_") + strlen(name) + 1, size;

		if (!line_starts(line, "CONFIG_", name, "="))
			continue;
		size = line.size - skip;
		if (size >= 2 && line.bytes[skip] == '"' && line.bytes[line.size - 1] == '"') {
			skip++;
			size -= 2;
		}
		if (size >= CONFIG_VALUE_BYTES || memchr(line.bytes + skip, 0, size))
			return false;
		memcpy(value, line.bytes + skip, size);
		value[size] = '\0';
		is_found = true; /* the last one counts, as with Kconfig */
	}
	return is_found;
}

bool config_has(struct config_text config, const char *name)
{
	struct config_text line;

	for (size_t at = 0; line_next(config, &at, &line);)
		if (line_starts(line, "CONFIG_", name, "="))
			return true;
	return false;
}

bool config_is_set(struct config_text config, const char *name)
{
	char value[CONFIG_VALUE_BYTES];

	return config_value(config, name, value) && strcmp(value, "y") == 0;
}

bool config_number(struct config_text config, const char *name, uint32_t *number)
{
	char value[CONFIG_VALUE_BYTES];
	uint64_t sum = 0;

	if (!config_value(config, name, value) || !*value || strlen(value) > 10)
		return false;
	for (const char *c = value; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		sum = sum * 10 + (uint64_t)(*c - '0');
	}
	*number = (uint32_t)sum;
	return sum <= UINT32_MAX;
}

struct config_text config_with(struct config_text config, const char *name, const char *value)
{
	size_t most = config.size + 2 * strlen(name) + (value ? strlen(value) : 0) + 64, used = 0;
	char *bytes = malloc(most);
	struct config_text line;

	if (!bytes)
		return (struct config_text){ NULL, 0 };
	for (size_t at = 0; line_next(config, &at, &line);) {
		if (line_starts(line, "CONFIG_", name, "=") || line_starts(line, "# CONFIG_", name, " is not set"))
			continue;
		memcpy(bytes + used, line.bytes, line.size);
		used += line.size;
		bytes[used++] = '\n';
	}
	used += (size_t)snprintf(bytes + used, most - used, value ? "CONFIG_%s=%s\n" : "# CONFIG_%s is not set\n", name, value);
	return (struct config_text){ bytes, used };
}

bool config_find(const uint8_t *bytes, uint64_t size, struct config_text *config)
{
	const char *start = memmem(bytes, size, EMBEDDED_START, strlen(EMBEDDED_START)), *end;
	size_t left;

	if (!start)
		return false;
	start += strlen(EMBEDDED_START);
	left = (size_t)((const char *)bytes + size - start);
	if (left > EMBEDDED_MOST)
		left = EMBEDDED_MOST;
	end = memmem(start, left, EMBEDDED_END, strlen(EMBEDDED_END));
	if (!end)
		return false;
	*config = (struct config_text){ start, (size_t)(end - start) };
	return true;
}
