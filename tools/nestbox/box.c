/* SPDX-License-Identifier: Apache-2.0 */
/* See box.h. */
#include "box.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manage/line.h"
#include "password_read.h"

struct word {
	const char *file;
	char text[LINE_MAX_BYTES + 1];
};

static bool read_file(struct word *word)
{
	FILE *file = fopen(word->file, "re");
	bool has_line = file && fgets(word->text, sizeof(word->text), file);

	if (file)
		fclose(file);
	word->text[has_line ? strcspn(word->text, "\r\n") : 0] = 0;
	return has_line;
}

/* Asked for once the box does. */
static const char *password(void *context)
{
	struct word *word = context;
	const char *given = getenv("NESTBOX_PASSWORD");

	if (word->file)
		return read_file(word) ? word->text : NULL;
	if (given)
		return given;
	return password_read("password of the box's console: ", word->text) ? word->text : NULL;
}

enum exit_code box_open(struct box *box, const char *path, const char *password_file)
{
	struct word word = { .file = password_file };
	enum exit_code code = serial_open(&box->serial, path);

	if (code)
		return code;
	box->dialogue = (struct dialogue){ .transport = serial_transport(&box->serial) };
	const char *why = dialogue_login(&box->dialogue, password, &word);

	explicit_bzero(&word, sizeof(word));
	if (!why)
		return EXIT_OK;
	serial_close(&box->serial);
	return report_error(EXIT_REFUSED, "%s: %s", path, why);
}

enum exit_code box_ask(struct box *box, const char *command, dialogue_line *take, void *context)
{
	if (dialogue_ask(&box->dialogue, command, take, context))
		return EXIT_OK;
	return report_error(EXIT_IO, "%s: the box does not answer to `%s`; is it still running", box->serial.path, command);
}

void box_close(struct box *box)
{
	dialogue_end(&box->dialogue);
	serial_close(&box->serial);
}

void box_print_line(void *context, const char *line)
{
	(void)context;
	puts(line);
}

enum exit_code box_ask_once(const char *path, const char *password_file, const char *command, dialogue_line *take, void *context)
{
	struct box box;
	enum exit_code code = box_open(&box, path, password_file);

	if (code)
		return code;
	code = box_ask(&box, command, take, context);
	box_close(&box);
	return code;
}
