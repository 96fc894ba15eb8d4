/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the update dialogue (partitions/monitor/update/protocol.h); see update.h. The box checks everything; this only sends. */
#include "update.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "port.h"
#include "update/frame.h"

#define ANSWER_SECONDS 120 /* the box reads its disk meanwhile */
#define MAX_RUNS 65536u

struct run {
	uint64_t first, count;
};

static struct client {
	struct port port;
	struct run *runs; /* missing leaves, in order */
	size_t run_count;
	bool is_queried, is_done, is_refused, is_terminal;
	bool is_line_open; /* of the progress, on a terminal */
	unsigned int shown_percent;
	uint64_t sent_bytes;
	struct timespec start;
	uint8_t body[FRAME_MAX_BODY];
} client;

static double seconds_passed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - client.start.tv_sec) + (double)(now.tv_nsec - client.start.tv_nsec) / 1e9;
}

/* On a line of its own. */
static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	va_list values;

	if (client.is_line_open)
		printf("\n");
	client.is_line_open = false;
	fflush(stdout);
	fputs("nestboxctl: ", stderr);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputs("\n", stderr);
}

static void show_progress(unsigned int percent, uint64_t synced, uint64_t total)
{
	double passed = seconds_passed();
	double speed = passed > 0 ? (double)synced / passed : 0;
	double left = percent ? passed * (100 - percent) / percent : 0;

	if (!client.is_terminal && percent < client.shown_percent + 10 && percent < 100)
		return;
	client.shown_percent = percent;
	printf("%s%3u %%  %.1f of %.1f MiB  %.1f MB/s", client.is_terminal ? "\r" : "", percent, (double)synced / 1048576,
	       (double)total / 1048576, speed / 1e6);
	if (percent > 0 && percent < 100)
		printf("  %.0f s left   ", left);
	else
		printf("                 ");
	client.is_line_open = client.is_terminal && percent < 100;
	printf("%s", client.is_line_open ? "" : "\n");
	fflush(stdout);
}

static void take_run(uint64_t first, uint64_t count)
{
	if (client.run_count < MAX_RUNS)
		client.runs[client.run_count++] = (struct run){ first, count };
	else /* too many to remember: everything behind is sent */
		client.runs[MAX_RUNS - 1].count = first + count - client.runs[MAX_RUNS - 1].first;
}

static void take_line(void *context, char *text)
{
	uint64_t a, b;
	unsigned int percent;
	char word[32];

	(void)context;
	if (sscanf(text, "progress %u %" SCNu64 " %" SCNu64, &percent, &a, &b) == 3) {
		show_progress(percent, a, b);
	} else if (sscanf(text, "missing %" SCNu64 " %" SCNu64, &a, &b) == 2) {
		take_run(a, b);
	} else if (sscanf(text, "queried %" SCNu64 " %" SCNu64, &a, &b) == 2) {
		client.is_queried = true;
		printf("%" PRIu64 " of the image's blocks are missing, %" PRIu64 " came from the other slot\n", a, b);
	} else if (sscanf(text, "done %31s", word) == 1) {
		client.is_done = true;
		printf("installed in slot %s; it is tried at the next start of the box or of the partition\n", word);
	} else if (!strncmp(text, "error ", 6)) {
		client.is_refused = true;
		complain("the box says: %s", text + 6);
	}
}

static bool is_over(void)
{
	return client.is_done || client.is_refused;
}

static bool wait_until(const bool *what)
{
	while (!*what && !client.is_refused)
		if (!port_wait(&client.port, ANSWER_SECONDS)) {
			complain("the box has said nothing for %d seconds; run the command again to go on", ANSWER_SECONDS);
			return false;
		}
	return *what;
}

static bool send_frame(const struct frame *frame, const uint8_t *body)
{
	uint8_t head[FRAME_HEAD_BYTES];

	frame_write(frame, head);
	client.sent_bytes += sizeof(head) + frame->body_bytes;
	return port_write(&client.port, head, sizeof(head)) && port_write(&client.port, body, frame->body_bytes);
}

/* Before the first leaves: which of them are wanted? */
static bool query(void)
{
	const struct frame frame = { .type = FRAME_QUERY };

	return send_frame(&frame, NULL) && wait_until(&client.is_queried);
}

static bool is_missing(const struct frame *frame)
{
	for (size_t i = 0; i < client.run_count; i++)
		if (frame->number < client.runs[i].first + client.runs[i].count && client.runs[i].first < frame->number + frame->blocks)
			return true;
	return false;
}

/* 1: a frame, 0: the bundle has ended, -1: it is none. */
static int next_frame(FILE *bundle, struct frame *frame)
{
	uint8_t head[FRAME_HEAD_BYTES];
	enum update_error error;

	if (fread(head, sizeof(head), 1, bundle) != 1)
		return 0;
	error = frame_read(head, frame);
	if (error || frame->body_bytes > sizeof(client.body)) {
		complain("this is no bundle, or a damaged one: %s", update_error_text(error));
		return -1;
	}
	return frame->body_bytes && fread(client.body, frame->body_bytes, 1, bundle) != 1 ? 0 : 1;
}

static int send_bundle(FILE *bundle)
{
	struct frame frame = { .type = FRAME_START };
	int found = 0;

	while (!is_over() && (found = next_frame(bundle, &frame)) > 0) {
		if (frame.type == FRAME_LEAVES && !client.is_queried && !query())
			return client.is_refused ? 1 : 3;
		if (frame.type == FRAME_LEAVES && !is_missing(&frame))
			continue;
		if (!send_frame(&frame, client.body))
			return 3;
		if (frame.type == FRAME_FINISH)
			return wait_until(&client.is_done) ? 0 : client.is_refused ? 1 : 3;
	}
	if (found < 0 || client.is_refused)
		return 1;
	complain("the bundle ends before its end; get it again and run the command again, what was sent stays");
	return 3;
}

int update_install(FILE *bundle)
{
	int code;

	client.runs = calloc(MAX_RUNS, sizeof(*client.runs));
	client.port.line = take_line;
	client.is_terminal = isatty(STDOUT_FILENO);
	if (!client.runs || !port_open(&client.port, "org.nestbox.update"))
		return 3;
	clock_gettime(CLOCK_MONOTONIC, &client.start);
	code = send_bundle(bundle);
	printf("%.1f MiB were sent\n", (double)client.sent_bytes / 1048576);
	port_close(&client.port);
	free(client.runs);
	return code;
}
