/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's way to the commands, behind the port org.nestbox.ctl: a line in, lines out, the last of them `ok`
 * or `error`. One command at a time; what the guest does not read holds up what it writes.
 */
#ifndef MANAGE_CTL_H
#define MANAGE_CTL_H

#include "manage/line.h"
#include "manage/sink.h"
#include "virtio/port.h"

#define CTL_ANSWER_BYTES 8192u /* the rest of a longer one is lost */

struct ctl {
	/* Runs a command of the guest's; false when there is none like it. */
	bool (*run)(void *context, const struct sink *out, char *text);
	void *context;
	char line[LINE_MAX_BYTES];
	uint32_t line_used; /* as much as there is room for: the line is too long */
	char answer[CTL_ANSWER_BYTES];
	uint32_t answer_used, answer_sent;
};

/* A backend around *ctl, whose run and context are set. Both must outlive the board. */
struct port_backend ctl_backend(struct ctl *ctl);

#endif
