/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The printer behind 'image info'. RFC 8259 section 7 "Strings" for the escapes.
 */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/uuid.h"

static bool is_json_wanted, is_first;
static int depth;

void json_start(bool is_json)
{
	is_json_wanted = is_json;
	is_first = true;
	depth = 0;
}

/* Comma, new line, indentation and name of the next thing at this depth. */
static void entry_start(const char *name)
{
	if (is_json_wanted) {
		printf("%s%s%*s", is_first ? "" : ",", depth ? "\n" : "", 2 * depth, "");
		if (name)
			printf("\"%s\": ", name);
	} else if (name) {
		printf("%*s%s: ", 2 * (depth - 1), "", name);
	}
	is_first = false;
}

static void group_open(const char *name, char bracket)
{
	if (is_json_wanted) {
		entry_start(name);
		putchar(bracket);
	} else if (name) {
		printf("%*s%s:\n", 2 * (depth - 1), "", name);
	}
	depth++;
	is_first = true;
}

static void group_close(char bracket)
{
	depth--;
	if (is_json_wanted) {
		if (!is_first)
			printf("\n%*s", 2 * depth, "");
		putchar(bracket);
		if (!depth)
			putchar('\n');
	} else if (depth > 1 && bracket == '}') {
		putchar('\n');
	}
	is_first = false;
}

void json_object_open(const char *name)
{
	group_open(name, '{');
}

void json_object_close(void)
{
	group_close('}');
}

void json_list_open(const char *name)
{
	group_open(name, '[');
}

void json_list_close(void)
{
	group_close(']');
}

static void value_end(void)
{
	if (!is_json_wanted)
		putchar('\n');
}

void json_text_of(const char *name, const uint8_t *bytes, size_t count)
{
	entry_start(name);
	if (is_json_wanted)
		putchar('"');
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] < 0x20 || bytes[i] >= 0x7F)
			printf("\\u%04x", bytes[i]);
		else
			printf(is_json_wanted && (bytes[i] == '"' || bytes[i] == '\\') ? "\\%c"
										       : "%c",
			       bytes[i]);
	}
	if (is_json_wanted)
		putchar('"');
	value_end();
}

void json_text(const char *name, const char *text)
{
	json_text_of(name, (const uint8_t *)text, strlen(text));
}

void json_number(const char *name, uint64_t value)
{
	entry_start(name);
	printf("%" PRIu64, value);
	value_end();
}

void json_hex(const char *name, const uint8_t *bytes, size_t count)
{
	entry_start(name);
	if (is_json_wanted)
		putchar('"');
	for (size_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
	if (is_json_wanted)
		putchar('"');
	value_end();
}

void json_uuid(const char *name, const uint8_t *uuid)
{
	char text[UUID_TEXT_BYTES];

	uuid_format(uuid, text);
	json_text(name, text);
}
