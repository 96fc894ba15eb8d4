/* SPDX-License-Identifier: Apache-2.0 */
/* One line of progress; see flash_progress.h. One at a time. */
#include "flash_progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define STEP_PERCENT 10u
#define STEP_SECONDS 0.2
#define MEGABYTE 1e6

static double started, shown_at;
static unsigned int shown_percent;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

unsigned int flash_progress_percent(const struct flash_progress *p)
{
	double part = p->total ? (double)p->done / (double)p->total : 0;

	if (p->is_final)
		return 100;
	return part < 0.99 ? (unsigned int)(part * 100) : 99;
}

void flash_progress_text(const struct flash_progress *p, char text[FLASH_PROGRESS_TEXT])
{
	double rate = p->seconds > 0 ? (double)p->done / p->seconds : 0;
	unsigned int left = rate > 0 ? (unsigned int)((double)(p->total - p->done) / rate + 0.5) : 0;
	int at = snprintf(text, FLASH_PROGRESS_TEXT, "%-9.20s %3u %%  %7.1f MB/s", p->step, flash_progress_percent(p),
			  rate / MEGABYTE);

	if (!p->is_final && rate > 0)
		snprintf(text + at, FLASH_PROGRESS_TEXT - (size_t)at, "  %u:%02u left", left / 60, left % 60);
}

static void show(struct flash_progress *p)
{
	char text[FLASH_PROGRESS_TEXT];
	double t = now();
	unsigned int percent = flash_progress_percent(p);
	int is_terminal = isatty(STDERR_FILENO);

	if (!p->is_final && (is_terminal ? t - shown_at < STEP_SECONDS : percent < shown_percent + STEP_PERCENT))
		return;
	p->seconds = t - started;
	flash_progress_text(p, text);
	shown_at = t;
	shown_percent = percent;
	fprintf(stderr, is_terminal ? "\r%-70s%s" : "%s%s", text, is_terminal && !p->is_final ? "" : "\n");
	fflush(stderr);
}

void flash_progress_start(struct flash_progress *p, const char *step, uint64_t total)
{
	*p = (struct flash_progress){ .step = step, .total = total };
	started = shown_at = now();
	shown_percent = 0;
}

void flash_progress_add(struct flash_progress *p, uint64_t bytes)
{
	p->done += bytes;
	show(p);
}

void flash_progress_end(struct flash_progress *p)
{
	p->done = p->total;
	p->is_final = true;
	show(p);
}
