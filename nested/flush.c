/* SPDX-License-Identifier: Apache-2.0 */
/* See flush.h. */
#include "nested/flush.h"

bool flush_for_invvpid(const struct flush_state *state, u16 vpid12)
{
	return state->vpid02_is_used && state->vpid12 == vpid12;
}

void flush_forget(struct flush_state *state)
{
	state->vpid02_is_used = false;
}
