/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines that protocol.h lists, for protocol.c.
 */
#ifndef UPDATE_PROTOCOL_LINES_H
#define UPDATE_PROTOCOL_LINES_H

#include "update/protocol.h"

void line_ready(struct protocol *p);
void line_manifest(struct protocol *p);
void line_missing(struct protocol *p, const struct leaf_run *run);
void line_queried(struct protocol *p);
void line_progress(struct protocol *p); /* only when the percentage has changed */
void line_done(struct protocol *p);
void line_ok(struct protocol *p, const char *name);
void line_error(struct protocol *p, enum update_error error);
void line_status(struct protocol *p, const struct record_role *role);

#endif
