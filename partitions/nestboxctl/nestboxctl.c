/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a partition's guest: asks the box, and sends it updates, over its virtio ports. Static, for any Linux.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyring.h"
#include "port.h"
#include "update.h"

enum { DONE, REFUSED, USAGE, UNREACHABLE };

#define ANSWER_SECONDS 10

static const char usage[] =
	"usage: nestboxctl COMMAND\n\n"
	"  update install FILE|URL|-   install a bundle in the slot that does not run; run it again after a cut\n"
	"  update [status]             an update under way, and both slots\n"
	"  update log                  what was installed, refused and why, tried, confirmed, since the box was switched on\n"
	"  keyring install FILE|URL|-  take a keyring that the product's roots have signed\n"
	"  status | slots | exits\n"
	"                              what the box tells about itself\n"
	"  nested [--json]             whether nesting works, what is wrong if not; ends with 0 works, 1 works with warnings, 2 does not work\n"
	"  confirm                     keep the image that runs\n"
	"  rollback                    start the other image next time\n"
	"  help                        what the box takes from this guest\n\n"
	"Exit codes: 0 done, 1 refused by the box, 2 wrong usage, 3 the box or the bundle cannot be reached.\n";

/* The box ends an answer with a line `ok` or `error TEXT`. */
struct answer {
	bool is_over, is_error;
	int nesting; /* as the box concludes; below 0: it has not been asked */
};

/* The last line of `nested`, or the first of its JSON. */
static void take_nesting(struct answer *answer, const char *text)
{
	int status;

	if (sscanf(text, "nesting %*[^(](%1d)", &status) == 1 || sscanf(text, "{\"status\": %1d,", &status) == 1)
		answer->nesting = status;
}

static void take_answer(void *context, char *text)
{
	struct answer *answer = context;

	if (!strcmp(text, "ok")) {
		answer->is_over = true;
	} else if (!strncmp(text, "error", 5) && (!text[5] || text[5] == ' ')) {
		answer->is_over = answer->is_error = true;
		if (text[5]) /* else it has said before what is wrong */
			fprintf(stderr, "nestboxctl: the box says: %s\n", text + 6);
	} else {
		take_nesting(answer, text);
		puts(text);
	}
}

static int ask(const char *command)
{
	struct answer answer = { .nesting = -1 };
	struct port port = { .line = take_answer, .context = &answer };
	char line[128];
	int length = snprintf(line, sizeof(line), "%.100s\n", command);

	if (!port_open(&port, "org.nestbox.ctl"))
		return UNREACHABLE;
	bool is_sent = port_write(&port, line, (size_t)length);

	while (is_sent && !answer.is_over && port_wait(&port, ANSWER_SECONDS))
		;
	port_close(&port);
	if (!answer.is_over)
		fprintf(stderr, "nestboxctl: the box does not answer\n");
	if (!answer.is_over || answer.is_error)
		return answer.is_over ? REFUSED : UNREACHABLE;
	return !strncmp(command, "nested", 6) && answer.nesting >= 0 && answer.nesting <= 2 ? answer.nesting : DONE;
}

/* What the system's own tool fetches. */
static FILE *url_open(const char *url, pid_t *child)
{
	int ends[2];

	if (pipe(ends))
		return NULL;
	*child = fork();
	if (!*child) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execlp("wget", "wget", "-q", "-O", "-", url, (char *)NULL);
		fprintf(stderr, "nestboxctl: there is no wget to fetch %s with; fetch it and give the file\n", url);
		_exit(UNREACHABLE);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

static int with_file(const char *what, int (*install)(FILE *file))
{
	bool is_url = strstr(what, "://") != NULL;
	pid_t child = 0;
	FILE *file = !strcmp(what, "-") ? stdin : is_url ? url_open(what, &child) : fopen(what, "re");

	if (!file) {
		fprintf(stderr, "nestboxctl: cannot read %s: %s\n", what, strerror(errno));
		return UNREACHABLE;
	}
	int code = install(file);

	fclose(file);
	if (child > 0)
		waitpid(child, NULL, 0);
	return code;
}

int main(int argc, char **argv)
{
	static const char *const asked[] = { "status", "slots", "update", "nested", "exits", "confirm", "rollback", "help" };

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return DONE;
	}
	if (argc == 4 && !strcmp(argv[1], "update") && !strcmp(argv[2], "install"))
		return with_file(argv[3], update_install);
	if (argc == 3 && !strcmp(argv[1], "update") && (!strcmp(argv[2], "status") || !strcmp(argv[2], "log")))
		return ask(!strcmp(argv[2], "log") ? "update log" : "update status");
	if (argc == 4 && !strcmp(argv[1], "keyring") && !strcmp(argv[2], "install"))
		return with_file(argv[3], keyring_install);
	if (argc == 3 && !strcmp(argv[1], "nested") && !strcmp(argv[2], "--json"))
		return ask("nested --json");
	for (size_t i = 0; argc == 2 && i < sizeof(asked) / sizeof(asked[0]); i++)
		if (!strcmp(argv[1], asked[i]))
			return ask(asked[i]);
	fputs(usage, stderr);
	return USAGE;
}
