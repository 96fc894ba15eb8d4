/* SPDX-License-Identifier: Apache-2.0 */
/* One frame to the update port (partitions/monitor/update/protocol.h), one answer; see keyring.h. */
#include "keyring.h"

#include <string.h>

#include "port.h"
#include "update/frame.h"

#define ANSWER_SECONDS 60 /* signatures of up to four roots, on a slow machine */

struct answer {
	bool is_done, is_refused;
};

static void take_line(void *context, char *text)
{
	struct answer *answer = context;

	if (!strcmp(text, "ok KEYRING")) {
		answer->is_done = true;
	} else if (!strncmp(text, "error ", 6)) {
		answer->is_refused = true;
		fprintf(stderr, "nestboxctl: the box says: %s\n", text + 6);
	}
}

static bool is_sent(struct port *port, const uint8_t *bytes)
{
	const struct frame frame = { .type = FRAME_KEYRING, .body_bytes = KEYRING_FILE_BYTES };
	uint8_t head[FRAME_HEAD_BYTES];

	frame_write(&frame, head);
	return port_write(port, head, sizeof(head)) && port_write(port, bytes, KEYRING_FILE_BYTES);
}

static int send_keyring(const uint8_t *bytes)
{
	struct answer answer = { .is_done = false };
	struct port port = { .line = take_line, .context = &answer };

	if (!port_open(&port, "org.nestbox.update"))
		return 3;
	bool is_heard = is_sent(&port, bytes);

	while (is_heard && !answer.is_done && !answer.is_refused)
		is_heard = port_wait(&port, ANSWER_SECONDS);
	port_close(&port);
	if (!answer.is_done && !answer.is_refused)
		fprintf(stderr, "nestboxctl: the box does not answer\n");
	return answer.is_done ? 0 : answer.is_refused ? 1 : 3;
}

int keyring_install(FILE *file)
{
	static uint8_t bytes[KEYRING_FILE_BYTES];

	if (fread(bytes, sizeof(bytes), 1, file) != 1 || fgetc(file) != EOF) {
		fprintf(stderr, "nestboxctl: this is no keyring, which has %u bytes; make one with 'nestbox key rotate'\n", KEYRING_FILE_BYTES);
		return 3;
	}
	int code = send_keyring(bytes);

	if (!code)
		puts("the keyring is in force");
	return code;
}
