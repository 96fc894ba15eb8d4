/* SPDX-License-Identifier: Apache-2.0 */
/* See password_read.h. */
#include "password_read.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool password_read(const char *prompt, char text[LINE_MAX_BYTES + 1])
{
	struct termios shown, hidden;
	bool is_terminal = !tcgetattr(STDIN_FILENO, &shown);

	if (is_terminal) {
		hidden = shown;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		fputs(prompt, stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	}
	bool has_line = fgets(text, LINE_MAX_BYTES + 1, stdin);
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	size_t length = has_line ? strcspn(text, "\n") : 0;
	bool fits = length < LINE_MAX_BYTES;

	text[fits ? length : 0] = 0;
	return has_line && fits;
}
