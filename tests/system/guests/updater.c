/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A box that updates itself, without an operating system. The image's first module says what this guest does: a bundle is
 * installed through the port org.nestbox.update and the machine reset; anything else is an image that has arrived, which
 * confirms itself. Every line of the box is printed, so that who reads along knows how far it is.
 * Source: VIRTIO 1.2, 5.3 "Console Device"; partitions/monitor/update/protocol.h and frame.h.
 */
#include "device.h"

#define PORT_NAME_TEXT "org.nestbox.update"
#define BUFFERS (DEVICE_RINGS + 0x20000)
#define BUFFER_BYTES 512u
#define OUT_BYTES 64u /* of a message of ours, behind the buffers */
#define OUT_PLACE (BUFFERS + DEVICE_QUEUES * DEVICE_RING_SIZE * BUFFER_BYTES)
#define LONG_TIME 6000000000ull
#define MOMENT 5000000ull

enum { CONTROL_IN = 2, CONTROL_OUT = 3 };
enum { DEVICE_READY = 0, DEVICE_ADD = 1, PORT_READY = 3, PORT_OPEN = 6, PORT_NAME = 7 };
enum { FRAME_MAGIC = 0x3155424E, FRAME_HEAD = 24, FRAME_LEAVES = 4, FRAME_QUERY = 5, FRAME_FINISH = 6, FRAME_STATUS = 16, FRAME_CONFIRM = 17 };

struct frame {
	u32 magic;
	u8 type, encoding;
	u16 blocks;
	u64 number;
	u32 body_bytes, zero;
};

struct control {
	u32 port;
	u16 event, value;
	char name[BUFFER_BYTES - 8];
};

struct run {
	u64 first, count;
};

static struct device console = { "console", DEVICE_CONSOLE, 0, 0, 0 };
static u16 given[DEVICE_QUEUES], taken[DEVICE_QUEUES]; /* chains offered, chains seen to be used */
static u32 port; /* of updates; 0: not found yet (port 0 is the terminal) */

static struct dialogue {
	char line[BUFFER_BYTES];
	u32 length;
	bool is_ready, is_queried, is_done, is_refused, is_confirmed;
	struct run runs[256]; /* missing leaves */
	u32 run_count;
} dialogue;

static u32 queue_in(u32 number)
{
	return number ? 2 * number + 2 : 0;
}

static void offer(u32 queue, u32 index, u64 address, u64 rest)
{
	device_put(queue, index, address, rest);
	write16(device_available(queue) + 4 + 2 * (given[queue] % DEVICE_RING_SIZE), (u16)index);
	write16(device_available(queue) + 2, ++given[queue]);
	device_notify(&console, queue);
}

static u64 buffer(u32 queue, u32 index)
{
	return BUFFERS + (queue * DEVICE_RING_SIZE + index) * BUFFER_BYTES;
}

static void fill(u32 queue)
{
	for (u32 i = 0; i < DEVICE_RING_SIZE; i++)
		offer(queue, i, buffer(queue, i), DEVICE_REST(BUFFER_BYTES, WRITE, 0));
}

/* What has come into a queue, if something has: its place, `*count` bytes. give_back() when it has been read. */
static u64 arrived(u32 queue, u32 *index, u32 *count)
{
	u64 used = device_used(queue);
	volatile u32 *element = (volatile u32 *)(used + 4 + 8 * (taken[queue] % DEVICE_RING_SIZE));

	if (read16(used + 2) == taken[queue])
		return 0;
	*index = element[0];
	*count = element[1];
	taken[queue]++;
	if (!check(*index < DEVICE_RING_SIZE && *count <= BUFFER_BYTES, "queue %u: buffer %u, %u bytes", queue, *index, *count))
		return 0;
	return buffer(queue, *index);
}

static void give_back(u32 queue, u32 index)
{
	offer(queue, index, buffer(queue, index), DEVICE_REST(BUFFER_BYTES, WRITE, 0));
}

static bool starts(const char *text, const char *with)
{
	while (*with && *text == *with) {
		text++;
		with++;
	}
	return !*with;
}

static u64 number_at(const char **text)
{
	u64 value = 0;

	while (**text == ' ')
		++*text;
	while (**text >= '0' && **text <= '9')
		value = value * 10 + (u64)(*(*text)++ - '0');
	return value;
}

static void line_take(const char *line)
{
	const char *numbers = line + sizeof("missing") - 1;

	if (starts(line, "missing ")) {
		if (!check(dialogue.run_count < ARRAY_SIZE(dialogue.runs), "too many runs"))
			return;
		struct run *run = &dialogue.runs[dialogue.run_count++];
		run->first = number_at(&numbers);
		run->count = number_at(&numbers);
		return;
	}
	print("guest: box: %s\n", line);
	dialogue.is_ready |= starts(line, "ready ");
	dialogue.is_queried |= starts(line, "queried ");
	dialogue.is_done |= starts(line, "done ");
	dialogue.is_confirmed |= starts(line, "ok CONFIRM");
	if (starts(line, "error "))
		dialogue.is_refused = !check(false, "refused: %s", line);
}

