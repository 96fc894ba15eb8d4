/* SPDX-License-Identifier: Apache-2.0 */
/* See crash.h. The page may hold anything: nothing of it counts before its checksum, and none of it is printed as it is. */
#include "manage/crash.h"

#include <string.h>

#include "bsp/newlib/sys_call.h"
#include "manage/command.h"

#define NOTED_BYTES 2048u

static struct crash_report kept;
static struct crash_report *survivor;
static bool is_from_before;

static bool is_sound(const struct crash_report *report)
{
	return report->magic == CRASH_REPORT_MAGIC && report->bytes && report->bytes <= CRASH_REPORT_TEXT &&
	       report->sum == crash_report_sum(report->text, report->bytes);
}

bool crash_open(struct crash_report *page)
{
	survivor = page;
	memset(&kept, 0, sizeof(kept));
	if (page)
		kept = *page;
	is_from_before = is_sound(&kept);
	if (!is_from_before)
		kept.bytes = 0;
	return is_from_before;
}

/* How many bytes the log has. */
static uint64_t log_bytes(void)
{
	char bytes[256];
	uint64_t at = 0;
	int64_t count;

	while ((count = sys_call(SYS_LOG_READ, (uintptr_t)bytes, sizeof(bytes), at)) > 0)
		at += (uint64_t)count;
	return at;
}

void crash_note(void)
{
	uint64_t end = log_bytes(), at = end > NOTED_BYTES ? end - NOTED_BYTES : 0;
	int64_t count;

	kept.bytes = 0;
	while (kept.bytes < NOTED_BYTES && (count = sys_call(SYS_LOG_READ, (uintptr_t)kept.text + kept.bytes, 256, at)) > 0) {
		uint32_t room = CRASH_REPORT_TEXT - kept.bytes;

		kept.bytes += (uint64_t)count < room ? (uint32_t)count : room;
		at += (uint64_t)count;
	}
	kept.sum = crash_report_sum(kept.text, kept.bytes);
	kept.magic = CRASH_REPORT_MAGIC;
	is_from_before = false;
	if (survivor)
		*survivor = kept;
}

static char printable(char c)
{
	return c == '\n' || (c >= ' ' && c <= '~') ? c : '.';
}

void command_crash(struct command_call *call)
{
	if (!kept.bytes) {
		sink_print(call->out, "no crash is known%s\n", survivor ? "" : "; this board has no memory that keeps a report over a reset");
		return;
	}
	sink_print(call->out, "%s:\n", is_from_before ? "before the last reset" : "since the last reset");
	for (uint32_t i = 0; i < kept.bytes; i++) {
		char c = printable(kept.text[i]);

		sink_write(call->out, &c, 1);
	}
	sink_print(call->out, "%s", printable(kept.text[kept.bytes - 1]) == '\n' ? "" : "\n");
}
