/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image that is new has to show a heartbeat: for how long it must be seen until the image is confirmed, and how long silence may last until the
 * image is started again, which spends one of its tries. Times are ticks of any clock that only goes forward. Pure.
 */
#ifndef UPDATE_TRIAL_H
#define UPDATE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

struct trial {
	bool is_on;
	bool has_beat;
	uint64_t need_ticks;	/* of heartbeat without a longer silence */
	uint64_t silence_ticks; /* 0: silence may last for ever */
	uint64_t first, last;	/* of the heartbeats that count; without one, `last` is the start */
};

/* `rules` has need_ticks and silence_ticks. */
void trial_start(struct trial *trial, const struct trial *rules, uint64_t now);

/* True once: the image has been seen alive for long enough, and the trial is over. */
bool trial_beat(struct trial *trial, uint64_t now);

/* When silence has lasted too long; UINT64_MAX for never. */
uint64_t trial_deadline(const struct trial *trial);

/* True once it has: the trial is over. */
bool trial_is_lost(struct trial *trial, uint64_t now);

#endif
