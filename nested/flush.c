/* SPDX-License-Identifier: Apache-2.0 */
/* See flush.h. */
#include "nested/flush.h"

struct flush_decision flush_at_entry(struct flush_state *state, bool l1_uses_vpid, u16 vpid12)
{
	bool is_same = l1_uses_vpid && state->vpid02_is_used && state->vpid12 == vpid12;

	state->vpid02_is_used = l1_uses_vpid;
	state->vpid12 = vpid12;
	return (struct flush_decision){ .vpid01 = !l1_uses_vpid, .vpid02 = !is_same };
}

struct flush_decision flush_at_exit(bool l1_uses_vpid)
{
	return (struct flush_decision){ .vpid01 = !l1_uses_vpid, .vpid02 = false };
}

bool flush_for_invvpid(const struct flush_state *state, u16 vpid12)
{
	return state->vpid02_is_used && state->vpid12 == vpid12;
}

void flush_forget(struct flush_state *state)
{
	state->vpid02_is_used = false;
}
