/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `nested`: the checklist of nesting of this box, what L1 does with it, and its last VM entry that was refused.
 */
#ifndef MANAGE_NESTED_H
#define MANAGE_NESTED_H

struct command_call;

/* nested, nested --json. Its last line, or "status" in JSON, says 0 works, 1 works with warnings, 2 does not work. */
void command_nested(struct command_call *call);

#endif