static void bytes_take(const char *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (bytes[i] == '\n') {
			dialogue.line[dialogue.length] = 0;
			dialogue.length = 0;
			line_take(dialogue.line);
		} else if (dialogue.length + 1 < sizeof(dialogue.line)) {
			dialogue.line[dialogue.length++] = bytes[i];
		}
}

/* Takes what the box has said; true while it has not refused. */
static bool listen(void)
{
	u32 queue = queue_in(port), index, count;
	u64 at;

	while ((at = arrived(queue, &index, &count))) {
		bytes_take((const char *)at, count);
		give_back(queue, index);
	}
	return !dialogue.is_refused;
}

/* Waits until all that was offered to a queue has been read by the box. */
static bool sent(u32 queue)
{
	bool is_heard = WAIT_FOR((port && !listen()) || read16(device_used(queue) + 2) == given[queue], LONG_TIME);

	return is_heard && !dialogue.is_refused;
}

static void tell(u32 number, u16 event)
{
	struct control *message = (struct control *)OUT_PLACE;

	message->port = number;
	message->event = event;
	message->value = 1;
	offer(CONTROL_OUT, 0, OUT_PLACE, DEVICE_REST(8, 0, 0));
	check(sent(CONTROL_OUT), "the box takes no message");
}

/* Answers what the box says about its ports, until the one for updates has been named. */
static bool find_port(void)
{
	u32 index, count;
	u64 at = arrived(CONTROL_IN, &index, &count);

	if (!at)
		return false;
	struct control message = *(struct control *)at;
	message.name[count < BUFFER_BYTES ? count - 8 : sizeof(message.name) - 1] = 0;
	give_back(CONTROL_IN, index);
	if (message.event == DEVICE_ADD)
		tell(message.port, PORT_READY);
	else if (message.event == PORT_NAME && starts(message.name, PORT_NAME_TEXT))
		port = message.port;
	return port;
}

static bool open_port(void)
{
	if (!device_find(&console))
		return false;
	device_start(&console, 0);
	fill(CONTROL_IN);
	tell(0, DEVICE_READY);
	if (!check(WAIT_FOR(find_port(), LONG_TIME), "there is no port " PORT_NAME_TEXT))
		return false;
	fill(queue_in(port));
	tell(port, PORT_OPEN);
	return check(WAIT_FOR(listen() && dialogue.is_ready, LONG_TIME), "the port is not ready");
}

static bool send(const struct frame *frame)
{
	u32 queue = queue_in(port) + 1;

	offer(queue, 0, (u64)frame, DEVICE_REST(FRAME_HEAD + frame->body_bytes, 0, 0));
	return check(sent(queue), "the box takes no frame of type %u", frame->type);
}

static bool ask(u8 type, const bool *answer)
{
	struct frame *frame = (struct frame *)OUT_PLACE;

	*frame = (struct frame){ .magic = FRAME_MAGIC, .type = type };
	return send(frame) && check(WAIT_FOR(!listen() || *answer, LONG_TIME) && *answer, "no answer to frame %u", type);
}

static bool is_missing(const struct frame *frame)
{
	for (u32 i = 0; i < dialogue.run_count; i++)
		if (frame->number < dialogue.runs[i].first + dialogue.runs[i].count && dialogue.runs[i].first < frame->number + frame->blocks)
			return true;
	return false;
}

static void install(const u8 *bundle, u64 count)
{
	u32 frames = 0;

	for (u64 at = 0; at + FRAME_HEAD <= count;) {
		const struct frame *frame = (const struct frame *)(bundle + at);

		if (frame->type == FRAME_LEAVES && !dialogue.is_queried && !ask(FRAME_QUERY, &dialogue.is_queried))
			return;
		if (frame->type == FRAME_FINISH)
			print("guest: %u frames sent, the rest is there\n", frames);
		if (frame->type != FRAME_LEAVES || is_missing(frame)) {
			frames += frame->type == FRAME_LEAVES;
			if (!send(frame))
				return;
		}
		at += FRAME_HEAD + frame->body_bytes;
	}
	if (!check(WAIT_FOR(!listen() || dialogue.is_done, LONG_TIME) && dialogue.is_done, "it is never done"))
		return;
	print("guest: installed, resetting\n");
	WAIT_FOR(false, MOMENT);
	outb(0xCF9, 2);
	outb(0xCF9, 6);
	WAIT_FOR(false, LONG_TIME);
}

static void confirm(void)
{
	print("guest: working\n");
	WAIT_FOR(false, MOMENT);
	print("guest: confirming\n");
	if (ask(FRAME_CONFIRM, &dialogue.is_confirmed))
		print("guest: confirmed\n");
	WAIT_FOR(false, MOMENT);
}

void guest_main(void)
{
	const u32 *information = (const u32 *)boot_information;
	bool has_module = (information[0] & 8) && information[5];
	const u32 *module = has_module ? (const u32 *)(u64)information[6] : NULL;

	traps_init(0);
	print("guest: version %s\n", command_line());
	if (check(has_module, "there is no module") && open_port()) {
		if (*(const u32 *)(u64)module[0] == FRAME_MAGIC)
			install((const u8 *)(u64)module[0], module[1] - module[0]);
		else
			confirm();
	}
	finish("updater");
}
