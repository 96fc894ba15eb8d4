/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers.
 */
#include "update/protocol_lines.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 256

static void say(struct protocol *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct protocol *p, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(line, sizeof(line), format, values);
	va_end(values);
	if (length < 0)
		return;
	if ((size_t)length >= sizeof(line)) {
		length = sizeof(line) - 1;
		line[length - 1] = '\n';
	}
	p->emit(p->context, line, (size_t)length);
}

void line_ready(struct protocol *p)
{
	say(p, "ready %u\n", FRAME_VERSION);
}

void line_manifest(struct protocol *p)
{
	const struct manifest *m = install_manifest(p->install);

	say(p, "manifest %u.%u.%lu %lu %lu %llu %llu\n", m->version_major, m->version_minor, (unsigned long)m->version_patch,
	    (unsigned long)m->security_version, (unsigned long)m->leaf_count,
	    (unsigned long long)tree_block_count(install_tree(p->install)), (unsigned long long)p->install->tree_done);
}

void line_missing(struct protocol *p, const struct leaf_run *run)
{
	say(p, "missing %llu %llu\n", (unsigned long long)run->first, (unsigned long long)run->count);
}

void line_queried(struct protocol *p)
{
	say(p, "queried %llu %llu\n", (unsigned long long)p->missing, (unsigned long long)p->install->leaves_taken);
}

void line_progress(struct protocol *p)
{
	const struct manifest *m = install_manifest(p->install);
	uint64_t total = m->payload_bytes + m->tree_bytes, safe = p->install->synced_bytes + p->install->there_bytes;
	unsigned int percent = install_percent(p->install);

	if (percent == p->told_percent)
		return;
	p->told_percent = percent;
	say(p, "progress %u %llu %llu\n", percent, (unsigned long long)(safe < total ? safe : total), (unsigned long long)total);
}

void line_done(struct protocol *p)
{
	say(p, "done %s\n", slot_name(slot_other(p->box->running.slot)));
}

void line_ok(struct protocol *p, const char *name)
{
	say(p, "ok %s\n", name);
}

static void line_image_error(struct protocol *p, enum image_error why)
{
	say(p, "error %s %s\n", image_error_name(why), image_error_text(why));
}

void line_error(struct protocol *p, enum update_error error)
{
	if (error == UPDATE_ERROR_IMAGE)
		line_image_error(p, p->install->image_error);
	else if (error == UPDATE_ERROR_KEYRING)
		line_image_error(p, p->keyring_error);
	else
		say(p, "error %s %s\n", update_error_name(error), update_error_text(error));
}

static void line_slot(struct protocol *p, const struct record_role *role, enum slot_id slot)
{
	static const char *const states[] = {
		[SLOT_EMPTY] = "empty", [SLOT_INSTALLED] = "installed", [SLOT_CONFIRMED] = "confirmed", [SLOT_FAILED] = "failed"
	};
	enum slot_state state = role_state(role, slot);

	say(p, "slot %s %s%s%s\n", slot_name(slot), states[state], state == SLOT_FAILED ? " " : "",
	    state == SLOT_FAILED ? slot_fail_text((enum slot_fail)role->reason[slot - 1]) : "");
}

void line_status(struct protocol *p, const struct record_role *role)
{
	const struct running *running = &p->box->running;
	uint64_t version = running->verdict.version;

	line_slot(p, role, SLOT_A);
	line_slot(p, role, SLOT_B);
	say(p, "running %s %u.%u.%lu %lu %s %s %u %lu\n", slot_name(running->slot), (unsigned int)(version >> 48),
	    (unsigned int)(version >> 32 & UINT16_MAX), (unsigned long)(version & UINT32_MAX),
	    (unsigned long)running->verdict.security_version,
	    running->slot && role_state(role, running->slot) == SLOT_CONFIRMED ? "confirmed" : "unconfirmed",
	    slot_name((enum slot_id)role->try_slot), role->tries_left, (unsigned long)role->floor);
}
