/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line about a slot, in parts: what the slot record says of it, what verifying it has shown. Pure but for the sink. The line's end is the
 * caller's.
 */
#ifndef MONITOR_SLOT_LINE_H
#define MONITOR_SLOT_LINE_H

#include "manage/sink.h"
#include "update/decide.h"

/* "slot a: confirmed, active". `role` may be null: nothing is recorded. */
void slot_line_state(const struct sink *out, const struct record_role *role, enum slot_id slot);

/* "; version 1.2.3, verified", or why not; nothing for a slot that nobody looked at. */
void slot_line_verdict(const struct sink *out, const struct record_role *role, enum slot_id slot, const struct verdict *verdict);

#endif
