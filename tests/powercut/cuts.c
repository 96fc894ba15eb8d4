/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states that cuts leave of one recorded session.
 */
#include "session.h"

/* Outcomes between phases: 0 the start before event boot_count, 1 the action. */
static struct expectation expect(size_t event, const char *what, bool is_strict)
{
	size_t phase = event >= trace.boot_count;
	struct expectation e = { .what = what,
				 .session = trace.number,
				 .event = event,
				 .fallback = { trace.confirmed, trace.outcomes[0].floor, trace.outcomes[0].keys },
				 .is_strict = is_strict };

	if (is_strict) {
		e.outcomes[e.count++] = trace.outcomes[phase];
		e.outcomes[e.count++] = trace.outcomes[phase + 1];
	} else {
		for (size_t i = 0; i <= phase + 1; i++)
			e.outcomes[e.count++] = trace.outcomes[i];
		e.outcomes[e.count++] = e.fallback;
	}
	e.floor_at_most = trace.outcomes[0].floor;
	if (phase && trace.session->action == CONFIRM)
		e.floor_at_most = trace.outcomes[2].floor;
	return e;
}

static void cut_torn(const struct cut_event *event, struct expectation *e, size_t mark)
{
	uint64_t step = event_is_meta(event) ? 1 : CUT_SECTOR;

	for (uint64_t at = 0; at <= event->count; at += step) {
		cut_disk_play(&disk, event, 0, at);
		e->variant = at;
		probe_cut(e);
		cut_disk_undo(&disk, mark);
	}
}

/* The sector under the head is rubbish, or cannot be read any more; the rest came in either order. */
static void cut_rubbish(const struct cut_event *event, struct expectation *e, size_t mark)
{
	uint8_t noise[CUT_SECTOR];

	for (uint64_t at = 0; at < event->count; at += CUT_SECTOR) {
		const struct cut_event rubbish = { event->offset + at, CUT_SECTOR, noise };

		for (size_t i = 0; i < CUT_SECTOR; i++)
			noise[i] = (uint8_t)random_below(256);
		e->variant = at;
		for (unsigned int kind = 0; kind < 4; kind++) {
			if (kind & 1)
				cut_disk_play(&disk, event, at, event->count);
			else
				cut_disk_play(&disk, event, 0, at);
			cut_disk_play(&disk, &rubbish, 0, CUT_SECTOR);
			if (kind & 2) {
				disk.bad_offset = rubbish.offset;
				disk.bad_count = CUT_SECTOR;
			}
			probe_cut(e);
			cut_disk_undo(&disk, mark);
		}
	}
}

/* Of the writes [from, to], those whose bit (of 64, by random beyond) is set; one of them may be torn. */
static void play_some(size_t from, size_t to, uint64_t which, bool is_torn)
{
	size_t writes = 0;

	for (size_t i = from; i <= to; i++) {
		const struct cut_event *event = &trace.events[i];
		uint64_t upto = event->count;

		if (!event->count)
			continue;
		if (is_torn && random_below(3) == 0)
			upto = random_below(event->count / CUT_SECTOR) * CUT_SECTOR;
		if (which >> writes++ % 64 & 1)
			cut_disk_play(&disk, event, 0, upto);
	}
}

static size_t writes_in(size_t from, size_t to)
{
	size_t count = 0;

	for (size_t i = from; i <= to; i++)
		count += trace.events[i].count != 0;
	return count;
}

static void cut_subset(size_t from, size_t event, uint64_t which, struct expectation *e)
{
	size_t mark = cut_disk_mark(&disk);

	e->variant = which;
	for (unsigned int torn = 0; torn < 2; torn++) {
		play_some(from, event, which, torn);
		probe_cut(e);
		if (torn && !e->is_strict && trace.session->action == INSTALL && event >= trace.boot_count && random_below(16) == 0)
			probe_resume(e, trace.session->image);
		cut_disk_undo(&disk, mark);
	}
}

/* All subsets of a few, or of many: each one missing, each one alone, and some by chance. */
static void cut_reordered(size_t from, size_t event, struct expectation *e)
{
	size_t count = writes_in(from, event);
	size_t in_word = count < 64 ? count : 64;

	if (count <= 4) {
		for (uint64_t which = 0; which < 1u << count; which++)
			cut_subset(from, event, which, e);
		return;
	}
	for (size_t i = 0; i < in_word; i++) {
		cut_subset(from, event, ~(1ull << i), e);
		cut_subset(from, event, 1ull << i, e);
	}
	for (size_t i = 0; i < 24; i++)
		cut_subset(from, event, random_below(UINT64_MAX), e);
}

/* The first event behind the `flushes`-th flush before `event`. */
static size_t window_start(size_t event, unsigned int flushes)
{
	size_t at = event;

	while (at > 0) {
		if (trace.events[at - 1].count == 0 && --flushes == 0)
			break;
		at--;
	}
	return at;
}

static void cut_from(size_t start, size_t event, const char *what, bool is_strict)
{
	struct expectation e = expect(event, what, is_strict);
	size_t mark = cut_disk_mark(&disk);

	for (size_t i = 0; i < start; i++)
		cut_disk_play(&disk, &trace.events[i], 0, trace.events[i].count);
	cut_reordered(start, event, &e);
	cut_disk_undo(&disk, mark);
}

/* Which of two outcomes is found before and after a write; the switch is where it changes. */
static void cut_in_order(void)
{
	struct outcome last = trace.outcomes[0];
	unsigned int switches = 0;

	for (size_t i = 0; i < trace.count; i++) {
		const struct cut_event *event = &trace.events[i];
		struct expectation e = expect(i, "byte", true);
		size_t mark = cut_disk_mark(&disk);
		struct outcome now;

		if (!event->count)
			continue;
		cut_torn(event, &e, mark);
		e.what = "rubbish at";
		cut_rubbish(event, &e, mark);
		if (trace.session->action == INSTALL && i >= trace.boot_count)
			probe_resume(&e, trace.session->image);
		cut_disk_play(&disk, event, 0, event->count);
		now = probe_outcome();
		if (i >= trace.boot_count && now.image != last.image) {
			switches++;
			session_require(event_is_meta(event), "a write outside nbmeta switches the slot");
		}
		last = now;
	}
	session_require(switches == (trace.outcomes[2].image != trace.outcomes[1].image),
			"not exactly one write switches the slot");
	cut_disk_undo(&disk, 0);
}

void session_cut(void)
{
	cut_in_order();
	for (size_t i = 0; i < trace.count; i++) {
		if (!trace.events[i].count)
			continue;
		cut_from(window_start(i, 1), i, "reordered", true);
		cut_from(window_start(i, 2), i, "one flush missing", false);
		cut_from(0, i, "lying flush", false);
	}
}
