/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats of a new image; see trial.h. */
#include "update/trial.h"

void trial_start(struct trial *trial, const struct trial *rules, uint64_t now)
{
	*trial = (struct trial){ .is_on = true, .need_ticks = rules->need_ticks, .silence_ticks = rules->silence_ticks, .first = now, .last = now };
}

uint64_t trial_deadline(const struct trial *trial)
{
	uint64_t deadline;

	if (!trial->is_on || !trial->silence_ticks || __builtin_add_overflow(trial->last, trial->silence_ticks, &deadline))
		return UINT64_MAX;
	return deadline;
}

bool trial_beat(struct trial *trial, uint64_t now)
{
	if (!trial->is_on)
		return false;
	/* after a silence that nobody has acted upon it counts anew */
	if (!trial->has_beat || now >= trial_deadline(trial))
		trial->first = now;
	trial->has_beat = true;
	trial->last = now;
	trial->is_on = now - trial->first < trial->need_ticks;
	return !trial->is_on;
}

bool trial_is_lost(struct trial *trial, uint64_t now)
{
	bool is_lost = now >= trial_deadline(trial);

	if (is_lost)
		trial->is_on = false;
	return is_lost;
}
