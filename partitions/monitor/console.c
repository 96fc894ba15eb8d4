/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two rings, one in each direction, and the session between them.
 */
#include "console.h"

#include <inttypes.h>

#include "bsp/newlib/sys_call.h"
#include "gdb/gdb.h"
#include "host.h"
#include "manage/command.h"
#include "manage/crash.h"
#include "manage/session.h"
#include "print.h"

#define KEPT_BYTES 1024u /* powers of two: the counters run on */
#define GUEST_BYTES 16384u

struct ring {
	uint8_t *bytes;
	uint32_t size, put_count, taken_count;
	uint64_t lost;
};

static uint8_t kept_bytes[KEPT_BYTES], guest_bytes[GUEST_BYTES];
static struct ring to_guest = { .bytes = kept_bytes, .size = KEPT_BYTES };
static struct ring from_guest = { .bytes = guest_bytes, .size = GUEST_BYTES };
static const struct monitor_info *info;
static struct board *board;
static struct session session;
static uint32_t listener; /* number of the partition that gets what is typed; 0: this one */
static uint64_t follow_ticks; /* when what is followed is due, in host TSC; 0: nothing is */

static uint32_t ring_count(const struct ring *ring)
{
	return ring->put_count - ring->taken_count;
}

static void ring_put(struct ring *ring, uint8_t byte)
{
	if (ring_count(ring) < ring->size)
		ring->bytes[ring->put_count++ % ring->size] = byte;
	else
		ring->lost++;
}

static void write_line(void *context, const char *bytes, size_t count)
{
	(void)context;
	sys_call(SYS_CONSOLE_WRITE, (uintptr_t)bytes, count, 0);
}

static uint64_t now_seconds(void *context)
{
	(void)context;
	return host_seconds(info);
}

static enum command_end run(void *context, char *text)
{
	struct command_call call = { .caller = CALLER_PERSON, .info = info, .out = &session.out,
				     .is_again = session_is_following(&session) };

	(void)context;
	(void)command_run(&call, text);
	if (call.end == COMMAND_LEAVES)
		listener = call.partition;
	return call.end;
}

static void note(void *context, const char *what)
{
	(void)context;
	print("console: %s\n", what);
}

static void give_back_line(void)
{
	while (ring_count(&from_guest)) {
		uint32_t at = from_guest.taken_count % GUEST_BYTES;
		uint32_t count = ring_count(&from_guest), to_end = GUEST_BYTES - at;

		count = count < to_end ? count : to_end;
		count = count < 4096 ? count : 4096;
		write_line(NULL, (const char *)from_guest.bytes + at, count);
		from_guest.taken_count += count;
	}
	if (from_guest.lost)
		print("console: the guest wrote %" PRIu64 " bytes more than could be kept\n", from_guest.lost);
	from_guest.lost = 0;
}

static void attention(void *context, bool is_taken)
{
	(void)context;
	if (!is_taken)
		give_back_line();
}

void console_open(const struct monitor_info *the_info, struct board *the_board)
{
	bool is_first = !info;

	info = the_info;
	board = the_board;
	/* the line is the first partition's, which passes on what is meant for others */
	if (!info->number && sys_call(SYS_IRQ_BIND, CONSOLE_HOST_IRQ, 0, 0) < 0)
		print("console: the serial line has no interrupt, so there is no input\n");
	if (!is_first)
		return;
	session = (struct session){
		.line.complete = command_complete,
		.login.password = &box_password,
		.out.write = write_line,
		.now_seconds = now_seconds,
		.run = run,
		.note = note,
		.attention = attention,
		.debug = gdb_feed,
		.debug_end = gdb_end,
	};
	if (crash_open(info->has_crash_report ? (struct crash_report *)MONITOR_CRASH_VA : NULL))
		print("crash: there is a report from before the reset; `crash` at the console shows it\n");
	if (info->has_console)
		print("console: Ctrl-^ (Ctrl-6) on this line calls the box\n");
}

void console_offer(void)
{
	while (ring_count(&to_guest) &&
	       board_console_input(board, to_guest.bytes[to_guest.taken_count % KEPT_BYTES]))
		to_guest.taken_count++;
}

/* What another partition has no room for is lost, as on a line. */
static void give(int64_t byte)
{
	if (listener)
		sys_call(SYS_CONSOLE_FEED, listener, (uint64_t)byte, 0);
	else
		ring_put(&to_guest, (uint8_t)byte);
}

void console_drain(void)
{
	int64_t byte;

	while ((byte = sys_call(SYS_CONSOLE_READ, 0, 0, 0)) >= 0)
		if (!info->has_console || session_feed(&session, (uint8_t)byte) == SESSION_IS_GUESTS)
			give(byte);
	console_offer();
}

uint64_t console_deadline(void)
{
	if (!session_is_following(&session))
		follow_ticks = 0;
	else if (!follow_ticks)
		follow_ticks = host_now_ticks() + info->tsc_hz;
	return follow_ticks ? follow_ticks : UINT64_MAX;
}

void console_tick(void)
{
	if (!follow_ticks || host_now_ticks() < follow_ticks)
		return;
	follow_ticks = 0;
	session_tick(&session);
}

void console_guest_end(void)
{
	if (!ring_count(&from_guest))
		return;
	print("\nconsole: what the guest wrote meanwhile:\n");
	give_back_line();
}

void console_guest_put(uint8_t byte)
{
	if (session_has_attention(&session))
		ring_put(&from_guest, byte);
	else
		write_line(NULL, (const char *)&byte, 1);
}
